/** Excludes an env file from Git as of the next commit, and explains what that does not undo. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { messageText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { FileError, nameOf } from "../env/file-text.ts";
import { addToGitignore, untrack } from "../env/git-ignore.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";

export async function ignoreAndUntrack({ tracked }: Pick<Services, "tracked">, line: EnvLine): Promise<void> {
	const { uri, tokenId } = line;
	const file = messageText(nameOf(uri));
	await confirm(file);
	// First, so that `git add .` can never add the file in between.
	const { ignoreFile, saved } = await addToGitignore(uri);
	if (saved === "unsaved") throw notSaved(ignoreFile);
	await untrack(uri);
	tracked.forget();
	const rotate = l10n.t("Rotate");
	const text = l10n.t(
		"The next commit removes {0} from Git; the file itself stays. Earlier commits still contain its secrets: rotate every secret that was pushed.",
		file,
	);
	const chosen = await showInformation(text, ...(tokenId === undefined ? [] : [rotate]));
	if (chosen === rotate) await vscode.commands.executeCommand("tokensmith.rotateToken", { id: tokenId });
}

async function confirm(file: string): Promise<void> {
	const go = l10n.t("Ignore and Untrack");
	const detail = l10n.t(
		"Tokensmith adds the file to .gitignore, and Git stops tracking it. The file itself stays as it is. Anyone who pulls that commit loses their copy of it.",
	);
	const question = l10n.t("Untrack {0} in Git?", file);
	const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, go);
	if (chosen !== go) throw new vscode.CancellationError();
}

/** Git reads the disk: a line in an unsaved editor does not prevent a commit. */
function notSaved(ignoreFile: vscode.Uri): FileError {
	const detail = l10n.t("{0} has unsaved changes. Save it, then try again.", messageText(nameOf(ignoreFile)));
	return new FileError("not-saved", detail);
}
