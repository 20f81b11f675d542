/** Changes the settings of a token, unless it has changed since it was read. */
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord, UpdateTokenRequest } from "../../daemon/contract.ts";
import type { Client } from "../daemon/client.ts";

export interface EditDeps {
	daemon: { client(): Promise<Pick<Client, "getToken" | "updateToken">> };
}

export interface Edit {
	/** The token as it was when the change was decided on. */
	token: TokenRecord;
	change: UpdateTokenRequest;
}

export type EditOutcome =
	| { kind: "changed"; token: TokenRecord }
	/** Another caller has changed the token, and nothing was overwritten. `token` as it is now. */
	| { kind: "conflict"; token: TokenRecord };

/** @throws what the daemon answers otherwise: nothing was changed then. */
export async function editToken({ daemon }: EditDeps, { token, change }: Edit): Promise<EditOutcome> {
	const client = await daemon.client();
	try {
		return { kind: "changed", token: await client.updateToken(token.id, token.version, change) };
	} catch (error) {
		if (!isStale(error)) throw error;
		return { kind: "conflict", token: await client.getToken(token.id) };
	}
}

function isStale(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "version-stale";
}
