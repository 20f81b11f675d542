/**
 * Loaded by VS Code as the extension's tests: runs every test file next to it with mocha, inside the extension host.
 * The report is sent to the starting process over a socket, since the host's console is full of VS Code's own output.
 */
import { once } from "node:events";
import { globSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { format } from "node:util";
import Mocha from "mocha";
import { CountingReporter } from "../reporter.ts";
import { endSpareDaemon } from "./spare-daemon.ts";
import { testBegins } from "./test-begins.ts";

export async function run(): Promise<void> {
	const { TOKENSMITH_REPORT_PORT: port, TOKENSMITH_COUNTS_FILE: countsFile } = process.env;
	const report = connect(Number(port), "127.0.0.1");
	await once(report, "connect");
	Mocha.reporters.Base.consoleLog = (...args: unknown[]) => report.write(`${format(...args)}\n`);
	Mocha.reporters.Base.useColors = process.env.TOKENSMITH_COLORS === "yes";
	const mocha = new Mocha({
		timeout: 60_000,
		forbidOnly: true,
		bail: process.env.TOKENSMITH_BAIL !== undefined,
		reporter: CountingReporter,
		reporterOptions: { countsFile },
		rootHooks: { beforeEach: sayTest, afterAll: endSpareDaemon },
	});
	if (process.env.TOKENSMITH_GREP) mocha.grep(process.env.TOKENSMITH_GREP);
	// `__dirname`, since this is bundled as CommonJS.
	for (const file of globSync("*.test.js", { cwd: __dirname }).sort()) mocha.addFile(join(__dirname, file));
	await mocha.loadFilesAsync();
	const failures = await new Promise<number>((resolve) => mocha.run(resolve));
	report.end();
	if (failures > 0) throw new Error(`${failures} failed`);
}

function sayTest(this: Mocha.Context): void {
	console.log(testBegins + this.currentTest?.fullTitle());
}
