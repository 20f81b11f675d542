#!/usr/bin/env node
/**
 * Takes the arguments of a desktop VS Code that is to run an extension's tests, runs them in the workbench's server
 * and a browser without a window, and ends with the code that the tests ended with. For `@vscode/test-electron`.
 */
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { ensureBrowser } from "../workbench/browser.ts";
import { startServer } from "../workbench/server.ts";
import { testBegins } from "./test-begins.ts";

/** Between two tests. How long all of them take depends on the machine. */
const minutesOfSilence = 5;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exit(await runTests());

async function runTests(): Promise<number> {
	const { values, positionals } = parseArgs({
		strict: false, // Flags of a desktop window, which have no meaning here.
		allowPositionals: true,
	});
	const server = await startServer({
		userData: String(values["user-data-dir"]),
		extensions: String(values["extensions-dir"]),
		port: 0,
		purpose: "tests",
		workspaceTrust: "granted",
	});
	const browser = await chromium.launch(ensureBrowser());
	try {
		const page = await browser.newPage();
		const exitCode = testsEnd(page, server.ended);
		await page.goto(testAddress(server.url, values, positionals[0]));
		return await exitCode;
	} finally {
		await browser.close();
		await server.stop();
	}
}

/** VS Code's page calls these two functions when it runs tests. */
async function testsEnd(page: Page, serverEnded: Promise<void>): Promise<number> {
	const { promise, resolve } = Promise.withResolvers<number>();
	const give = (what: string) => {
		console.error(what);
		resolve(1);
	};
	const silence = `No test began for ${minutesOfSilence} minutes`;
	const deadline = setTimeout(give, minutesOfSilence * 60_000, silence);
	page.once("crash", () => give("The browser's page crashed"));
	serverEnded.then(() => give("The workbench's server ended before the tests"));
	await page.exposeFunction("codeAutomationLog", (_type: string, args: unknown[]) => {
		// VS Code's own words go on when the extension host is gone.
		if (args.some((arg) => String(arg).includes(testBegins))) deadline.refresh();
		console.log(...args);
	});
	await page.exposeFunction("codeAutomationExit", resolve);
	return promise.finally(() => clearTimeout(deadline));
}

function testAddress(url: string, flags: Record<string, unknown>, workspace: string | undefined): string {
	const remote = (path: unknown) => `vscode-remote://${new URL(url).host}${path}`;
	const payload = ["extensionDevelopmentPath", "extensionTestsPath"].map((flag) => [
		flag,
		remote(flags[flag]),
	]);
	const query = new URLSearchParams({ payload: JSON.stringify(payload) });
	if (workspace !== undefined) query.set("folder", workspace);
	return `${url}/?${query}`;
}
