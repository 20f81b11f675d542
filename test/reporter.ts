/**
 * Mocha's spec report for people and, in a file, the same run's counts for whoever adds up several suites.
 * Invariant: the file is there exactly if the run came to its end.
 */
import { writeFileSync } from "node:fs";
import { type MochaOptions, type Runner, reporters } from "mocha";

export interface Counts {
	passed: number;
	failed: number;
	pending: number;
}

export class CountingReporter extends reporters.Spec {
	constructor(runner: Runner, options: MochaOptions) {
		super(runner, options);
		const { countsFile } = options.reporterOptions;
		runner.once("end", () => {
			const { passes, failures, pending } = this.stats;
			const counts: Counts = { passed: passes, failed: failures, pending };
			writeFileSync(countsFile, JSON.stringify(counts));
		});
	}
}
