/**
 * Obtains the text to identify: the selection, or else text that the user pastes or takes from the clipboard. The text
 * is never shown.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";

interface Input {
	title: string;
	/** What can be said about the text offline. */
	remark(text: string): string;
}

/** @throws CancellationError */
export async function askForText(input: Input): Promise<string> {
	const selected = selection();
	return selected === "" ? paste(input) : selected;
}

function selection(): string {
	const editor = vscode.window.activeTextEditor;
	return editor === undefined || editor.selection.isEmpty ? "" : editor.document.getText(editor.selection);
}

async function paste({ title, remark }: Input): Promise<string> {
	const box = vscode.window.createInputBox();
	const useClipboard: vscode.QuickInputButton = {
		iconPath: new vscode.ThemeIcon("clippy"),
		tooltip: l10n.t("Use the Clipboard"),
	};
	box.title = title;
	box.password = true;
	box.ignoreFocusOut = true;
	box.buttons = [useClipboard];
	box.placeholder = l10n.t("A token, its ID, or a 401 or 403 response");
	box.prompt = l10n.t(
		"Paste a token, its ID, or the response of a failed call. The text is neither shown nor stored; the daemon receives only a hash.",
	);
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	box.onDidChangeValue((text) => {
		box.validationMessage =
			text === "" ? undefined : { message: remark(text), severity: vscode.InputBoxValidationSeverity.Info };
	});
	box.onDidAccept(() => {
		if (box.value.trim() !== "") resolve(box.value);
	});
	box.onDidTriggerButton(() => vscode.env.clipboard.readText().then(resolve, reject));
	box.onDidHide(() => reject(new vscode.CancellationError()));
	box.show();
	try {
		return await promise;
	} finally {
		box.dispose();
	}
}
