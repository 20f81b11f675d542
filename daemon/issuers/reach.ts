/** What a call to a connection's system needs: the system as its profile describes it, and the access of this one call. */
import type { Connection, Connector, ListedProfile } from "../contract.ts";
import type { ActionContext } from "../rules/lifecycle.ts";
import { hasKnownHash } from "../rules/remote.ts";
import { RuleError } from "../rules/rule-error.ts";
import { hashOf } from "../rules/secret.ts";
import type { Token } from "../store/store.ts";
import { ConnectorError } from "./connector/connector-error.ts";
import type { Access, CallOptions, System } from "./connector/system.ts";

export interface Reached {
	system: System;
	connector: Connector;
	access: Access;
	options: CallOptions;
}

/** @throws RuleError `credential-needed`, `connector-changed` or `not-supported` */
export function reach(connection: Connection, profile: ListedProfile, context: ActionContext): Reached {
	const system = systemOf(connection, profile);
	const { access } = context;
	if (access === undefined) {
		throw new RuleError(
			"credential-needed",
			`This calls ${connection.name}: send its credential in the header Tokensmith-Access.`,
		);
	}
	if (access.proxy != null && context.caller !== undefined)
		throw new RuleError("owner-only", "Only the owner of this daemon can choose a proxy.");
	const { credential, answers = {}, secret, proxy = null } = access;
	return {
		system,
		connector: system.connector,
		access: { credential, answers, secret, proxy },
		options: { now: () => context.now.getTime() },
	};
}

function systemOf(connection: Connection, profile: ListedProfile): System {
	const { connector, connectorHash, name } = profile;
	if (connector === undefined)
		throw new RuleError("not-supported", `The profile ${name} does not say how its API is called.`);
	if (connectorHash !== undefined && connectorHash !== connection.connectorHash) {
		throw new RuleError(
			"connector-changed",
			`The profile ${name} calls other addresses than those that you have confirmed for ${connection.name}. Look at them, and confirm them again.`,
		);
	}
	const { baseUrl, variables, tls } = connection;
	return { profile, connector, baseUrl, variables, tls };
}

/** @throws RuleError `invalid-request` when the secret that was sent for the token is not the token's. */
export function accessFor(token: Token, access: Access): Access {
	const { secret } = access;
	if (secret === undefined || !hasKnownHash(token) || hashOf(secret) === token.hash) return access;
	throw new RuleError("invalid-request", "The secret that was sent for the token is another one's.");
}

type Engine = typeof import("./connector/engine.ts") &
	typeof import("./connector/probe.ts") &
	typeof import("./connector/discover.ts");

/** Calls the engine, which no other request needs. @throws RuleError with the code of the engine's error. */
export async function calling<Result>(call: (engine: Engine) => Promise<Result>): Promise<Result> {
	const parts = await Promise.all([
		import("./connector/engine.ts"),
		import("./connector/probe.ts"),
		import("./connector/discover.ts"),
	]);
	try {
		return await call({ ...parts[0], ...parts[1], ...parts[2] });
	} catch (error) {
		if (!(error instanceof ConnectorError)) throw error;
		const { code, message, retryAfterSeconds } = error;
		throw new RuleError(code, message, {
			cause: error,
			...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
		});
	}
}
