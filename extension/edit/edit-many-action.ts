/** Changes several tokens one after the other. A token that fails does not stop the others. Nothing is thrown. */
import type { IgnoredField, TokenRecord, UpdatedToken, UpdateTokenRequest } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import type { Answers } from "../connections/answers.ts";
import type { TokenProgress } from "../tokens/each-token.ts";
import { type EditDeps, type EditOutcome, editToken } from "./edit-action.ts";

/** `ignored`: its system decided otherwise. `conflict`: another caller has changed the token meanwhile, and nothing was overwritten. */
export type TokenResult =
	| { token: TokenRecord; kind: "changed"; after: TokenRecord }
	| { token: TokenRecord; kind: "ignored"; ignored: IgnoredField[] }
	| { token: TokenRecord; kind: "conflict" }
	| { token: TokenRecord; kind: "failed"; error: unknown };

export interface TokenEdit {
	token: TokenRecord;
	change: UpdateTokenRequest;
}

export interface ManyEdits {
	edits: readonly TokenEdit[];
	/** To what the tokens' systems ask with a change. */
	answersOf?: (token: TokenRecord) => Answers | undefined;
}

/** Can be cancelled between two tokens; those that were not tried have no result. */
export function editTokens(
	deps: EditDeps,
	{ edits, answersOf }: ManyEdits,
	options: ActionOptions<TokenProgress> = {},
): Promise<TokenResult[]> {
	const changes = new Map(edits.map(({ token, change }) => [token, change]));
	return editEach(
		[...changes.keys()],
		(token) => editToken(deps, { token, change: changes.get(token) ?? {}, answers: answersOf?.(token) }),
		options,
	);
}

export async function editEach(
	tokens: readonly TokenRecord[],
	change: (token: TokenRecord) => Promise<UpdatedToken | EditOutcome>,
	{ onProgress, cancellation }: ActionOptions<TokenProgress>,
): Promise<TokenResult[]> {
	const results: TokenResult[] = [];
	for (const [index, token] of tokens.entries()) {
		if (cancellation?.isCancellationRequested) return results;
		onProgress?.({ token, index, count: tokens.length });
		try {
			results.push(resultOf(token, await change(token)));
		} catch (error) {
			results.push({ token, kind: "failed", error });
		}
	}
	return results;
}

function resultOf(token: TokenRecord, answer: UpdatedToken | EditOutcome): TokenResult {
	if ("kind" in answer && answer.kind === "conflict") return { token, kind: "conflict" };
	const { ignored = [] } = answer;
	const after = "kind" in answer ? answer.token : answer;
	return ignored.length === 0 ? { token, kind: "changed", after } : { token, kind: "ignored", ignored };
}
