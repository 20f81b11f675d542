/**
 * Installs a complete VS Code (server and web workbench) from npm, without a compiler and without other download
 * servers. What differs between versions is in their `package.json`.
 */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cachedFolder, install, installLocked, versionOf } from "../npm-cache.ts";
import newest from "./newest/package.json" with { type: "json" };
import oldest from "./oldest/package.json" with { type: "json" };

/** The one that most tests use, and the oldest one that the extension supports. */
export type VsCodeVersion = "newest" | "oldest";

interface Recipe {
	/** Those beside code-server replace VS Code's own of the same name. */
	dependencies: { "code-server": string };
	/** Its Node.js for some platforms, else it runs on the one of this process. VS Code 1.105 hangs on Node.js 24. */
	optionalDependencies?: object;
	/** Files for native modules of VS Code. */
	standIns: Record<string, string>;
}

const recipes: Record<VsCodeVersion, Recipe> = { newest, oldest };
const standIns = join(import.meta.dirname, "stand-ins");
/** The package of Node.js for this machine. */
const ownNode = `node-${process.platform}-${process.arch}`;

/** Whether this machine can run it. */
export function isAvailable(version: VsCodeVersion): boolean {
	const { optionalDependencies } = recipes[version];
	return optionalDependencies === undefined || ownNode in optionalDependencies;
}

/** The folder of code-server, and the Node.js to run it. */
export interface Installed {
	codeServer: string;
	node: string;
}

/** Installs this version first if it is not installed (under a minute). */
export async function ensureWorkbench(version: VsCodeVersion): Promise<Installed> {
	const name = `workbench-${await recipeVersion(version)}`;
	const modules = join(await cachedFolder(name, (folder) => build(folder, version)), "node_modules");
	return {
		codeServer: join(modules, "code-server"),
		node: recipes[version].optionalDependencies ? join(modules, ownNode, "bin", "node") : process.execPath,
	};
}

/** Depends on the packages and the files placed over them, so that an older folder is never reused. */
async function recipeVersion(version: VsCodeVersion): Promise<string> {
	const parts = ["package.json", "package-lock.json"].map((name) => join(recipeFolder(version), name));
	const hash = await versionOf([...parts, ...standInFiles(version).values()]);
	return `${recipes[version].dependencies["code-server"]}-${hash}`;
}

function recipeFolder(version: VsCodeVersion): string {
	return join(import.meta.dirname, version);
}

/** By the module that each replaces. */
function standInFiles(version: VsCodeVersion): Map<string, string> {
	const files = Object.entries(recipes[version].standIns);
	return new Map(files.map(([module, file]) => [module, join(standIns, file)]));
}

async function build(folder: string, version: VsCodeVersion): Promise<void> {
	const started = Date.now();
	console.log(`Setting up VS Code for the workbench, once, about 600 MB in ${folder}`);
	try {
		await fill(folder, version);
		console.log(`VS Code is set up (${Math.round((Date.now() - started) / 1000)} s)`);
	} catch (cause) {
		throw new Error(
			"VS Code could not be set up from npm. Check that npm can reach its registry, then start again.",
			{ cause },
		);
	}
}

async function fill(folder: string, version: VsCodeVersion): Promise<void> {
	console.log("  1/3 code-server");
	await installLocked(recipeFolder(version), folder);
	// VS Code's own setup script would do the next two steps, but would also compile what `stand-ins` makes unnecessary.
	const vscode = join(folder, "node_modules", "code-server", "lib", "vscode");
	console.log("  2/3 what VS Code's server needs");
	const { "code-server": _, ...replacements } = recipes[version].dependencies;
	for (const file of ["package.json", "npm-shrinkwrap.json"])
		await leaveOut(Object.keys(replacements), join(vscode, file));
	await install(vscode, "install");
	console.log("  3/3 what its built-in extensions need");
	await install(join(vscode, "extensions"), "install");
	for (const [module, file] of standInFiles(version))
		await cp(file, join(vscode, "node_modules", module, "index.js"));
}

/** Removes these dependencies from a package.json or a lock file, so that those further up are found. */
async function leaveOut(names: string[], file: string): Promise<void> {
	const content = JSON.parse(await readFile(file, "utf8"));
	const manifest = content.packages?.[""] ?? content;
	for (const name of names) {
		delete manifest.dependencies[name];
		delete content.packages?.[`node_modules/${name}`];
	}
	await writeFile(file, JSON.stringify(content));
}
