/**
 * Mocha's spec report on the console, with the slowest tests and hooks, and, in a file, the run's counts, failures
 * and skipped tests for adding up several suites.
 * Invariant: the file exists only if the run has finished.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type MochaOptions, type Runnable, type Runner, reporters } from "mocha";

export interface Counts {
	passed: number;
	failed: number;
	/** The full titles of tests that did not run, with the reason. */
	skipped: string[];
	failures: string[];
	/** How many passed and failed, by the test file's absolute path. */
	files: Record<string, { passed: number; failed: number }>;
	/** Failures of the files that ran a second time. */
	atFirst?: string[];
}

/** How many of the slowest tests and hooks are listed. */
const mostSlow = 10;

export class CountingReporter extends reporters.Spec {
	constructor(runner: Runner, options: MochaOptions) {
		super(runner, options);
		listSlowest(runner);
		const skipped: string[] = [];
		runner.on("pending", (test: Runnable) => skipped.push(test.fullTitle()));
		const files: Counts["files"] = {};
		runner.on("pass", (test: Runnable) => fileOf(files, test).passed++);
		runner.on("fail", (test: Runnable) => fileOf(files, test).failed++);
		const { countsFile } = options.reporterOptions;
		runner.once("end", () => {
			const { passes, failures } = this.stats;
			const texts = this.failures.map((test) => `${test.fullTitle()}\n${test.err?.stack ?? ""}`);
			const counts: Counts = { passed: passes, failed: failures, skipped, failures: texts, files };
			mkdirSync(dirname(countsFile), { recursive: true });
			writeFileSync(countsFile, JSON.stringify(counts));
		});
	}
}

function fileOf(files: Counts["files"], test: Runnable): Counts["files"][string] {
	// Hooks around the tests of all files belong to none.
	const file = test.file ?? "";
	const counted = files[file] ?? { passed: 0, failed: 0 };
	files[file] = counted;
	return counted;
}

function listSlowest(runner: Runner): void {
	const ran: Runnable[] = [];
	for (const event of ["test end", "hook end"] as const) runner.on(event, (one: Runnable) => ran.push(one));
	runner.once("end", () => {
		const slowest = ran.toSorted((one, other) => (other.duration ?? 0) - (one.duration ?? 0));
		for (const { duration = 0, title, parent } of slowest.slice(0, mostSlow))
			if (duration >= 1000)
				reporters.Base.consoleLog(
					`${(duration / 1000).toFixed(1).padStart(7)} s  ${parent?.fullTitle()} ${title}`,
				);
	});
}
