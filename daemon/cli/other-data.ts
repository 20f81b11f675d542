/** Tokens that an earlier version of the extension has left in an editor's own storage, beside those of the data directory. */
import { homedir } from "node:os";
import { join } from "node:path";
import { seemsToHaveData } from "../client/delete-data.ts";
import { ownDataDirectory } from "../client/own-directory.ts";

/** Where an editor keeps the data of extensions, on each platform; and on the machine that a remote window works on. */
const editors = ["Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf"];
const servers = [".vscode-server", ".vscode-server-insiders", ".vscodium-server", ".cursor-server"];

/** Beside the user's own data directory only: another one was chosen knowingly. */
export function otherData(dataDir: string): string[] {
	if (dataDir !== ownDirectory()) return [];
	return storageFolders()
		.map((folder) => join(folder, "User", "globalStorage", "tokensmith.tokensmith"))
		.filter((folder) => folder !== dataDir && seemsToHaveData(folder));
}

/** The commands that add them, which anyone can copy. */
export function otherDataWords([first = "", ...more]: readonly string[]): string {
	const place = `--data-dir ${inShell(first)}`;
	return [
		"Other tokens, which an earlier version of the extension has left, are in:",
		...[first, ...more].map((directory) => `  ${directory}`),
		"VS Code deletes such a folder after the extension is uninstalled. To add them here, and to delete them there:",
		`  tokensmith daemon start ${place}`,
		`  tokensmith backup earlier.backup ${place}`,
		"  tokensmith restore earlier.backup",
		`  tokensmith delete-all-data ${place}`,
	].join("\n");
}

/** As one word of a command. */
export function inShell(path: string): string {
	return /^[\w./:\\@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function ownDirectory(): string | undefined {
	try {
		return ownDataDirectory();
	} catch {
		// The command itself reports it.
		return undefined;
	}
}

function storageFolders(): string[] {
	const { APPDATA, XDG_CONFIG_HOME, XDG_DATA_HOME } = process.env;
	const home = homedir();
	const onServers = servers.map((server) => join(home, server, "data"));
	if (process.platform === "win32")
		return [
			...editors.map((editor) => join(APPDATA ?? join(home, "AppData", "Roaming"), editor)),
			...onServers,
		];
	if (process.platform === "darwin")
		return [...editors.map((editor) => join(home, "Library", "Application Support", editor)), ...onServers];
	const codeServer = join(XDG_DATA_HOME || join(home, ".local", "share"), "code-server");
	const config = XDG_CONFIG_HOME || join(home, ".config");
	return [...editors.map((editor) => join(config, editor)), codeServer, ...onServers];
}
