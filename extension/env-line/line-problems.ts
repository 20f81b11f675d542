/**
 * Shows the findings about the lines of all env files in the Problems view. Derived; a file without findings has no
 * entry.
 */
import * as vscode from "vscode";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import type { TrackedFiles } from "../env/tracked-files.ts";
import { areProblemsWanted, warningDays } from "../settings.ts";
import { type Finding, findingsOf } from "./line-findings.ts";

export const problemSource = "Tokensmith";

interface LineProblemsDeps {
	bindings: Bindings;
	live: LiveTokens;
	tracked: TrackedFiles;
}

/** A burst of changes, as of many tokens at once, causes one update. */
const settleMilliseconds = 50;

export class LineProblems implements vscode.Disposable {
	readonly #deps: LineProblemsDeps;
	readonly #collection = vscode.languages.createDiagnosticCollection("tokensmith");
	readonly #shown = new Map<string, string>();
	readonly #listeners: vscode.Disposable;
	#timer: NodeJS.Timeout | undefined;

	constructor(deps: LineProblemsDeps) {
		this.#deps = deps;
		const update = () => this.#updateSoon();
		const { bindings, live, tracked } = deps;
		this.#listeners = vscode.Disposable.from(
			bindings.onDidChange(update),
			live.onDidChange(update),
			tracked.onDidChange(update),
			vscode.workspace.onDidChangeConfiguration((change) => {
				const names = ["tokensmith.diagnostics.enabled", "tokensmith.expiry.warningDays"];
				if (names.some((name) => change.affectsConfiguration(name))) update();
			}),
		);
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#listeners.dispose();
		this.#collection.dispose();
	}

	#updateSoon(): void {
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			this.#update();
		}, settleMilliseconds);
	}

	#update(): void {
		const files = areProblemsWanted() ? this.#deps.bindings.files : [];
		const known = new Set(files.map(({ uri }) => uri.toString()));
		for (const uri of this.#shown.keys()) if (!known.has(uri)) this.#show(vscode.Uri.parse(uri), []);
		const tokens = new Map(this.#deps.live.tokens.map((token) => [token.id, token]));
		const context = { tokens, warningDays: warningDays(), now: Date.now() };
		for (const { uri, lines } of files) {
			const isTracked = this.#deps.tracked.has(uri);
			this.#show(uri, findingsOf(lines, { ...context, isTracked }));
		}
	}

	/** Only differences go to VS Code: when a token's remaining minutes change, hundreds of files stay the same. */
	#show(uri: vscode.Uri, findings: readonly Finding<EnvLine>[]): void {
		const print = findings
			.map(({ message, line: { range } }) => `${message} ${JSON.stringify(range)}`)
			.join("\n");
		if ((this.#shown.get(uri.toString()) ?? "") === print) return;
		if (print === "") this.#shown.delete(uri.toString());
		else this.#shown.set(uri.toString(), print);
		this.#collection.set(uri, findings.map(toDiagnostic));
	}
}

const severities = {
	error: vscode.DiagnosticSeverity.Error,
	warning: vscode.DiagnosticSeverity.Warning,
	information: vscode.DiagnosticSeverity.Information,
} as const;

function toDiagnostic({ code, severity, message, line, related }: Finding<EnvLine>): vscode.Diagnostic {
	const diagnostic = new vscode.Diagnostic(line.range, message, severities[severity]);
	diagnostic.source = problemSource;
	diagnostic.code = code;
	if (related !== undefined) {
		const location = new vscode.Location(related.uri, related.range);
		diagnostic.relatedInformation = [new vscode.DiagnosticRelatedInformation(location, related.words)];
	}
	return diagnostic;
}
