/**
 * Revokes tokens, those of connected systems there, and deletes their secrets from SecretStorage. Invariants: nothing is
 * thrown; a secret that a system may still accept stays until it is confirmed to be dead.
 */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Connections } from "../connections/connections.ts";
import type { Client } from "../daemon/client.ts";
import { type Changes, changeEach, type TokenProgress } from "./each-token.ts";
import { forgetSecret, type SecretStore } from "./secret-store.ts";

export interface RevokeTokensDeps {
	daemon: { client(): Promise<Pick<Client, "revokeToken">> };
	connections: Pick<Connections, "accessFor" | "capabilitiesOf">;
	secrets: Pick<SecretStore, "delete">;
	log: ActionLog;
}

export interface Revocation {
	tokens: readonly TokenRecord[];
	/** Stored in the record and in the audit. */
	reason?: string;
	/** The user agreed to revoke what may be the credential of a connection. */
	confirmed?: boolean;
	/** To the questions of a token's system; sent once, kept nowhere. */
	answersOf?: ((token: TokenRecord) => Record<string, string> | undefined) | undefined;
}

/** Can be cancelled between two tokens. */
export async function revokeTokens(
	deps: RevokeTokensDeps,
	{ tokens, ...how }: Revocation,
	options: ActionOptions<TokenProgress> = {},
): Promise<Changes> {
	return await changeEach(tokens, (token) => revokeToken(deps, token, how), options);
}

/** @throws what the daemon or SecretStorage says; the token is not known to be revoked then */
export async function revokeToken(
	deps: RevokeTokensDeps,
	token: TokenRecord,
	{ reason, confirmed = false, answersOf }: Omit<Revocation, "tokens"> = {},
): Promise<TokenRecord> {
	const access = await deps.connections.accessFor(token, answersOf?.(token));
	const revoked = await (await deps.daemon.client()).revokeToken(token.id, reason, access, { confirmed });
	// The token is revoked now, whether or not its secret can be deleted.
	if (!isToBeConfirmed(deps.connections, token)) await forgetSecret(deps, token.id);
	return revoked;
}

/** Whether a system is to be asked, with the stored secret, that the token no longer works there. */
export function isToBeConfirmed(
	connections: Pick<Connections, "capabilitiesOf">,
	token: Pick<TokenRecord, "id" | "connectionId">,
): boolean {
	return token.connectionId !== null && connections.capabilitiesOf(token)?.probe === true;
}
