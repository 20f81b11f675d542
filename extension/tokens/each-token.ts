/** Changes tokens one after the other, until one fails or the caller cancels. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";

export interface TokenProgress {
	/** The token that is changed next. */
	token: TokenRecord;
	/** Counted from 0. */
	index: number;
	count: number;
}

export interface Changes {
	/** The records as they are after their change. */
	done: readonly TokenRecord[];
	/** Whatever stops one change stops the others too, so the tokens that follow are not tried. */
	failed: { token: TokenRecord; error: unknown } | undefined;
	/** Those that were not tried, after a failure or a cancellation. */
	left: readonly TokenRecord[];
}

export async function changeEach(
	tokens: readonly TokenRecord[],
	change: (token: TokenRecord) => Promise<TokenRecord>,
	{ onProgress, cancellation }: ActionOptions<TokenProgress>,
): Promise<Changes> {
	const done: TokenRecord[] = [];
	for (const [index, token] of tokens.entries()) {
		if (cancellation?.isCancellationRequested) return { done, failed: undefined, left: tokens.slice(index) };
		onProgress?.({ token, index, count: tokens.length });
		try {
			done.push(await change(token));
		} catch (error) {
			return { done, failed: { token, error }, left: tokens.slice(index + 1) };
		}
	}
	return { done, failed: undefined, left: [] };
}
