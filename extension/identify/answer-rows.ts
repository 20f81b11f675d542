/**
 * The rows of an answer: facts, lines to open, and the actions that the token's record and this machine allow. Knows no
 * VS Code; no row contains a secret.
 */

import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Ways } from "../connections/ways.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { labelText, quoted } from "../display-text.ts";
import { listInWords } from "../language.ts";
import { latestOf } from "../tokens/lineage.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { type Fact, factsOf, stateInWords } from "../tokens/token-facts.ts";

export interface KnownLine {
	readonly words: string;
	readonly commented: boolean;
}

/** What is known besides the text; undefined members are not known yet. */
export interface Known<Line extends KnownLine> {
	/** The daemon's answer, by hash. */
	readonly found: Readonly<Record<string, TokenRecord>> | undefined;
	readonly tokens: readonly TokenRecord[];
	/** Whether the token's secret is stored on this machine. */
	isKept(id: string): boolean;
	/** The name of the server that has it; undefined: this machine. */
	placeOf(token: TokenRecord): string | undefined;
	/** What of it can be done. */
	waysOf(token: TokenRecord): Ways;
	/** Env lines by the hash of their value. */
	linesWith(hash: string): readonly Line[];
	linesOf(id: string): readonly Line[];
	/** Why the daemon's answer is missing. */
	readonly problem: string | undefined;
	/** Whether the env files have been scanned: `unread` in Restricted Mode, where they are not. */
	readonly files: "scanning" | "ready" | "unread";
}

export type Action<Line> =
	| { readonly kind: "command"; readonly command: string; readonly id: string | undefined }
	| { readonly kind: "line"; readonly line: Line }
	| { readonly kind: "token"; readonly id: string }
	| { readonly kind: "again" };

/** A row without an action is informational; `section` starts a new part of the list. */
export interface AnswerRow<Line> {
	readonly label: string;
	readonly description?: string;
	readonly detail?: string;
	readonly section?: true;
	readonly action?: Action<Line>;
}

export interface Answer<Line> {
	/** The conclusion, in one sentence. */
	readonly headline: string;
	readonly rows: readonly AnswerRow<Line>[];
}

/** The part about one token, as shown when another token's answer leads to it. */
export function recordPart<Line extends KnownLine>(
	token: TokenRecord,
	known: Known<Line>,
	now: number,
): Answer<Line> {
	const state = stateInWords(token, urgencyOf(token, [], now), now);
	const told = l10n.t("{0}: {1}.", quoted(token.name), state);
	const successor = successorInWords(token, known);
	const headline = successor === undefined ? told : `${told} ${successor}`;
	const facts = factsOf(token, known.isKept(token.id) ? "kept" : "absent", now, known.placeOf(token));
	return {
		headline,
		rows: [...facts.map(factRow<Line>), ...lineRows(token, known), ...actionRows(token, known)],
	};
}

/** Where the secret is that is valid instead; undefined: the token has no known successor. */
export function successorInWords<Line extends KnownLine>(
	token: TokenRecord,
	known: Known<Line>,
): string | undefined {
	const successor = latestOf(known.tokens, token);
	if (successor.id === token.id) return undefined;
	const name = quoted(successor.name);
	const lines = known.linesOf(successor.id).map(({ words }) => labelText(words));
	if (lines.length > 0)
		return l10n.t("It was rotated; its successor {0} is in {1}.", name, listInWords(lines.slice(0, 3)));
	if (known.files !== "ready") return l10n.t("It was rotated; its successor is {0}.", name);
	return l10n.t("It was rotated; its successor {0} is in no env file of this workspace.", name);
}

export function factRow<Line>({ label, value }: Fact): AnswerRow<Line> {
	const text = labelText(value);
	// Text that is too long for one line goes below its name, where it is not cut off.
	return text.length > 60 ? { label, detail: text } : { label, description: text };
}

const longestLine = 80;
const mostLines = 8;

/** A list cuts a row after one line, so that a text has as many rows as it needs. */
export function textRows<Line>(heading: string, text: string): AnswerRow<Line>[] {
	const lines: string[] = [];
	for (const word of labelText(text).split(" ")) {
		const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
		if (lines.length > 0 && longer.length <= longestLine) lines[lines.length - 1] = longer;
		else lines.push(word);
	}
	return [{ label: heading, section: true }, ...lines.slice(0, mostLines).map((label) => ({ label }))];
}

function lineRows<Line extends KnownLine>(token: TokenRecord, known: Known<Line>): AnswerRow<Line>[] {
	const label = l10n.t("Where it is used");
	if (known.files === "unread")
		return [factRow({ label, value: l10n.t("In Restricted Mode, env files are not read.") })];
	const lines = known.linesOf(token.id);
	if (lines.length > 0) return lines.map(lineRow);
	if (known.files === "scanning") return [factRow({ label, value: l10n.t("Searching the env files…") })];
	return [factRow({ label, value: l10n.t("In no env file of this workspace") })];
}

export function lineRow<Line extends KnownLine>(line: Line): AnswerRow<Line> {
	const label = `$(go-to-file) ${labelText(line.words)}`;
	return { label, description: l10n.t("contains it"), action: { kind: "line", line } };
}

function actionRows<Line extends KnownLine>(token: TokenRecord, known: Known<Line>): AnswerRow<Line>[] {
	const { id, status, successorId, issuer } = token;
	const works = status === "active" || status === "retiring";
	const ways = known.waysOf(token);
	const isOwn = isTokensmith(issuer);
	const row = (icon: string, label: string, action: Action<Line>) => ({
		label: `$(${icon}) ${label}`,
		action,
	});
	const rows: (AnswerRow<Line> | false)[] = [
		successorId !== null &&
			row("arrow-right", l10n.t("Show Its Successor"), { kind: "token", id: successorId }),
		status === "active" &&
			isOwn &&
			ways.rotate !== "none" &&
			row("sync", l10n.t("Rotate…"), command("rotateToken", id)),
		(works || status === "disabled") && ways.change && row("edit", l10n.t("Edit…"), command("editToken", id)),
		(status === "disabled" || status === "in-doubt") &&
			isOwn &&
			ways.restore &&
			row("debug-start", l10n.t("Enable"), command("enableToken", id)),
		known.isKept(id) && works && row("copy", l10n.t("Copy Secret"), command("copySecret", id)),
		row("list-tree", l10n.t("Show in Side Bar"), command("showToken", id)),
		status !== "revoked" &&
			ways.revoke !== "none" &&
			row("trash", l10n.t("Revoke…"), command("revokeToken", id)),
		status !== "revoked" &&
			!isOwn &&
			ways.revoke === "none" &&
			row("trash", l10n.t("Mark as Revoked…"), command("markRevoked", id)),
	];
	return rows.filter((one) => one !== false);
}

export function command<Line>(name: string, id?: string): Action<Line> {
	return { kind: "command", command: `tokensmith.${name}`, id };
}
