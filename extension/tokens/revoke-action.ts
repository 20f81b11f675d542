/** Revokes tokens and deletes their secrets from SecretStorage. Invariant: nothing is thrown. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionLog, ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import { type Changes, changeEach, type TokenProgress } from "./each-token.ts";
import { forgetSecret, type SecretStore } from "./secret-store.ts";

export interface RevokeTokensDeps {
	daemon: { client(): Promise<Pick<Client, "revokeToken">> };
	secrets: Pick<SecretStore, "delete">;
	log: ActionLog;
}

export interface Revocation {
	tokens: readonly TokenRecord[];
	/** Stored in the record and in the audit. */
	reason?: string;
}

/** Can be cancelled between two tokens. */
export async function revokeTokens(
	deps: RevokeTokensDeps,
	{ tokens, reason }: Revocation,
	options: ActionOptions<TokenProgress> = {},
): Promise<Changes> {
	const revoke = async ({ id }: TokenRecord) => {
		const revoked = await (await deps.daemon.client()).revokeToken(id, reason);
		// The token is revoked now, whether or not its secret can be deleted.
		await forgetSecret(deps, id);
		return revoked;
	};
	return await changeEach(tokens, revoke, options);
}
