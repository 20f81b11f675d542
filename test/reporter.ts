/**
 * Mocha's spec report on the console and, in a file, the run's counts for adding up several suites. Invariant: the file
 * exists only if the run has finished.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
			mkdirSync(dirname(countsFile), { recursive: true });
			writeFileSync(countsFile, JSON.stringify(counts));
		});
	}
}
