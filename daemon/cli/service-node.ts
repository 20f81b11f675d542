/** Which Node.js a service runs on: one that stays where it is when an editor is updated. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";

/** That of this process, unless it is an editor's; else the first suitable one in PATH. @throws Error that says what to do */
export async function nodeForService(): Promise<string> {
	if (!isOfEditor(process.execPath)) return process.execPath;
	const name = process.platform === "win32" ? "node.exe" : "node";
	const folders = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
	for (const path of folders.map((folder) => join(folder, name)))
		if (existsSync(path) && !isOfEditor(path) && (await isNewEnough(path))) return path;
	throw new Error(
		"The service needs a Node.js of its own, since the editor's moves with each update: no Node.js 22.2 or newer is in PATH. Install one, then try again.",
	);
}

/** An editor's path has its version or commit in it, or is replaced with it. */
function isOfEditor(path: string): boolean {
	if (!/^node(?:\.exe)?$/i.test(basename(path))) return true;
	return path
		.split(/[\\/]/)
		.some((part) => /-server\b/.test(part) && /code|vscod|cursor|windsurf/i.test(part));
}

async function isNewEnough(node: string): Promise<boolean> {
	try {
		const { stdout } = await promisify(execFile)(node, ["--version"], { timeout: 10_000 });
		const [, major = "0", minor = "0"] = /^v(\d+)\.(\d+)/.exec(stdout) ?? [];
		return Number(major) > 22 || (Number(major) === 22 && Number(minor) >= 2);
	} catch {
		// What does not run is none.
		return false;
	}
}
