/** Installs a complete VS Code (server and web workbench) from npm, without a compiler and without other download servers. */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cachedFolder, install, installLocked, versionOf } from "../npm-cache.ts";

const recipe = import.meta.dirname;
const modules = ["spdlog", "native-watchdog"] as const;

/**
 * Returns the program that serves the workbench, installing it first if this version is not installed (under a minute).
 */
export async function ensureWorkbench(): Promise<string> {
	const folder = await cachedFolder(`workbench-${await recipeVersion()}`, build);
	return join(folder, "node_modules", "code-server", "out", "node", "entry.js");
}

/** Depends on the packages and the files placed over them, so that an older folder is never reused. */
async function recipeVersion(): Promise<string> {
	const manifest = JSON.parse(await readFile(join(recipe, "package.json"), "utf8"));
	const parts = ["package-lock.json", ...modules.map((module) => `stand-ins/${module}.cjs`)];
	const version = await versionOf(parts.map((part) => join(recipe, part)));
	return `${manifest.dependencies["code-server"]}-${version}`;
}

async function build(folder: string): Promise<void> {
	const started = Date.now();
	console.log(`Setting up VS Code for the workbench, once, about 600 MB in ${folder}`);
	try {
		await fill(folder);
		console.log(`VS Code is set up (${Math.round((Date.now() - started) / 1000)} s)`);
	} catch (cause) {
		throw new Error(
			"VS Code could not be set up from npm. Check that npm can reach its registry, then start again.",
			{ cause },
		);
	}
}

async function fill(folder: string): Promise<void> {
	console.log("  1/3 code-server");
	await installLocked(recipe, folder);
	// VS Code's own setup script would do the next two steps, but would also compile what `stand-ins` makes unnecessary.
	const vscode = join(folder, "node_modules", "code-server", "lib", "vscode");
	console.log("  2/3 what VS Code's server needs");
	await install(vscode, "install");
	console.log("  3/3 what its built-in extensions need");
	await install(join(vscode, "extensions"), "install");
	for (const module of modules) {
		const standIn = join(recipe, "stand-ins", `${module}.cjs`);
		await cp(standIn, join(vscode, "node_modules", "@vscode", module, "index.js"));
	}
}
