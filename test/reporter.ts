/**
 * Mocha's spec report on the console and, in a file, the run's counts and failures for adding up several suites.
 * Invariant: the file exists only if the run has finished.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type MochaOptions, type Runner, reporters } from "mocha";

export interface Counts {
	passed: number;
	failed: number;
	pending: number;
	failures: string[];
}

export class CountingReporter extends reporters.Spec {
	constructor(runner: Runner, options: MochaOptions) {
		super(runner, options);
		const { countsFile } = options.reporterOptions;
		runner.once("end", () => {
			const { passes, failures, pending } = this.stats;
			const texts = this.failures.map((test) => `${test.fullTitle()}\n${test.err?.stack ?? ""}`);
			const counts: Counts = { passed: passes, failed: failures, pending, failures: texts };
			mkdirSync(dirname(countsFile), { recursive: true });
			writeFileSync(countsFile, JSON.stringify(counts));
		});
	}
}
