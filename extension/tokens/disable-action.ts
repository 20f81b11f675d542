/**
 * Disables tokens and enables them again. Invariants: nothing is thrown; a repeated change has no further effect, so
 * that all tokens can be tried again after a failure.
 */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Client } from "../daemon/client.ts";
import { type Changes, changeEach, type TokenProgress } from "./each-token.ts";

export interface DisableTokensDeps {
	daemon: { client(): Promise<Pick<Client, "disableToken" | "enableToken">> };
}

/** Can be cancelled between two tokens. */
export async function disableTokens(
	{ daemon }: DisableTokensDeps,
	tokens: readonly TokenRecord[],
	options: ActionOptions<TokenProgress> = {},
): Promise<Changes> {
	return await changeEach(tokens, async ({ id }) => (await daemon.client()).disableToken(id), options);
}

/** Can be cancelled between two tokens. */
export async function enableTokens(
	{ daemon }: DisableTokensDeps,
	tokens: readonly TokenRecord[],
	options: ActionOptions<TokenProgress> = {},
): Promise<Changes> {
	return await changeEach(tokens, async ({ id }) => (await daemon.client()).enableToken(id), options);
}
