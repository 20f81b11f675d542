/**
 * The hover on an env line: the token's details, with actions as links. Answers from memory, never shows the value, and
 * trusts no Markdown except the commands that it links.
 */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import { type Connections, type WaysDeps, waysOf } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import { lineArgument, lineAt } from "../env/line-argument.ts";
import { warningDays } from "../settings.ts";
import { dateInWords, urgencyOf } from "../tokens/time-left.ts";
import { lastUse, permissionsInWords, placeFacts, stateInWords } from "../tokens/token-facts.ts";
import { appendWords } from "../tokens/token-items.ts";
import { type ActionName, actions, actionsFor } from "./line-actions.ts";
import type { Masking } from "./masking.ts";
import { argumentFor, type MissingKey } from "./missing-key.ts";

const maxPlaces = 5;

interface TokenHoverDeps {
	bindings: Bindings;
	connections: Pick<Connections, "placeOf"> & WaysDeps;
	live: LiveTokens;
	masking: Masking;
}

export class TokenHover implements vscode.HoverProvider {
	readonly #deps: TokenHoverDeps;

	constructor(deps: TokenHoverDeps) {
		this.#deps = deps;
	}

	provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
		const { bindings, live } = this.#deps;
		const line = lineAt(bindings, document.uri, position);
		if (line === undefined) return undefined;
		const token = live.tokens.find(({ id }) => id === line.tokenId);
		if (token !== undefined) return new vscode.Hover(this.#ofToken(line, token), wholeLine(document, line));
		if (line.tokenId !== undefined) return undefined;
		return new vscode.Hover(this.#ofUnknown(line), wholeLine(document, line));
	}

	/** For a place in code that reads the line's key: where the line is, and what its hover says. */
	about(line: EnvLine): vscode.MarkdownString | undefined {
		const token = this.#deps.live.tokens.find(({ id }) => id === line.tokenId);
		if (token === undefined && line.tokenId !== undefined) return undefined;
		const hover = trustedMarkdown();
		const argument = lineArgument(line, this.#deps.bindings);
		appendLink(hover, { text: line.words, command: "openLine", argument });
		hover.appendMarkdown("\n\n");
		return token === undefined ? this.#ofUnknown(line, hover) : this.#ofToken(line, token, hover);
	}

	/** For a place in code that reads a key which no env file has a value for. */
	missing(missing: MissingKey): vscode.MarkdownString {
		const hover = trustedMarkdown();
		appendWords(hover, l10n.t("No env file has a value for {0}.", missing.key)).appendMarkdown("\n\n");
		const text = l10n.t("Create Token for {0} in {1}", missing.key, missing.fileName);
		appendLink(hover, { text, command: "createTokenForLine", argument: argumentFor(missing) });
		return hover;
	}

	#ofToken(line: EnvLine, token: TokenRecord, hover = trustedMarkdown()): vscode.MarkdownString {
		const { live, connections } = this.#deps;
		const now = Date.now();
		const state = stateInWords(token, urgencyOf(token, warningDays(), now), now);
		appendWords(hover.appendMarkdown("**"), token.name).appendMarkdown("** · ");
		appendWords(hover, state).appendMarkdown("\n\n");
		if (token.description !== "") appendWords(hover, token.description).appendMarkdown("\n\n");
		for (const [label, value] of factsOf(token, live.tokens, { now, system: connections.placeOf(token) }))
			appendWords(hover.appendMarkdown(`${label}: `), value).appendMarkdown("  \n");
		this.#appendPlaces(hover, line);
		return this.#appendActions(hover, line, [
			...actionsFor(token, waysOf(this.#deps.connections, token)),
			"show",
			"activity",
		]);
	}

	#ofUnknown(line: EnvLine, hover = trustedMarkdown()): vscode.MarkdownString {
		const issuer = line.like?.name;
		const text = issuer === undefined ? l10n.t("Unknown token") : l10n.t("Unknown {0} token", issuer);
		appendWords(hover.appendMarkdown("**"), text).appendMarkdown("**");
		return this.#appendActions(hover, line, ["import", "ignore"]);
	}

	/** The other lines with the same secret. */
	#appendPlaces(hover: vscode.MarkdownString, line: EnvLine): void {
		const others = this.#deps.bindings
			.linesOf(line.tokenId ?? "")
			.filter(({ uri, line: number }) => uri.toString() !== line.uri.toString() || number !== line.line);
		if (others.length === 0) return;
		hover.appendMarkdown(`${l10n.t("Also in")}: `);
		for (const [index, other] of others.slice(0, maxPlaces).entries())
			appendLink(hover.appendMarkdown(index === 0 ? "" : ", "), {
				text: other.words,
				command: "openLine",
				argument: lineArgument(other, this.#deps.bindings),
			});
		const rest = others.length - maxPlaces;
		if (rest > 0) hover.appendMarkdown(` ${l10n.t("and {0} more", rest)}`);
		hover.appendMarkdown("  \n");
	}

	#appendActions(
		hover: vscode.MarkdownString,
		line: EnvLine,
		names: readonly ActionName[],
	): vscode.MarkdownString {
		const mayReveal = this.#isHidden(line) && !this.#deps.masking.isPresenting;
		const offered = mayReveal ? [...names, "reveal" as const] : names;
		hover.appendMarkdown("\n\n");
		for (const [index, name] of offered.entries()) {
			const { command, title, of } = actions[name];
			const argument = of === "token" ? { id: line.tokenId } : lineArgument(line, this.#deps.bindings);
			appendLink(hover.appendMarkdown(index === 0 ? "" : " | "), { text: title(), command, argument });
		}
		return hover;
	}

	#isHidden({ uri, range }: EnvLine): boolean {
		const { masking } = this.#deps;
		return vscode.window.visibleTextEditors.some(
			(editor) =>
				editor.document.uri.toString() === uri.toString() &&
				masking.rangesIn(editor).some((masked) => masked.intersection(range) !== undefined),
		);
	}
}

function factsOf(
	token: TokenRecord,
	tokens: readonly TokenRecord[],
	{ now, system }: { now: number; system: string | undefined },
): (readonly [label: string, value: string])[] {
	const end = endOf(token);
	const successor = tokens.find(({ id }) => id === token.successorId);
	const facts: (readonly [string, string] | undefined)[] = [
		end === Number.POSITIVE_INFINITY || token.status === "revoked"
			? undefined
			: // The heading says how long that is.
				[endLabel(token), dateInWords(end)],
		token.revokedReason === null ? undefined : [l10n.t("Reason"), token.revokedReason],
		[l10n.t("Permissions"), permissionsInWords(token)],
		[l10n.t("Last used"), lastUse(token, now)],
		...placeFacts(token, system).map(({ label, value }) => [label, value] as const),
		successor === undefined ? undefined : [l10n.t("Successor"), successor.name],
	];
	return facts.filter((fact) => fact !== undefined);
}

function endLabel({ retiresDate }: TokenRecord): string {
	return retiresDate === null ? l10n.t("Expires") : l10n.t("Overlap ends");
}

function trustedMarkdown(): vscode.MarkdownString {
	const markdown = new vscode.MarkdownString();
	const names = ["openLine", "createTokenForLine", ...Object.values(actions).map(({ command }) => command)];
	markdown.isTrusted = { enabledCommands: names.map((name) => `tokensmith.${name}`) };
	return markdown;
}

interface Link {
	text: string;
	/** Without `tokensmith.` */
	command: string;
	argument: unknown;
}

/** The argument is encoded, so that nothing in it can end the link. */
function appendLink(markdown: vscode.MarkdownString, { text, command, argument }: Link): void {
	const query = encodeURIComponent(JSON.stringify([argument])).replace(/[()]/g, escapeParenthesis);
	markdown.appendMarkdown("[");
	appendWords(markdown, plainText(text));
	markdown.appendMarkdown(`](command:tokensmith.${command}?${query})`);
}

function escapeParenthesis(character: string): string {
	return character === "(" ? "%28" : "%29";
}

function wholeLine(document: vscode.TextDocument, { range }: EnvLine): vscode.Range {
	return document.lineAt(range.start.line).range.union(range);
}
