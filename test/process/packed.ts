/**
 * The npm package as `npm pack` makes it, once for all tests of a process. It is made from a copy of the repository:
 * packing builds again and rewrites package.json, which other suites read at the same time.
 */
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../daemon/harness.ts";

const root = resolve(import.meta.dirname, "..", "..");
const run = promisify(execFile);

interface Packed {
	tarball: string;
	/** The copy's package.json before the package was made, and after. */
	manifests: { before: string; after: string };
}

let packing: Promise<Packed> | undefined;

export function pack(): Promise<Packed> {
	packing ??= packCopy();
	return packing;
}

/** Unpacks the package into the modules of a folder and links its command, as an installation would. */
export async function installInto(folder: string): Promise<string> {
	const installed = join(folder, "node_modules", "tokensmith");
	mkdirSync(installed, { recursive: true });
	await run("tar", ["-xzf", (await pack()).tarball, "-C", installed, "--strip-components", "1"]);
	const commands = join(folder, "node_modules", ".bin");
	mkdirSync(commands);
	chmodSync(join(installed, "dist", "daemon.js"), 0o755);
	symlinkSync("../tokensmith/dist/daemon.js", join(commands, "tokensmith"));
	return installed;
}

async function packCopy(): Promise<Packed> {
	const folder = temporaryFolder();
	process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
	const copy = join(folder, "repository");
	const omitted = new Set(["node_modules", "dist", ".git"].map((name) => join(root, name)));
	cpSync(root, copy, { recursive: true, filter: (path) => !omitted.has(path) });
	symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
	const manifest = () => readFileSync(join(copy, "package.json"), "utf8");
	const before = manifest();
	await run("npm", ["pack", "--pack-destination", folder], { cwd: copy });
	const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
	if (name === undefined) throw new Error(`npm pack made no package in ${basename(folder)}`);
	return { tarball: join(folder, name), manifests: { before, after: manifest() } };
}
