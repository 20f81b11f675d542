/** The env file folder of one window, with an editor and the settings that a test changes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { OneWindow } from "./one-window.ts";

const changed = new Set<string>();

export function fileIn({ place }: OneWindow, name = ".env"): vscode.Uri {
	return vscode.Uri.file(join(place, name));
}

/** Writes the file and shows it. */
export async function show(window: OneWindow, text: string, name = ".env"): Promise<vscode.TextEditor> {
	await writeFile(fileIn(window, name).fsPath, text);
	return await vscode.window.showTextDocument(fileIn(window, name));
}

/** The same, once its tokens are known. */
export async function showKnown(window: OneWindow, text: string): Promise<vscode.TextEditor> {
	const editor = await show(window, text);
	await window.bindings.whenReady();
	return editor;
}

export async function set(name: string, value: unknown): Promise<void> {
	changed.add(name);
	const configuration = vscode.workspace.getConfiguration("tokensmith");
	await configuration.update(name, value, vscode.ConfigurationTarget.Global);
}

/** Closes every editor without saving, and restores the settings. */
export async function tidy(): Promise<void> {
	for (const name of changed) await set(name, undefined);
	changed.clear();
	await closeEditors();
}

/** Leaves open prompts, and closes every editor without saving. */
export async function closeEditors(): Promise<void> {
	// VS Code would ask whether to save anything that is not reverted.
	const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
	const reverts = tabs.map(() => "revertAndCloseActiveEditor");
	for (const action of ["closeQuickOpen", ...reverts, "closeAllEditors"])
		await vscode.commands.executeCommand(`workbench.action.${action}`);
}
