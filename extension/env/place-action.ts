/** Writes a secret to the line of an env file that was chosen for it. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { writeEnvValue } from "./env-files.ts";
import type { Placement } from "./env-steps.ts";
import { FileError } from "./file-text.ts";
import { addToGitignore } from "./git-ignore.ts";
import type { Saved } from "./workspace-file.ts";

/** @throws FileError; the secret is not in the file then. */
export async function placeSecret(placement: Placement, secret: string): Promise<Saved> {
	const { target, key, gitignore, expected } = placement;
	// First, so that no commit can include the secret.
	if (gitignore === "add") await ignoreOnDisk(target.uri);
	return writeEnvValue(target.uri, key, secret, { expected });
}

/** Git reads the disk: a line in an unsaved editor does not prevent a commit. */
async function ignoreOnDisk(uri: vscode.Uri): Promise<void> {
	const { ignoreFile, saved } = await addToGitignore(uri);
	if (saved === "saved") return;
	const name = vscode.workspace.asRelativePath(ignoreFile);
	throw new FileError(
		"not-saved",
		l10n.t("{0} has unsaved changes. Save it so that Git ignores the env file, then try again.", name),
	);
}
