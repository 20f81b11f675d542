/** What tests of the engine pass to it, and how they read its failures. */
import assert from "node:assert/strict";
import {
	type Connector,
	connector as connectorSchema,
	type Profile,
	profile as profileSchema,
} from "../../../daemon/contract.ts";
import { ConnectorError } from "../../../daemon/issuers/connector/connector-error.ts";
import type { Access, System, Wanted } from "../../../daemon/issuers/connector/system.ts";

export function builtIn(json: unknown): Profile {
	return profileSchema.parse(json);
}

/** A connector as its JSON says it. */
export function said(json: unknown): Connector {
	return connectorSchema.parse(json) as Connector;
}

export function systemOf(profile: Profile, baseUrl: string, more: Partial<System> = {}): System {
	const { connector } = profile;
	assert.ok(connector !== undefined, "the profile has a connector");
	return { profile, connector, baseUrl, variables: {}, tls: { verify: true, ca: null }, ...more };
}

/** A system of a test's own. */
export function systemWith(connector: Connector, baseUrl: string, more: Partial<System> = {}): System {
	return { ...systemOf({ name: "Acme", connector } as unknown as Profile, baseUrl), ...more };
}

export function accessWith(credential: string, more: Partial<Access> = {}): Access {
	return { credential, answers: {}, proxy: null, ...more };
}

export function wanted(fields: Partial<Wanted>): Wanted {
	return {
		name: "orders-api",
		description: "",
		permissions: [],
		resources: [],
		allowedAddresses: [],
		defaultSource: null,
		expiry: null,
		options: {},
		...fields,
	};
}

export async function rejection(promise: Promise<unknown>): Promise<ConnectorError> {
	const error = await promise.then(
		() => assert.fail("it succeeded"),
		(reason: unknown) => reason,
	);
	assert.ok(error instanceof ConnectorError, String(error));
	return error;
}
