/** Shows a folder of this machine, or of the remote machine that the extension runs on. */
import * as vscode from "vscode";

/** In the system's file manager if VS Code runs on the same machine, else in another window. */
export async function openFolder(folder: vscode.Uri): Promise<void> {
	const isHere = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
	if (isHere) await vscode.commands.executeCommand("revealFileInOS", folder);
	else await vscode.commands.executeCommand("vscode.openFolder", folder, { forceNewWindow: true });
}
