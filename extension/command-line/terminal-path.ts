/** Puts the command `tokensmith` into the PATH of VS Code's terminals. Nothing of it is a secret. */
import { constants } from "node:fs";
import { access, chmod } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as l10n from "@vscode/l10n";
import type * as vscode from "vscode";

interface TerminalPathDeps {
	readonly collection: vscode.EnvironmentVariableCollection;
	readonly extensionPath: string;
	/** The data directory, if it is not the one that the command finds by itself. */
	readonly dataDir: string | undefined;
	readonly log: { warn(message: string): void };
}

const atBoth = { applyAtProcessCreation: true, applyAtShellIntegration: true };

/** At the end of the PATH, so that a command that the user has installed comes first. */
export function openTerminalPath({ collection, extensionPath, dataDir, log }: TerminalPathDeps): void {
	const folder = join(extensionPath, "bin");
	collection.clear();
	collection.description = l10n.t("Adds the command `tokensmith`");
	collection.append("PATH", delimiter + folder, atBoth);
	collection.replace("TOKENSMITH_NODE", process.execPath, atBoth);
	if (dataDir !== undefined) collection.replace("TOKENSMITH_DATA_DIR", dataDir, atBoth);
	void makeExecutable(join(folder, "tokensmith")).catch((error) =>
		log.warn(`The command tokensmith can't be run in terminals: ${error}`),
	);
}

/** An archive that was made on Windows has no such mode. */
async function makeExecutable(file: string): Promise<void> {
	if (process.platform === "win32") return;
	await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
}
