/** What Identify knows of a pasted text before anything is found. */
import type { Known, KnownLine } from "../../extension/identify/answer-rows.ts";

export const nothing: Known<KnownLine> = {
	...{ found: undefined, tokens: [], problem: undefined, files: "scanning" },
	isKept: () => false,
	linesWith: () => [],
	linesOf: () => [],
	placeOf: () => undefined,
	waysOf: () => ({ rotate: "called", revoke: "called", change: true, restore: true }),
};
