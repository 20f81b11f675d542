/** Asks for the filter of the token list, which follows each letter. Escape restores the old filter. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ShownTokens } from "./shown-tokens.ts";

export async function filterTokens(shown: ShownTokens): Promise<void> {
	const before = shown.filter;
	const box = vscode.window.createInputBox();
	const follow = () => {
		shown.filter = box.value;
		const { count, of } = shown.count;
		// VS Code itself adds what Enter and Escape do.
		box.prompt = l10n.t("{0} of {1} tokens. Escape restores the old filter.", count, of);
	};
	box.title = l10n.t("Filter Tokens");
	box.placeholder = l10n.t("Name, permission, resource, tag, status or env file");
	box.value = before;
	// The user can browse the list in the meantime.
	box.ignoreFocusOut = true;
	box.onDidChangeValue(follow);
	follow();
	try {
		if ((await answer(box)) === "kept") await vscode.commands.executeCommand("tokensmith.tokens.focus");
		else shown.filter = before;
	} finally {
		box.dispose();
	}
}

function answer(box: vscode.InputBox): Promise<"kept" | "left"> {
	return new Promise((resolve) => {
		box.onDidAccept(() => {
			resolve("kept");
			box.hide();
		});
		box.onDidHide(() => resolve("left"));
		box.show();
	});
}
