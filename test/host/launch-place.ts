/** A folder of the workspace with a program that writes down the hash of the secret that it has got. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";

const writesItsToken = `
const { createHash } = require("node:crypto");
const hash = createHash("sha256").update(process.env.API_TOKEN ?? "").digest("hex");
require("node:fs").writeFileSync(__dirname + "/seen", hash);
console.log("It is " + process.env.API_TOKEN);
`;

export class LaunchPlace {
	readonly folder: vscode.WorkspaceFolder;
	/** `launch` in the folder of the workspace; the program is its program.cjs. */
	readonly path: string;

	static async make(): Promise<LaunchPlace> {
		const [folder = assert.fail("no folder is open")] = vscode.workspace.workspaceFolders ?? [];
		const place = new LaunchPlace(folder);
		await mkdir(place.path);
		await writeFile(join(place.path, "program.cjs"), writesItsToken);
		return place;
	}

	private constructor(folder: vscode.WorkspaceFolder) {
		this.folder = folder;
		this.path = join(folder.uri.fsPath, "launch");
	}

	async seen(): Promise<string> {
		return `sha256:${await readFile(join(this.path, "seen"), "utf8")}`;
	}

	async hasRun(): Promise<boolean> {
		return (await readdir(this.path)).includes("seen");
	}

	remove(): Promise<void> {
		return rm(this.path, { recursive: true, force: true, maxRetries: 10 });
	}
}

/** The files below the folder that contain the text. */
export async function filesWith(root: string, text: string): Promise<string[]> {
	const entries = await readdir(root, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	const hits = await Promise.all(
		files.map(async (file) => (await readFile(file).catch(() => Buffer.alloc(0))).includes(text)),
	);
	return files.filter((_, index) => hits[index]);
}
