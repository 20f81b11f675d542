/**
 * Runs test files with mocha in this process: `node test/mocha.ts COUNTS_FILE TIMEOUT_MS FILE...`. TOKENSMITH_GREP, a
 * regular expression, chooses tests by their names; with TOKENSMITH_BAIL the first failure ends the run. Hooks around
 * every test of a folder are in its `hooks.ts`, if any.
 */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Mocha from "mocha";
import { useOwnHome } from "./own-home.ts";
import { CountingReporter } from "./reporter.ts";

const [countsFile, timeout, ...files] = process.argv.slice(2);
if (countsFile === undefined || timeout === undefined) throw new Error("No counts file and no timeout given");

useOwnHome();

// A regular exit, so that whatever the tests started ends with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const mocha = new Mocha({
	timeout: Number(timeout),
	forbidOnly: true,
	bail: process.env.TOKENSMITH_BAIL !== undefined,
	reporter: CountingReporter,
	reporterOptions: { countsFile: resolve(countsFile) },
});
const { TOKENSMITH_COLORS: colors } = process.env;
if (colors !== undefined) Mocha.reporters.Base.useColors = colors === "yes";
if (process.env.TOKENSMITH_GREP) mocha.grep(process.env.TOKENSMITH_GREP);
for (const file of files) mocha.addFile(resolve(file));
for (const hooks of new Set(files.map((file) => resolve(dirname(file), "hooks.ts"))))
	if (existsSync(hooks)) mocha.rootHooks((await import(hooks)).mochaHooks);
await mocha.loadFilesAsync();
mocha.run((failures) => {
	process.exitCode = failures === 0 ? 0 : 1;
	// What a test left running, such as a child with an open pipe, must not hold up the suites that follow.
	setTimeout(() => {
		console.error("Something that the tests started is still running.");
		process.exit();
	}, 60_000).unref();
});
