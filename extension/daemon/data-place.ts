/**
 * Where the data directory of this user is, what of it belongs to this editor alone, and where earlier versions kept it.
 * All editors of a user share the directory; each has a SecretStorage and settings of its own.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { ownDataDirectory } from "../../daemon/client/transport.ts";
import { codeOf } from "../error-code.ts";
import { dataDirectory } from "../settings.ts";

export interface DataPlace {
	readonly dataDir: string;
	/** In the data directory: what this editor knows of it. */
	readonly ownFolder: string;
	/** The extension's own storage, which earlier versions used as the data directory. */
	readonly earlier: string;
	/** Why the data directory is not known. No daemon is started then. */
	readonly problem?: string;
}

type Storage = Pick<vscode.ExtensionContext, "globalState" | "globalStorageUri">;

export function findDataPlace(context: Storage): DataPlace {
	const earlier = context.globalStorageUri.fsPath;
	try {
		const dataDir = chosenDirectory() ?? ownDataDirectory();
		return { dataDir, ownFolder: join(dataDir, "editors", editorId(context)), earlier };
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		return { dataDir: earlier, ownFolder: earlier, earlier, problem: error.message };
	}
}

/** @throws TypeError for a setting that is no absolute path */
function chosenDirectory(): string | undefined {
	const chosen = dataDirectory();
	if (chosen === undefined) return undefined;
	const path = chosen.startsWith("~/") ? join(homedir(), chosen.slice(2)) : chosen;
	if (isAbsolute(path)) return resolve(path);
	throw new TypeError(
		l10n.t(
			"The setting tokensmith.dataDirectory must be an absolute path, or begin with ~/, not {0}.",
			chosen,
		),
	);
}

/** The same as long as SecretStorage is the same: that of an editor and profile; with a remote, that of its client. */
function editorId({ globalState, globalStorageUri }: Storage): string {
	const client = vscode.env.remoteName === undefined ? "" : clientId(globalState);
	return createHash("sha256").update(`${globalStorageUri}\n${client}`).digest("hex").slice(0, 16);
}

function clientId(memory: vscode.Memento): string {
	const key = "clientId";
	const known = memory.get<string>(key);
	if (known !== undefined) return known;
	const made = randomUUID();
	void memory.update(key, made);
	return made;
}

/**
 * Earlier versions remembered whose secrets SecretStorage had in a folder of the data directory. After the data has moved,
 * the editor that it came from takes that over.
 */
export async function adoptEarlierMemory({ dataDir, ownFolder, earlier }: DataPlace): Promise<void> {
	try {
		const [from] = (await readFile(join(dataDir, "moved-from"), "utf8")).split("\n");
		if (from !== earlier) return;
		await mkdir(ownFolder, { recursive: true, mode: 0o700 });
		await rename(join(dataDir, "kept-secrets"), join(ownFolder, "kept-secrets"));
	} catch (error) {
		// Nothing has moved, or another window was faster.
		if (!["ENOENT", "ENOTEMPTY", "EEXIST", "EPERM"].includes(codeOf(error) ?? "")) throw error;
	}
}

/** Whether a daemon has kept data in a folder, which need not exist. */
export async function holdsData(folder: string): Promise<boolean> {
	try {
		const entries = await readdir(folder, { withFileTypes: true });
		return entries.some((entry) => entry.isFile() && /^(snapshot|changes)-.*\.(db|log)$/.test(entry.name));
	} catch (error) {
		if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return false;
		throw error;
	}
}
