/**
 * `npm test`: builds what the tests need, runs all suites one after the other, and adds them up in the last line.
 * `npm test -- daemon host` runs only the suites named. Invariant: a suite that did not come to its end has failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "./reporter.ts";
import { runNpm } from "./workbench/npm.ts";
import { packageExtension } from "./workbench/vsix.ts";

/** `mocha`: test files that run in Node; `script`: a program that runs the suite elsewhere. */
type Suite = { files: string; timeoutSeconds: number } | { script: string };

const suites: Record<string, Suite> = {
	structure: { files: "test/*.test.ts", timeoutSeconds: 60 },
	daemon: { files: "test/daemon/**/*.test.ts", timeoutSeconds: 20 },
	extension: { files: "test/extension/**/*.test.ts", timeoutSeconds: 20 },
	process: { files: "test/process/**/*.test.ts", timeoutSeconds: 60 },
	host: { script: "test/host/run.ts" },
	workbench: { files: "test/workbench/**/*.test.ts", timeoutSeconds: 120 },
};

const root = join(import.meta.dirname, "..");
const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in suites));
if (unknown.length > 0) {
	throw new Error(`No suite is named ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}`);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const chosen = Object.entries(suites).filter(([name]) => named.length === 0 || named.includes(name));
process.exitCode = await runSuites(chosen);

async function runSuites(chosen: [string, Suite][]): Promise<number> {
	await build(chosen.some(([name]) => name === "workbench"));
	const total: Counts = { passed: 0, failed: 0, pending: 0 };
	const lines: string[] = [];
	for (const [name, suite] of chosen) {
		const started = Date.now();
		const counts = await runSuite(name, suite);
		for (const key of ["passed", "failed", "pending"] as const) total[key] += counts[key];
		const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
		const pending = counts.pending > 0 ? `, ${counts.pending} pending` : "";
		lines.push(`${name.padEnd(10)}${seconds} s  ${counts.passed} passed, ${counts.failed} failed${pending}`);
	}
	console.log(`\n${lines.join("\n")}\n`);
	console.log(`${total.passed} passed, ${total.failed} failed`);
	return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

async function build(withVsix: boolean): Promise<void> {
	console.log("Building");
	if (withVsix) await packageExtension();
	else await runNpm(root, "run", "build");
}

async function runSuite(name: string, suite: Suite): Promise<Counts> {
	console.log(`\n== ${name}`);
	const folder = mkdtempSync(join(tmpdir(), "tokensmith-counts-"));
	const countsFile = join(folder, "counts.json");
	try {
		const code = await runNode(suiteArguments(suite, countsFile));
		const counts = readCounts(countsFile);
		// Said to have failed without one failure counted: a crash after the tests, for example.
		if (code !== 0 && counts.failed === 0) return { ...counts, failed: 1 };
		return counts;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function suiteArguments(suite: Suite, countsFile: string): string[] {
	if ("script" in suite) return [suite.script, countsFile];
	const files = globSync(suite.files, { cwd: root }).sort();
	return ["test/mocha.ts", countsFile, String(suite.timeoutSeconds * 1000), ...files];
}

/** Without counts the suite did not end; without one test it has proved nothing. Both are a failure. */
function readCounts(file: string): Counts {
	const counts: Counts = existsSync(file)
		? JSON.parse(readFileSync(file, "utf8"))
		: { passed: 0, failed: 0, pending: 0 };
	if (counts.passed + counts.failed > 0) return counts;
	console.log("No test of this suite has run.");
	return { ...counts, failed: 1 };
}

async function runNode(args: string[]): Promise<number> {
	const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
	const endWithUs = () => child.kill();
	process.once("exit", endWithUs);
	const [code] = await once(child, "close");
	process.off("exit", endWithUs);
	return code ?? 1;
}
