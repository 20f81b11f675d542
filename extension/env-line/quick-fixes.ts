/** Quick fixes for the problems on env lines. */
import * as vscode from "vscode";
import { type WaysDeps, waysOf } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import { lineArgument, lineAt } from "../env/line-argument.ts";
import type { TrackedFiles } from "../env/tracked-files.ts";
import { type ActionName, actions, actionsFor } from "./line-actions.ts";
import type { FindingCode } from "./line-findings.ts";
import { problemSource } from "./line-problems.ts";

interface QuickFixesDeps {
	bindings: Bindings;
	connections: WaysDeps;
	live: LiveTokens;
	tracked: TrackedFiles;
}

/** `own`: the actions that the line's token allows. The first is preferred. */
const fixes: Record<FindingCode, (own: readonly ActionName[]) => readonly ActionName[]> = {
	"expires-soon": (own) => [...own, "show"],
	expired: (own) => [...own, "comment-out", "show"],
	revoked: (own) => [...own, "comment-out", "show"],
	"in-doubt": (own) => [...own, "show"],
	disabled: (own) => [...own, "show"],
	rotated: (own) => [...own, "show"],
	tracked: (own) => ["untrack", ...own.filter((name) => name === "rotate")],
	shared: () => ["create", "show"],
	unknown: () => ["import", "ignore"],
	more: () => [],
};

export class QuickFixes implements vscode.CodeActionProvider {
	static readonly metadata: vscode.CodeActionProviderMetadata = {
		providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
	};
	readonly #deps: QuickFixesDeps;

	constructor(deps: QuickFixesDeps) {
		this.#deps = deps;
	}

	provideCodeActions(
		document: vscode.TextDocument,
		_range: vscode.Range,
		{ diagnostics }: vscode.CodeActionContext,
	): vscode.CodeAction[] {
		return diagnostics
			.filter(({ source }) => source === problemSource)
			.flatMap((diagnostic) => this.#fixesFor(document, diagnostic));
	}

	#fixesFor(document: vscode.TextDocument, diagnostic: vscode.Diagnostic): vscode.CodeAction[] {
		const { bindings, connections, live, tracked } = this.#deps;
		const line = lineAt(bindings, document.uri, diagnostic.range.start);
		if (line === undefined) return [];
		const token = live.tokens.find(({ id }) => id === line.tokenId);
		const own = token === undefined ? [] : actionsFor(token, waysOf(connections, token));
		const names = fixes[diagnostic.code as FindingCode](own);
		// A worse problem of the line may hide that Git tracks it.
		const untrack: ActionName[] =
			names.length > 0 && tracked.has(document.uri) && !names.includes("untrack") ? ["untrack"] : [];
		return [...names, ...untrack].map((name, index) =>
			toAction(name, { line, bindings, diagnostic, rank: index }),
		);
	}
}

interface FixContext {
	line: EnvLine;
	bindings: Bindings;
	diagnostic: vscode.Diagnostic;
	/** 0: preferred. */
	rank: number;
}

function toAction(name: ActionName, { line, bindings, diagnostic, rank }: FixContext): vscode.CodeAction {
	const { command, title, of } = actions[name];
	const argument = { token: { id: line.tokenId }, line: lineArgument(line, bindings), nothing: undefined }[
		of
	];
	const action = new vscode.CodeAction(title(), vscode.CodeActionKind.QuickFix);
	action.command = { command: `tokensmith.${command}`, title: title(), arguments: [argument] };
	action.diagnostics = [diagnostic];
	action.isPreferred = rank === 0;
	return action;
}
