/**
 * Which documents are env files: decided by the patterns in the settings, since env files have one of many languages.
 */
import * as vscode from "vscode";
import { isExample } from "../../daemon/env-file/env-text.ts";
import { envFilePatterns } from "../settings.ts";

type DocumentKind =
	| "env"
	/** Examples: documents named like env files but meant to be shared, such as `.env.example`. */
	| "example"
	| "other";

/** Any scheme: both sides of a Git diff are env files too. */
function envSelector(): vscode.DocumentFilter[] {
	return envFilePatterns().map((pattern) => ({ pattern }));
}

export function kindOf(document: vscode.TextDocument): DocumentKind {
	if (vscode.languages.match(envSelector(), document) === 0) return "other";
	return isExample(document.uri.path.slice(document.uri.path.lastIndexOf("/") + 1)) ? "example" : "env";
}

/** Calls `register` for the current env files, and again whenever the setting changes. */
export function forEnvDocuments(
	register: (selector: vscode.DocumentFilter[]) => vscode.Disposable,
): vscode.Disposable {
	let registered = register(envSelector());
	const listener = vscode.workspace.onDidChangeConfiguration((change) => {
		if (!change.affectsConfiguration("tokensmith.envFiles.patterns")) return;
		registered.dispose();
		registered = register(envSelector());
	});
	return new vscode.Disposable(() => {
		listener.dispose();
		registered.dispose();
	});
}
