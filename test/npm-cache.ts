/**
 * Installs into the user's cache what tests need from npm but the project itself does not. Invariant: a folder with its
 * final name is complete.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../daemon/client/process-alive.ts";
import { runNpm } from "./workbench/npm.ts";

/** Returns the folder with this name in the cache, calling `fill` first if it does not exist. */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
	const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tokensmith");
	const folder = join(cache, name);
	await mkdir(cache, { recursive: true });
	await removeAbandoned(cache, name);
	if (!(await exists(folder))) await build(folder, fill);
	return folder;
}

/** The first characters of the files' hash, so that a folder made of other files has another name. */
export async function versionOf(files: readonly string[]): Promise<string> {
	const hash = createHash("sha256");
	for (const file of files) hash.update(await readFile(file));
	return hash.digest("hex").slice(0, 8);
}

/** Installs exactly what the lock file in `recipe` names. */
export async function installLocked(recipe: string, folder: string): Promise<void> {
	for (const file of ["package.json", "package-lock.json"]) await cp(join(recipe, file), join(folder, file));
	await install(folder, "ci");
}

/** Runs no script of a package. */
export function install(folder: string, verb: "ci" | "install"): Promise<void> {
	const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
	return runNpm(folder, verb, "--no-save", "--omit=dev", "--ignore-scripts", ...quiet);
}

async function build(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
	// Next to its final place, so that the final rename is atomic; with our pid, so that a later run can distinguish an
	// abandoned folder from one in progress.
	const partial = `${folder}.partial-${process.pid}`;
	try {
		await mkdir(partial);
		await fill(partial);
		await rename(partial, folder);
	} catch (error) {
		await rm(partial, { recursive: true, force: true });
		// Another run may have been faster, and its folder is equally good.
		if (!(await exists(folder))) throw error;
	}
}

/** Removes what an interrupted run left. A folder whose process lives is still being built. */
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
