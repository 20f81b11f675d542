/** Which documents are env files: by the patterns of the setting, for their language is one of many. */
import * as vscode from "vscode";
import { isExample } from "../env/env-files.ts";
import { envFilePatterns } from "../settings.ts";

type DocumentKind =
	| "env"
	/** Of env files' names, but for others to see: `.env.example`. */
	| "example"
	| "other";

/** Whatever the scheme: the two sides of a comparison in git are env files too. */
function envSelector(): vscode.DocumentFilter[] {
	return envFilePatterns().map((pattern) => ({ pattern }));
}

export function kindOf(document: vscode.TextDocument): DocumentKind {
	if (vscode.languages.match(envSelector(), document) === 0) return "other";
	return isExample(document.uri.path.slice(document.uri.path.lastIndexOf("/") + 1)) ? "example" : "env";
}

/** Calls `register` for the env files of now, and anew when the setting changes. */
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
