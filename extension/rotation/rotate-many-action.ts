/** Rotates tokens one after the other. A token that fails does not stop the others: each has its own outcome. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import { rotateToken } from "./rotate-action.ts";
import type { RotationDeps, RotationInput, RotationOutcome, Stage } from "./rotation-sequence.ts";

export interface ManyRotations extends Pick<RotationInput, "plan"> {
	/** The limit of the policy where the token is. */
	maximumOverlapSecondsOf(token: TokenRecord): number;
	tokens: readonly TokenRecord[];
	/** What the system of a token asks with a creation. */
	answersOf?: ((token: TokenRecord) => RotationInput["answers"]) | undefined;
}

export interface RotationProgress {
	token: TokenRecord;
	/** Counted from 0. */
	index: number;
	stage: Stage | "done";
}

export interface RotationResult {
	token: TokenRecord;
	outcome: RotationOutcome;
}

/** Can be cancelled between two tokens; tokens that were not started have no result. */
export async function rotateTokens(
	deps: RotationDeps,
	{ tokens, answersOf, maximumOverlapSecondsOf, plan }: ManyRotations,
	{ onProgress, cancellation }: ActionOptions<RotationProgress> = {},
): Promise<RotationResult[]> {
	const results: RotationResult[] = [];
	for (const [index, token] of tokens.entries()) {
		if (cancellation?.isCancellationRequested) return results;
		const report = (stage: RotationProgress["stage"]) => onProgress?.({ token, index, stage });
		const maximumOverlapSeconds = maximumOverlapSecondsOf(token);
		const one = { plan, maximumOverlapSeconds, token, answers: answersOf?.(token) };
		results.push({ token, outcome: await rotateToken(deps, one, { onProgress: report }) });
		report("done");
	}
	return results;
}
