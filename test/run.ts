/**
 * `npm test`: builds what the tests need, runs the suites, and adds them up in the last line. Arguments choose suites,
 * files or tests (`choice.ts`). Invariant: a suite that did not reach its end has failed.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { type Choice, chooseTests, type Suite, type SuiteName, suites, usage } from "./choice.ts";
import { HeldOutput, type Output } from "./held-output.ts";
import type { Counts } from "./reporter.ts";
import { ensureWorkbench, isAvailable } from "./workbench/install.ts";
import { runNpm } from "./workbench/npm.ts";
import { packageExtension } from "./workbench/vsix.ts";

const root = join(import.meta.dirname, "..");

/**
 * Both run at the same time, each suite after the one before it: alone, each keeps about one core busy. `process` copies
 * `dist`, in which `host` builds, so they are in the same lane.
 */
const lanes = {
	shown: ["structure", "daemon", "extension", "workbench"],
	held: ["process", "postgres", "host", "oldest", "torture"],
} as const satisfies Record<string, readonly SuiteName[]>;

/** More files with failures than these are no accident. */
const mostTwice = 3;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const choice = choiceOrUsage(process.argv.slice(2));
process.exitCode = choice === undefined ? 2 : await runSuites(choice);

function choiceOrUsage(args: string[]): Choice | undefined {
	try {
		return chooseTests(args, root);
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${usage}`);
		return undefined;
	}
}

async function runSuites({ files, grep }: Choice): Promise<number> {
	await build(files.has("workbench") || files.has("oldest"));
	const total = { ...noCounts(), atFirst: [] as string[] };
	const lines: string[] = [];
	const results = await runInOrder(files, grep);
	for (const name of files.keys()) {
		const { counts, seconds } = results.get(name) ?? assert.fail();
		for (const key of ["passed", "failed"] as const) total[key] += counts[key];
		total.skipped.push(...counts.skipped.map((title) => `${name}: ${title}`));
		total.failures.push(...counts.failures.map((text) => `${name}: ${text}`));
		total.atFirst.push(...(counts.atFirst ?? []).map((text) => `${name}: ${text}`));
		const skipped = counts.skipped.length > 0 ? `, ${counts.skipped.length} skipped` : "";
		lines.push(
			`${name.padEnd(10)}${seconds.toFixed(1).padStart(6)} s  ${counts.passed} passed, ${counts.failed} failed${skipped}`,
		);
	}
	// At the end again, where a log that is cut from the start still has them.
	for (const text of total.atFirst) console.log(`\nFAILED AT FIRST ${text}`);
	for (const text of total.failures) console.log(`\nFAILED ${text}`);
	for (const title of total.skipped) console.log(`\nSKIPPED ${title}`);
	console.log(`\n${lines.join("\n")}\n`);
	if (total.passed + total.failed === 0) console.log(`No test matches ${grep}`);
	console.log(`${total.passed} passed, ${total.failed} failed`);
	return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

async function build(withVsix: boolean): Promise<void> {
	console.log("Building");
	if (withVsix) await packageExtension();
	else await runNpm(root, "run", "build");
}

interface Result {
	counts: Counts;
	seconds: number;
}

async function runInOrder(files: Choice["files"], grep: string | undefined): Promise<Map<SuiteName, Result>> {
	const results = new Map<SuiteName, Result>();
	const runEach = async (names: readonly SuiteName[], output: Output) => {
		for (const name of names) {
			const [chosen, started] = [files.get(name), Date.now()];
			if (chosen === undefined) continue;
			const counts = await runSuite(name, chosen, grep, output);
			results.set(name, { counts, seconds: (Date.now() - started) / 1000 });
		}
	};
	const later = new HeldOutput();
	await Promise.all([
		runEach(lanes.shown, process.stdout).finally(() => later.release()),
		runEach(lanes.held, later),
		files.has("oldest") ? installOldest() : undefined,
	]);
	return results;
}

/** Beside the suites that leave a core idle. The suite tries again, and reports a failure. */
async function installOldest(): Promise<void> {
	if (isAvailable("oldest")) await ensureWorkbench("oldest").catch(() => undefined);
}

async function runSuite(
	name: SuiteName,
	files: string[],
	grep: string | undefined,
	output: Output,
): Promise<Counts> {
	output.write(`\n== ${name}\n`);
	const first = await runFiles(name, files, grep, output);
	const failed = Object.entries(first.files).filter(([, { failed }]) => failed > 0);
	const { twice = false }: Suite = suites[name];
	if (!twice || failed.length === 0 || failed.length > mostTwice) return first;
	const again = failed.map(([file]) => file);
	output.write(`\nRunning again: ${again.map((file) => relative(root, file)).join(", ")}\n`);
	const second = await runFiles(name, again, grep, output);
	const passedFirst = failed.reduce((sum, [, { passed }]) => sum + passed, 0);
	return {
		...second,
		skipped: first.skipped,
		passed: first.passed - passedFirst + second.passed,
		atFirst: first.failures,
	};
}

async function runFiles(
	name: SuiteName,
	files: string[],
	grep: string | undefined,
	output: Output,
): Promise<Counts> {
	const folder = mkdtempSync(join(tmpdir(), "tokensmith-counts-"));
	const countsFile = join(folder, "counts.json");
	try {
		const code = await runNode(suiteArguments(name, files, countsFile), grep, output);
		const counts = readCounts(countsFile, grep, output);
		// The process failed without a counted failure, for example by a crash after the tests.
		if (code !== 0 && counts.failed === 0) return { ...counts, failed: 1 };
		return counts;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function suiteArguments(name: SuiteName, files: string[], countsFile: string): string[] {
	if (name === "host")
		return ["test/host/run.ts", countsFile, ...files.map((file) => basename(file, ".test.ts"))];
	return ["test/mocha.ts", countsFile, String(suites[name].timeoutSeconds * 1000), ...files];
}

/** Without counts the suite did not finish. Zero tests are a failure too, unless a pattern excluded all of them. */
function readCounts(file: string, grep: string | undefined, output: Output): Counts {
	const ended = existsSync(file);
	const counts: Counts = ended ? JSON.parse(readFileSync(file, "utf8")) : noCounts();
	if (counts.passed + counts.failed > 0 || (ended && grep !== undefined)) return counts;
	output.write("No test of this suite has run.\n");
	return { ...counts, failed: 1 };
}

function noCounts(): Counts {
	return { passed: 0, failed: 0, skipped: [], failures: [], files: {} };
}

async function runNode(args: string[], grep: string | undefined, output: Output): Promise<number> {
	const child = spawn(process.execPath, args, {
		cwd: root,
		env: {
			...process.env,
			...(grep === undefined ? {} : { TOKENSMITH_GREP: grep }),
			TOKENSMITH_COLORS: process.stdout.isTTY ? "yes" : "no",
		},
		stdio: ["ignore", "pipe", "pipe"],
	});
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.write(chunk));
	const endWithUs = () => child.kill();
	process.once("exit", endWithUs);
	const [code] = await once(child, "close");
	process.off("exit", endWithUs);
	return code ?? 1;
}
