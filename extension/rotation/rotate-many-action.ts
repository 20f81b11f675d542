/** Rotates tokens one after the other. A token that fails does not stop the others: each has its own outcome. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { ActionOptions } from "../action.ts";
import {
	type RotationDeps,
	type RotationInput,
	type RotationOutcome,
	rotateToken,
	type Stage,
} from "./rotate-action.ts";

export interface ManyRotations extends Omit<RotationInput, "token"> {
	tokens: readonly TokenRecord[];
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
	{ tokens, ...input }: ManyRotations,
	{ onProgress, cancellation }: ActionOptions<RotationProgress> = {},
): Promise<RotationResult[]> {
	const results: RotationResult[] = [];
	for (const [index, token] of tokens.entries()) {
		if (cancellation?.isCancellationRequested) return results;
		const report = (stage: RotationProgress["stage"]) => onProgress?.({ token, index, stage });
		results.push({ token, outcome: await rotateToken(deps, { ...input, token }, { onProgress: report }) });
		report("done");
	}
	return results;
}
