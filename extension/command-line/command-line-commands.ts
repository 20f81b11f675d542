/** *Install 'tokensmith' Command in PATH*, for terminals outside of VS Code. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import { extensionId } from "../daemon/daemon-commands.ts";
import { showInformation, showWarning } from "../notification.ts";
import { installCommand, isInPath, type Program, pathLine, renewCommand } from "./install-action.ts";

const installedKey = "installedCommand";

export const commandLineCommands: CommandTable<{ globalState: vscode.Memento }> = {
	installCommand: {
		failed: () => l10n.t("The command was not installed."),
		run: ({ services }) => install(services.globalState),
	},
};

/** After an update of the extension, its files are elsewhere. */
export async function renewInstalledCommand(
	memory: vscode.Memento,
	log: { info(message: string): void; warn(message: string): void },
): Promise<void> {
	const file = memory.get<string>(installedKey);
	if (file === undefined) return;
	try {
		if (await renewCommand(file, program())) log.info(`Renewed ${file}.`);
	} catch (error) {
		log.warn(`${file} was not renewed: ${error}`);
	}
}

async function install(memory: vscode.Memento): Promise<void> {
	const folder = await askForFolder();
	if (folder === undefined) return;
	const file = await installCommand(folder, program());
	await memory.update(installedKey, file);
	if (isInPath(folder)) void showInformation(l10n.t("New terminals know the command tokensmith: {0}", file));
	else void sayHowToAdd(folder, file);
}

async function sayHowToAdd(folder: string, file: string): Promise<void> {
	if (process.platform === "win32")
		return void showWarning(
			l10n.t("{0} is installed, but its folder is not in the PATH of your environment variables.", file),
		);
	const copy = l10n.t("Copy Line");
	const said = l10n.t(
		"{0} is installed, but its folder is not in your PATH. Add a line to your shell's profile.",
		file,
	);
	if ((await showWarning(said, copy)) !== copy) return;
	await vscode.env.clipboard.writeText(pathLine(folder));
}

function askForFolder(): Thenable<string | undefined> {
	return vscode.window
		.showInputBox({
			title: l10n.t("Install Command tokensmith"),
			prompt: l10n.t("Folder for the command. Nothing else is changed."),
			value: join(homedir(), ".local", "bin"),
			ignoreFocusOut: true,
			validateInput: (text) => (isAbsolute(text.trim()) ? undefined : l10n.t("Enter an absolute path.")),
		})
		.then((text) => text?.trim());
}

function program(): Program {
	const path = vscode.extensions.getExtension(extensionId)?.extensionPath ?? "";
	return { node: process.execPath, script: join(path, "dist", "daemon.js") };
}
