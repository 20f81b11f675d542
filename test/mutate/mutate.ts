/**
 * `npm run mutate -- PATH… [--sample N] [--seed S] [--line N] [--tests FILE,…] [--also process,host]`: puts one wrong line
 * after the other into a copy of the repository and runs the tests that reach it. A mutant that no test finds is printed
 * with its place. `--sample` takes so many mutants of each path, `--tests` runs these test files, of any suite, instead of
 * all of `daemon` and `extension`, `--also` tries in slower suites what these did not find. Mutants that were looked at and
 * change nothing that a test should see are in `harmless.json`. Each verdict is a line on the standard error. Time limits
 * follow what the tests take without a wrong line, and a mutant counts as undecided if tests that fail late fail without it
 * too.
 */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	cpSync,
	globSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Coverage, hasRun, measure, reachedFrom } from "./coverage.ts";
import { type Mutant, MutantMaker } from "./mutants.ts";
import { type Outcome, run, runTests, type TestRun } from "./run-tests.ts";

type Verdict = "found" | "survived" | "harmless" | "undecided";

type Test = Pick<Coverage, "testFile" | "milliseconds">;

/** By file: mutants by what the line becomes, and why each is harmless. */
type Harmless = Record<string, { line: string; becomes: string; because: string }[]>;

const here = resolve(import.meta.dirname, "../..");
const harmless: Harmless = JSON.parse(readFileSync(join(import.meta.dirname, "harmless.json"), "utf8"));
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		sample: { type: "string" },
		seed: { type: "string", default: "1" },
		line: { type: "string" },
		tests: { type: "string" },
		also: { type: "string", default: "" },
	},
});
if (positionals.length === 0) throw new Error("Name files or folders, for example daemon/rules");

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
setPriority(19);
const root = copyOfRepository();
process.once("exit", () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));
// Some tests of sources start the built daemon beside them.
await build();
const maker = new MutantMaker(root);
const coverages = new Map<string, Coverage>();
/** By source file: the test file that found its last mutant. */
const lucky = new Map<string, string>();
/** By suite, of those that need a build, and whose processes are not measured. */
const slowTests = new Map<string, Test[]>();
/** What is built: a mutant's code, or the code without a wrong line. */
let built: { mutant: Mutant | undefined; outcome: Outcome } = { mutant: undefined, outcome: "passed" };
const testFiles = values.tests?.split(",") ?? globSync("test/{daemon,extension}/*.test.ts", { cwd: root });
for (const path of positionals) await mutatePath(path);
maker.close();

async function mutatePath(path: string): Promise<void> {
	const counts: Record<Verdict, number> = { found: 0, survived: 0, harmless: 0, undecided: 0 };
	for (const mutant of mutantsBelow(path)) {
		const verdict = isHarmless(mutant) ? "harmless" : await judge(mutant);
		counts[verdict]++;
		const { file, lineNumber, line, becomes } = mutant;
		console.error(`${verdict} ${file}:${lineNumber}`);
		if (verdict === "survived" || verdict === "undecided")
			console.log(`\n${file}:${lineNumber} ${verdict}\n  - ${line}\n  + ${becomes}`);
	}
	const { found, survived, undecided } = counts;
	const share = found + survived === 0 ? 100 : (100 * found) / (found + survived);
	console.log(
		`\n${path}: ${found} found, ${survived} survived, ${counts.harmless} harmless, ${undecided} undecided: ${share.toFixed(1)} % found`,
	);
	if (survived > 0) process.exitCode = 1;
}

/** At the chosen place, in a random order that the seed decides. */
function* mutantsBelow(path: string): Generator<Mutant> {
	const files = path.endsWith(".ts") ? [path] : globSync(`${path}/**/*.ts`, { cwd: root });
	const all = files
		.filter((file) => !file.endsWith(".d.ts"))
		.sort()
		.flatMap((file) => maker.mutantsOf(file))
		.filter(({ lineNumber }) => values.line === undefined || lineNumber === Number(values.line));
	let left = Number(values.sample ?? all.length);
	for (const mutant of shuffled(all, Number(values.seed))) {
		if (left === 0) return;
		if (!maker.compiles(mutant)) continue;
		left--;
		yield mutant;
	}
}

function isHarmless({ file, line, becomes }: Mutant): boolean {
	return (harmless[file] ?? []).some((known) => known.line === line && known.becomes === becomes);
}

async function judge(mutant: Mutant): Promise<Verdict> {
	const verdict = await verdictOf(await testsOf(mutant), mutant);
	if (verdict !== "survived") return verdict;
	const suites = values.also.split(",").filter((name) => name !== "");
	for (const suite of ["chosen", ...suites]) {
		const isElsewhere = mutant.file.startsWith("daemon/") && !mutant.file.startsWith("daemon/env-file/");
		if (suite === "host" && isElsewhere) continue;
		const slowVerdict = await verdictOf(await testsOfSuite(suite), mutant);
		if (slowVerdict !== "survived") return slowVerdict;
	}
	return verdict;
}

/** The test files that run the mutated code, the quickest first. */
async function testsOf({ file, position }: Mutant): Promise<Test[]> {
	for (const testFile of testFiles.filter(isOfSources))
		if (!coverages.has(testFile) && reachedFrom(root, testFile).has(file))
			coverages.set(testFile, await measured(testFile));
	return [...coverages.values()]
		.filter((coverage) => coverage.passed && hasRun(coverage, file, position))
		.sort((one, other) => one.milliseconds - other.milliseconds);
}

/** Again where it failed, as it may on a loaded machine. */
async function measured(testFile: string): Promise<Coverage> {
	const first = await measure(root, testFile);
	const coverage = first.passed ? first : await measure(root, testFile);
	if (!coverage.passed)
		console.log(`${testFile} is left out: it fails without a wrong line, or takes too long.`);
	return coverage;
}

/** Tests of sources start the daemon without a wrong line beside them, if any. */
function isOfSources(testFile: string): boolean {
	return /^test\/(daemon|extension)\//.test(testFile);
}

async function testsOfSuite(suite: string): Promise<Test[]> {
	const known = slowTests.get(suite);
	if (known !== undefined) return known;
	const slow = testFiles.filter((testFile) => !isOfSources(testFile));
	const files = suite === "chosen" ? slow : globSync(`test/${suite}/*.test.ts`, { cwd: root }).sort();
	const tests = files.length === 0 ? [] : await timed(files);
	slowTests.set(suite, tests);
	return tests;
}

/** What files take without a wrong line, on average. Those that fail are left out. */
async function timed(files: string[]): Promise<Test[]> {
	await buildFor(undefined);
	const started = Date.now();
	const { outcome, failedFiles } = await runTests(root, files, 3_600_000, { TOKENSMITH_BAIL: undefined });
	if (outcome === "hung" || (outcome === "failed" && failedFiles.length === 0))
		throw new Error(`Without a wrong line these tests did not run to their end: ${files.join(", ")}`);
	const milliseconds = (Date.now() - started) / files.length;
	for (const testFile of failedFiles) console.log(`${testFile} is left out: it fails without a wrong line.`);
	return files
		.filter((testFile) => !failedFiles.includes(testFile))
		.map((testFile) => ({ testFile, milliseconds }));
}

/**
 * By the test file that found the last one, then by those that import the mutated file, then by the others. Each group is
 * one process: most of its time is loading what its tests share.
 */
async function verdictOf(tests: Test[], mutant: Mutant): Promise<"found" | "survived" | "undecided"> {
	const isLucky = ({ testFile }: Test) => testFile === lucky.get(mutant.file);
	const isNear = ({ testFile }: Test) => reachedFrom(root, testFile).has(mutant.file);
	const others = tests.filter((test) => !isLucky(test));
	const groups = [tests.filter(isLucky), others.filter(isNear), others.filter((test) => !isNear(test))];
	for (const group of groups) {
		if (group.length === 0) continue;
		const started = Date.now();
		const { outcome, failedFiles } = await runWith(mutant, group);
		if (outcome === "passed") continue;
		const isLate = Date.now() - started > lateAfter(group);
		if (isLate && (await runWith(undefined, group)).outcome !== "passed") return "undecided";
		if (failedFiles[0] !== undefined) lucky.set(mutant.file, failedFiles[0]);
		return "found";
	}
	return "survived";
}

/** A test that waits for something gives up after some seconds, on a loaded machine also without a wrong line. */
function lateAfter(tests: Test[]): number {
	return 10_000 + 2 * tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

async function runWith(mutant: Mutant | undefined, tests: Test[]): Promise<TestRun> {
	const path = mutant && join(root, mutant.file);
	const original = path && readFileSync(path);
	if (mutant !== undefined) writeFileSync(join(root, mutant.file), mutant.text);
	try {
		const files = tests.map(({ testFile }) => testFile);
		if ((await buildFor(files.every(isOfSources) ? undefined : mutant)) !== "passed")
			return { outcome: "failed", failedFiles: [] };
		const slowest = Math.max(...tests.map(({ milliseconds }) => milliseconds));
		return await runTests(root, files, 60_000 + 5 * slowest);
	} finally {
		if (path && original) writeFileSync(path, original);
	}
}

/** From the files as they are, which have the mutant's wrong line. */
async function buildFor(mutant: Mutant | undefined): Promise<Outcome> {
	if (built.mutant !== mutant) built = { mutant, outcome: await build() };
	return built.outcome;
}

function build(): Promise<Outcome> {
	return run(root, [process.execPath, "esbuild.mjs", "--dev"], 300_000);
}

function copyOfRepository(): string {
	const copy = mkdtempSync(join(tmpdir(), "m-"));
	// PostgreSQL has a folder below, and runs as a user of its own.
	chmodSync(copy, 0o711);
	const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
		cwd: here,
		encoding: "utf8",
	});
	for (const file of files.split("\n").filter((name) => name !== "")) {
		mkdirSync(join(copy, dirname(file)), { recursive: true });
		cpSync(join(here, file), join(copy, file));
	}
	symlinkSync(resolve(here, "node_modules"), join(copy, "node_modules"));
	mkdirSync(join(copy, "t"));
	return copy;
}

/** Fisher and Yates's shuffle with the numbers of a small generator (mulberry32). */
function shuffled<T>(items: T[], seed: number): T[] {
	let state = seed;
	const random = () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	const left = [...items];
	for (let last = left.length - 1; last > 0; last--) {
		const chosen = Math.floor(random() * (last + 1));
		[left[last], left[chosen]] = [left[chosen] as T, left[last] as T];
	}
	return left;
}
