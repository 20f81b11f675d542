/**
 * `npm run mutate -- PATH… [--sample N] [--seed S] [--line N] [--tests FILE,…] [--also process,host]`: puts one wrong line
 * after the other into a copy of the repository and runs the tests that reach it. A mutant that no test finds is printed
 * with its place. `--sample` takes so many mutants of each path, `--tests` runs these test files instead of the measured
 * ones, of any suite, `--also` tries what the suites `daemon` and `extension` did not find in slower ones. Mutants that were
 * looked at and change nothing that a test should see are in `harmless.json`.
 */
import { execFileSync } from "node:child_process";
import {
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
import { type Outcome, run, runTests } from "./run-tests.ts";

type Verdict = "found" | "survived" | "harmless";

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
/** Those of `--tests`; undefined: the measured ones. */
const chosen = values.tests?.split(",").map((testFile): Test => ({ testFile, milliseconds: 60_000 }));
/** Suites whose tests run what is built. */
const needsBuild =
	chosen?.some(({ testFile }) => !/^test\/(daemon|extension|host)\//.test(testFile)) ?? false;
if (chosen !== undefined && (await isFoundBy(chosen, undefined)))
	throw new Error("The tests fail without a wrong line.");
for (const path of positionals) await mutatePath(path);
maker.close();

async function mutatePath(path: string): Promise<void> {
	const counts: Record<Verdict, number> = { found: 0, survived: 0, harmless: 0 };
	for (const mutant of mutantsBelow(path)) {
		const verdict = isHarmless(mutant) ? "harmless" : await judge(mutant);
		counts[verdict]++;
		const { file, lineNumber, line, becomes } = mutant;
		if (verdict === "survived") console.log(`\n${file}:${lineNumber}\n  - ${line}\n  + ${becomes}`);
	}
	const { found, survived } = counts;
	const share = found + survived === 0 ? 100 : (100 * found) / (found + survived);
	console.log(
		`\n${path}: ${found} found, ${survived} survived, ${counts.harmless} harmless: ${share.toFixed(1)} % found`,
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
	const tests = await testsOf(mutant);
	const path = join(root, mutant.file);
	const original = readFileSync(path, "utf8");
	writeFileSync(path, mutant.text);
	try {
		return (await isFoundBy(tests, mutant.file)) || (await findSlowly(mutant)) ? "found" : "survived";
	} finally {
		writeFileSync(path, original);
	}
}

/** The test files that run the mutated code, the quickest first. */
async function testsOf({ file, position }: Mutant): Promise<Test[]> {
	if (chosen !== undefined) return chosen;
	for (const testFile of globSync("test/{daemon,extension}/*.test.ts", { cwd: root }))
		if (!coverages.has(testFile) && reachedFrom(root, testFile).has(file))
			coverages.set(testFile, await measured(testFile));
	return [...coverages.values()]
		.filter((coverage) => coverage.passed && hasRun(coverage, file, position))
		.sort((one, other) => one.milliseconds - other.milliseconds);
}

async function measured(testFile: string): Promise<Coverage> {
	const coverage = await measure(root, testFile);
	if (!coverage.passed)
		console.log(`${testFile} is left out: it fails without a wrong line, or takes too long.`);
	return coverage;
}

/** The test file that found the last one, then the others in one process: most of their time is loading what they share. */
async function isFoundBy(tests: Test[], mutated: string | undefined): Promise<boolean> {
	if (needsBuild && (await build()) !== "passed") return true;
	const isLucky = ({ testFile }: Test) => mutated !== undefined && testFile === lucky.get(mutated);
	for (const group of [tests.filter(isLucky), tests.filter((test) => !isLucky(test))]) {
		if (group.length === 0) continue;
		const expected = group.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
		const testFiles = group.map(({ testFile }) => testFile);
		const { outcome, failedFile } = await runTests(root, testFiles, 60_000 + 5 * expected);
		if (outcome === "passed") continue;
		if (failedFile !== undefined && mutated !== undefined) lucky.set(mutated, failedFile);
		return true;
	}
	return false;
}

/** In suites that need a build, and whose processes are not measured. */
async function findSlowly({ file }: Mutant): Promise<boolean> {
	const suites = values.also.split(",").filter((name) => name !== "");
	if (suites.length === 0) return false;
	if ((await build()) !== "passed") return true;
	for (const suite of suites) {
		if (suite === "host" && file.startsWith("daemon/") && !file.startsWith("daemon/env-file/")) continue;
		const files = globSync(`test/${suite}/*.test.ts`, { cwd: root }).sort();
		if ((await runTests(root, files, 1_200_000)).outcome !== "passed") return true;
	}
	return false;
}

function build(): Promise<Outcome> {
	return run(root, [process.execPath, "build/bundle.mjs", "--dev"], 300_000);
}

function copyOfRepository(): string {
	const copy = mkdtempSync(join(tmpdir(), "m-"));
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
