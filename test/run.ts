/**
 * `npm test`: builds what the tests need, runs the suites one after the other, and adds them up in the last line.
 * Arguments choose suites, files or tests (`choice.ts`). Invariant: a suite that did not reach its end has failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Choice, chooseTests, type SuiteName, suites, usage } from "./choice.ts";
import type { Counts } from "./reporter.ts";
import { runNpm } from "./workbench/npm.ts";
import { packageExtension } from "./workbench/vsix.ts";

const root = join(import.meta.dirname, "..");

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
	await build(files.has("workbench"));
	const total: Counts = { passed: 0, failed: 0, pending: 0, failures: [] };
	const lines: string[] = [];
	for (const [name, chosen] of files) {
		const started = Date.now();
		const counts = await runSuite(name, chosen, grep);
		for (const key of ["passed", "failed", "pending"] as const) total[key] += counts[key];
		total.failures.push(...counts.failures.map((text) => `${name}: ${text}`));
		const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
		const pending = counts.pending > 0 ? `, ${counts.pending} pending` : "";
		lines.push(`${name.padEnd(10)}${seconds} s  ${counts.passed} passed, ${counts.failed} failed${pending}`);
	}
	// At the end again, where a log that is cut from the start still has them.
	for (const text of total.failures) console.log(`\nFAILED ${text}`);
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

async function runSuite(name: SuiteName, files: string[], grep: string | undefined): Promise<Counts> {
	console.log(`\n== ${name}`);
	const folder = mkdtempSync(join(tmpdir(), "tokensmith-counts-"));
	const countsFile = join(folder, "counts.json");
	try {
		const code = await runNode(suiteArguments(name, files, countsFile), grep);
		const counts = readCounts(countsFile, grep);
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
function readCounts(file: string, grep: string | undefined): Counts {
	const ended = existsSync(file);
	const counts: Counts = ended
		? JSON.parse(readFileSync(file, "utf8"))
		: { passed: 0, failed: 0, pending: 0, failures: [] };
	if (counts.passed + counts.failed > 0 || (ended && grep !== undefined)) return counts;
	console.log("No test of this suite has run.");
	return { ...counts, failed: 1 };
}

async function runNode(args: string[], grep: string | undefined): Promise<number> {
	const child = spawn(process.execPath, args, {
		cwd: root,
		env: { ...process.env, ...(grep === undefined ? {} : { TOKENSMITH_GREP: grep }) },
		stdio: ["ignore", "inherit", "inherit"],
	});
	const endWithUs = () => child.kill();
	process.once("exit", endWithUs);
	const [code] = await once(child, "close");
	process.off("exit", endWithUs);
	return code ?? 1;
}
