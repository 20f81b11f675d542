/**
 * Installs a complete VS Code (server and web workbench) from npm into the user's cache, without a compiler and without
 * any other download server. Invariant: a folder with its final name is complete.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isAlive } from "./daemon.ts";
import { runNpm } from "./npm.ts";

const recipe = import.meta.dirname;
const modules = ["spdlog", "native-watchdog"] as const;

/**
 * Returns the program that serves the workbench, installing it first if this version is not installed (under a minute).
 */
export async function ensureWorkbench(): Promise<string> {
	const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tokensmith");
	const name = `workbench-${await recipeVersion()}`;
	const folder = join(cache, name);
	await mkdir(cache, { recursive: true });
	await removeAbandoned(cache, name);
	if (!(await exists(folder))) await build(folder);
	return join(folder, "node_modules", "code-server", "out", "node", "entry.js");
}

/** Depends on the packages and the files placed over them, so that an older folder is never reused. */
async function recipeVersion(): Promise<string> {
	const manifest = JSON.parse(await readFile(join(recipe, "package.json"), "utf8"));
	const parts = ["package-lock.json", ...modules.map((module) => `stand-ins/${module}.cjs`)];
	const hash = createHash("sha256");
	for (const part of parts) hash.update(await readFile(join(recipe, part)));
	return `${manifest.dependencies["code-server"]}-${hash.digest("hex").slice(0, 8)}`;
}

async function build(folder: string): Promise<void> {
	// Next to its final place, so that the final rename is atomic; with our pid, so that a later run can distinguish an
	// abandoned folder from one in progress.
	const partial = `${folder}.partial-${process.pid}`;
	const started = Date.now();
	console.log(`Setting up VS Code for the workbench, once, about 600 MB in ${folder}`);
	try {
		await mkdir(partial);
		await fill(partial);
		await rename(partial, folder);
		console.log(`VS Code is set up (${Math.round((Date.now() - started) / 1000)} s)`);
	} catch (cause) {
		await rm(partial, { recursive: true, force: true });
		if (await exists(folder)) return; // Another run was faster, and its folder is equally good.
		throw new Error(
			"VS Code could not be set up from npm. Check that npm can reach its registry, then start again.",
			{ cause },
		);
	}
}

async function fill(folder: string): Promise<void> {
	for (const file of ["package.json", "package-lock.json"]) await cp(join(recipe, file), join(folder, file));
	console.log("  1/3 code-server");
	await install(folder, "ci");
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

function install(folder: string, verb: "ci" | "install"): Promise<void> {
	const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
	return runNpm(folder, verb, "--no-save", "--omit=dev", "--ignore-scripts", ...quiet);
}

/** Left over from an interrupted run; a folder whose process is running is still in progress. */
async function removeAbandoned(cache: string, name: string): Promise<void> {
	for (const entry of await readdir(cache)) {
		const pid = entry.startsWith(`${name}.partial-`) ? Number(entry.split("-").at(-1)) : Number.NaN;
		if (pid === process.pid || (Number.isInteger(pid) && !isAlive(pid)))
			await rm(join(cache, entry), { recursive: true, force: true });
	}
}

async function exists(path: string): Promise<boolean> {
	const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return undefined;
		throw error;
	});
	return found !== undefined;
}
