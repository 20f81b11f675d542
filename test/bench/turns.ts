/**
 * Two builds measured in one run. A part is a generator that pauses after each round, so that the rounds of the builds
 * alternate and share the machine's noise.
 */
import type { Figure } from "./figure.ts";

/** Pauses wherever another build may take its turn. */
export type Turns<Result = Figure[]> = AsyncGenerator<void, Result, void>;

/** Advances all runs alternately until each has ended. Returns their results in the order of the runs. */
export async function takeTurns<Result>(runs: readonly Turns<Result>[]): Promise<Result[]> {
	const results: Result[] = [];
	const open = new Set(runs.keys());
	while (open.size > 0) {
		for (const index of open) {
			const turn = await runs[index]?.next();
			if (turn?.done !== true) continue;
			results[index] = turn.value;
			open.delete(index);
		}
	}
	return results;
}

/** Adds to each figure of this build the same figure of the build before, if that has one. */
export function withBefore(now: readonly Figure[], before: readonly Figure[]): Figure[] {
	return now.map((figure) => {
		const earlier = before.find(({ name, unit }) => name === figure.name && unit === figure.unit);
		return earlier === undefined ? figure : { ...figure, before: earlier };
	});
}
