/** Offers to create the token that a line waits for: a lens above the line, and a quick fix on it. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Bindings } from "../env/bindings.ts";
import { type WaitingLine, waitingLinesOf } from "../env/waiting-lines.ts";
import { isCodeLensWanted } from "../settings.ts";
import { kindOf } from "./env-documents.ts";

export class WaitingLineOffers
	implements vscode.CodeLensProvider, vscode.CodeActionProvider, vscode.Disposable
{
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChangeCodeLenses = this.#changed.event;
	readonly #listeners: vscode.Disposable;

	constructor({ bindings }: { bindings: Pick<Bindings, "onDidChange"> }) {
		const refresh = () => this.#changed.fire();
		this.#listeners = vscode.Disposable.from(
			// What an example's lines wait for depends on the env files next to it.
			bindings.onDidChange(refresh),
			vscode.workspace.onDidSaveTextDocument((document) => {
				if (kindOf(document) === "env") refresh();
			}),
			vscode.workspace.onDidGrantWorkspaceTrust(refresh),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith.codeLens.enabled")) refresh();
			}),
		);
	}

	async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
		if (!isCodeLensWanted()) return [];
		return (await waitingLinesOf(document)).map(
			(waiting) =>
				new vscode.CodeLens(
					new vscode.Range(waiting.line, 0, waiting.line, 0),
					commandFor(document, waiting),
				),
		);
	}

	async provideCodeActions(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CodeAction[]> {
		const waiting = await waitingLinesOf(document);
		return waiting
			.filter(({ line }) => range.start.line <= line && line <= range.end.line)
			.map((line) => {
				const command = commandFor(document, line);
				const action = new vscode.CodeAction(command.title, vscode.CodeActionKind.QuickFix);
				action.command = command;
				return action;
			});
	}

	dispose(): void {
		this.#listeners.dispose();
		this.#changed.dispose();
	}
}

/** Only strings: the line is looked up again when the command runs. */
function commandFor({ uri }: vscode.TextDocument, { key }: WaitingLine): vscode.Command {
	return {
		title: l10n.t("Create Token for This Line"),
		command: "tokensmith.createTokenForLine",
		arguments: [{ waiting: { uri: uri.toString(), key } }],
	};
}
