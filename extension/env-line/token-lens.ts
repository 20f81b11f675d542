/** The code lens above each env line that holds a token: `orders-api · 12 days left · Rotate`. Env files only. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { type WaysDeps, waysOf } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText } from "../display-text.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import { lineArgument } from "../env/line-argument.ts";
import { isCodeLensWanted, warningDays } from "../settings.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import { type ActionName, actions, actionsFor } from "./line-actions.ts";
import type { Masking } from "./masking.ts";

interface TokenLensDeps {
	bindings: Bindings;
	connections: WaysDeps;
	live: LiveTokens;
	masking: Masking;
}

export class TokenLens implements vscode.CodeLensProvider, vscode.Disposable {
	readonly #deps: TokenLensDeps;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChangeCodeLenses = this.#changed.event;
	readonly #listeners: vscode.Disposable;

	constructor(deps: TokenLensDeps) {
		this.#deps = deps;
		const refresh = () => this.#changed.fire();
		const { bindings, live, masking } = deps;
		this.#listeners = vscode.Disposable.from(
			bindings.onDidChange(refresh),
			live.onDidChange(refresh),
			masking.onDidChange(refresh),
			vscode.workspace.onDidChangeConfiguration((change) => {
				const names = ["tokensmith.codeLens.enabled", "tokensmith.expiry.warningDays"];
				if (names.some((name) => change.affectsConfiguration(name))) refresh();
			}),
		);
	}

	provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
		if (!isCodeLensWanted()) return [];
		const { bindings } = this.#deps;
		// A commented-out line has no effect, and a lens above it would only be in the way.
		const lines = bindings.linesIn(document.uri).filter(({ commented }) => !commented);
		return lines.flatMap((line) => this.#commandsFor(line, document)).map(toLens);
	}

	dispose(): void {
		this.#listeners.dispose();
		this.#changed.dispose();
	}

	#commandsFor(line: EnvLine, document: vscode.TextDocument): Placed[] {
		const { live, masking } = this.#deps;
		const token = live.tokens.find(({ id }) => id === line.tokenId);
		// The list may not yet contain a token that has just been created.
		if (token === undefined && line.tokenId !== undefined) return [];
		const names =
			token === undefined
				? (["import", "ignore"] as const)
				: actionsFor(token, waysOf(this.#deps.connections, token)).slice(0, 1);
		const head = token === undefined ? headOfUnknown(line) : headOf(token);
		const reveal: ActionName[] = masking.masks(document) && !masking.isPresenting ? ["reveal"] : [];
		const commands = [...names, ...reveal].map((name) => commandOf(name, line, this.#deps.bindings));
		return [head, ...commands].map((command) => ({ command, line }));
	}
}

interface Placed {
	command: vscode.Command;
	line: EnvLine;
}

function toLens({ command, line: { range } }: Placed): vscode.CodeLens {
	return new vscode.CodeLens(new vscode.Range(range.start.line, 0, range.start.line, 0), command);
}

/** VS Code draws a bar between the lenses of a line. */
function headOf(token: TokenRecord): vscode.Command {
	const now = Date.now();
	const state = stateInWords(token, urgencyOf(token, warningDays(), now), now);
	return {
		title: `${labelText(token.name)} · ${state}`,
		tooltip: l10n.t("Show the token in the side bar"),
		command: "tokensmith.showToken",
		arguments: [{ id: token.id }],
	};
}

function headOfUnknown({ like }: EnvLine): vscode.Command {
	const title =
		like?.name === undefined ? l10n.t("Unknown token") : l10n.t("Unknown {0} token", labelText(like.name));
	return { title, command: "" };
}

function commandOf(name: ActionName, line: EnvLine, bindings: Bindings): vscode.Command {
	const { command, title, of } = actions[name];
	const argument = of === "token" ? { id: line.tokenId } : lineArgument(line, bindings);
	return { title: title(), command: `tokensmith.${command}`, arguments: [argument] };
}
