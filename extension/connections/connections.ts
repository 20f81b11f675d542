/**
 * The connections to other systems, and what a call to one of them carries: its credential, answers that are kept
 * nowhere, and the proxy. Shows no dialog.
 */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type Excess, isEmpty, type ServerRight } from "../../daemon/client/prove-server.ts";
import {
	type Access,
	type Capabilities,
	type Connection,
	type ConnectionInput,
	capabilitiesOf,
	type Profile,
	profileAt,
	type TokenRecord,
} from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";
import { needsCredential } from "./capability-words.ts";
import type { Credentials } from "./credentials.ts";
import { proxyOf } from "./proxy.ts";
import type { Ways } from "./ways.ts";

/** A connection, its id, or a token, which may have one. */
export type Connected = Connection | Pick<TokenRecord, "id" | "connectionId"> | string;

/** This machine has not stored the credential of a connection. */
export class CredentialMissingError extends Error {
	override readonly name = "CredentialMissingError";
	readonly connectionId: string;

	constructor(connectionId: string, connection: Connection | undefined) {
		super(
			l10n.t(
				"This machine has not stored the credential of the connection {0}. Enter it first.",
				quoted(connection?.name ?? connectionId),
			),
		);
		this.connectionId = connectionId;
	}
}

interface ConnectionsDeps {
	live: Pick<LiveTokens, "connections" | "profiles" | "serverOf">;
	credentials: Credentials;
	/** Those of tokens: some systems know a token only by its secret. */
	secrets: { get(tokenId: string): Promise<string | undefined> };
}

export class Connections {
	readonly credentials: Credentials;
	readonly #live: ConnectionsDeps["live"];
	readonly #secrets: ConnectionsDeps["secrets"];

	constructor({ live, credentials, secrets }: ConnectionsDeps) {
		this.#live = live;
		this.#secrets = secrets;
		this.credentials = credentials;
	}

	get all(): readonly Connection[] {
		return this.#live.connections;
	}

	/** undefined: a local token, or a connection that is gone. */
	of(connected: Connected): Connection | undefined {
		const wanted = idOf(connected);
		return this.#live.connections.find(({ id }) => id === wanted);
	}

	profileOf(connected: Connected): Profile | undefined {
		const connection = this.of(connected);
		const profile = connection && this.confirmableProfileOf(connection);
		return profile && profileAt(profile, connection);
	}

	/** Without what the connection's server describes: what the fingerprint is of. */
	confirmableProfileOf(connection: Connection): Profile | undefined {
		return this.#live.profiles.find(({ id }) => id === connection.profile);
	}

	/** undefined: a local token, or a connection that is gone. */
	capabilitiesOf(connected: Connected): Capabilities | undefined {
		const profile = this.profileOf(connected);
		return profile && capabilitiesOf(profile);
	}

	/** The fingerprint of a connector that the user has to confirm; null: a built-in one. */
	fingerprintOf({ id }: Profile): string | null {
		return this.#live.profiles.find((profile) => profile.id === id)?.connectorHash ?? null;
	}

	/** The name of its connection, or of the server that has it; undefined: this machine has it. */
	placeOf(token: Pick<TokenRecord, "id" | "connectionId">): string | undefined {
		return this.of(token)?.name ?? this.#live.serverOf(token.id)?.server.name;
	}

	/** Whether this editor's token may do that where the token is; on this machine it may do everything. */
	may(right: ServerRight, { id }: Pick<TokenRecord, "id">): boolean {
		return this.#live.serverOf(id)?.may(right) ?? true;
	}

	/** What of a token goes beyond this editor's own one at its server, which can't pass it on; empty: nothing. */
	excessOf(token: TokenRecord): Excess {
		return this.#live.serverOf(token.id)?.excessOf(token) ?? {};
	}

	/** How it is done: by the daemon, alone or at the system; by the user, step by step; or at neither. */
	wayTo(verb: "rotate" | "revoke", token: TokenRecord): "called" | "guided" | "none" {
		if (!this.may(verb === "rotate" ? "write" : "delete", token)) return "none";
		if (isTokensmith(token.issuer))
			return verb === "rotate" && !isWithin(this.excessOf(token)) ? "none" : "called";
		const how = this.capabilitiesOf(token)?.[verb] ?? "none";
		return how === "guided" || how === "none" ? how : "called";
	}

	/**
	 * What a call to the system carries; undefined: a local token, or one of a system that is only recorded.
	 * @param answers to the questions of `answersNeeded`; sent once, stored nowhere.
	 * @throws CredentialMissingError
	 */
	async accessFor(connected: Connected, answers?: Record<string, string>): Promise<Access | undefined> {
		const id = idOf(connected);
		if (id === null) return undefined;
		const can = this.capabilitiesOf(id);
		const credential = await this.credentials.get(id);
		if (credential === undefined) {
			if (can !== undefined && !needsCredential(can)) return undefined;
			throw new CredentialMissingError(id, this.of(id));
		}
		const secret = can?.needsSecret === true ? await this.#secretOf(connected) : undefined;
		return { ...accessWith(credential, answers), ...(secret !== undefined && { secret }) };
	}

	#secretOf(connected: Connected): Promise<string | undefined> {
		const isToken = typeof connected !== "string" && "connectionId" in connected;
		return isToken ? this.#secrets.get(connected.id) : Promise.resolve(undefined);
	}
}

/** Whether a successor can have all of the token: how long it lasts is chosen with it. */
function isWithin({ expiry: _, ...excess }: Excess): boolean {
	return isEmpty(excess);
}

export type WaysDeps = Pick<Connections, "wayTo" | "may" | "excessOf">;

export function waysOf(connections: WaysDeps, token: TokenRecord): Ways {
	const change = connections.may("write", token);
	return {
		rotate: connections.wayTo("rotate", token),
		revoke: connections.wayTo("revoke", token),
		change,
		restore: change && isEmpty(connections.excessOf(token)),
	};
}

/** What a change of a connection sends again. */
export function settingsOf({
	id: _,
	createdDate: __,
	connector: ___,
	...settings
}: Connection): ConnectionInput {
	return settings;
}

/** For a probe, the credential is the secret that it tests. */
export function accessWith(credential: string, answers?: Record<string, string>): Access {
	const settings = vscode.workspace.getConfiguration("http");
	const proxy = proxyOf((name) => settings.inspect(name) ?? {});
	return { credential, proxy, ...(answers !== undefined && { answers }) };
}

function idOf(connected: Connected): string | null {
	if (typeof connected === "string") return connected;
	return "connectionId" in connected ? connected.connectionId : connected.id;
}
