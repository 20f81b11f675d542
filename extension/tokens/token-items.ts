/** How groups, tokens and lines look in the side bar. Labels and tooltips contain no secret. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { endOf, type TokenRecord } from "../../daemon/contract.ts";
import type { Connections, WaysDeps } from "../connections/connections.ts";
import { plainText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { timeBadgeOf } from "./time-badge.ts";
import { amountLeft, timeSince, type Urgency, urgencyOf } from "./time-left.ts";
import {
	type Fact,
	factsOf,
	isUnconfirmed,
	type SecretPlace,
	stateInFewWords,
	stateInWords,
} from "./token-facts.ts";
import type { TokenGroup } from "./token-groups.ts";
import { kindOf } from "./token-kinds.ts";
import type { GroupNode, LineNode, TokenNode } from "./token-nodes.ts";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

/** What all items of one drawing share. */
export interface ItemFacts {
	now: number;
	warningDays: readonly number[];
	/** The ids of the tokens whose secrets are stored on this machine. */
	kept: ReadonlySet<string>;
	/** The ids of the tokens that share their name with others. */
	namesakes: ReadonlySet<string>;
	/** What can be done with tokens of other systems. */
	connections: Pick<Connections, "capabilitiesOf"> & WaysDeps;
}

/** Only tokens that have not ended: a rotated token is listed under its successor, which has its name. */
export function namesakesAmong(tokens: readonly TokenRecord[]): ReadonlySet<string> {
	const current = tokens.filter(
		({ revokedDate, successorId }) => revokedDate === null && successorId === null,
	);
	const byName = Map.groupBy(current, ({ name }) => name);
	return new Set([...byName.values()].flatMap((same) => (same.length > 1 ? same.map(({ id }) => id) : [])));
}

export function groupItem({ group }: GroupNode): vscode.TreeItem {
	const { id, kind, label, remark, detail, isWritable, entries } = group;
	const item = new vscode.TreeItem(plainText(label), isOutOfTheWay(kind) ? Collapsed : Expanded);
	item.id = id;
	item.description = joined(String(entries.length), remark ?? "");
	item.contextValue = kind === "server" ? `server${isWritable ? ".write" : ""}` : "group";
	if (detail !== undefined) item.tooltip = detail;
	if (kind === "server") {
		const isReached = remark === undefined;
		item.iconPath = isReached
			? icon("server-environment", "tokensmith.activeForeground")
			: icon("debug-disconnect", "tokensmith.soonForeground");
	}
	const count =
		entries.length === 1 ? l10n.t("{0}, 1 token", label) : l10n.t("{0}, {1} tokens", label, entries.length);
	item.accessibilityInformation = { label: plainText(joined(count, remark ?? "")) };
	return item;
}

/** Without the tooltip, which `tokenTooltip` adds on demand: computing thousands of them would delay the list. */
export function tokenItem(
	{ token, entry, group, parent }: TokenNode,
	{ now, warningDays, kept, namesakes, connections }: ItemFacts,
): vscode.TreeItem {
	const urgency = urgencyOf(token, warningDays, now);
	// The name of its successor, in the row above, would leave no room for its state in a narrow side bar.
	const isNamedAbove = urgency === "retiring" && parent.kind === "token" && parent.token.name === token.name;
	const kind = parent.kind === "group" ? group.kind : "token";
	const state = isNamedAbove ? amountLeft(token, now) : stateBriefly(token, urgency, { now, kind });
	const secret = kept.has(token.id) ? "kept" : "absent";
	const ends = [
		...(isUnconfirmed(token, secret) ? [l10n.t("not confirmed")] : []),
		...(namesakes.has(token.id) ? [endOfSecret(token)] : []),
	];
	const item = new vscode.TreeItem(isNamedAbove ? l10n.t("Rotated") : plainText(token.name));
	// A token is listed once, or once for each file that holds it.
	item.id = group.kind === "file" ? `${group.id}/${token.id}` : token.id;
	item.description = joined(state, ...ends);
	item.iconPath = iconOf[urgency];
	const badge = isNear(urgency) ? timeBadgeOf(token.name, token, now) : undefined;
	if (badge !== undefined) item.resourceUri = badge;
	item.contextValue = kindOf(token, secret, connections);
	if (entry.retiring.length > 0) item.collapsibleState = Expanded;
	else item.collapsibleState = entry.lines.length > 0 ? Collapsed : None;
	const said = joined(stateInWords(token, urgency, now), ...ends);
	item.accessibilityInformation = { label: spoken(token, entry.lines, said) };
	return item;
}

const isNear = (urgency: Urgency) => urgency === "urgent" || urgency === "soon";

/** `…Ab12`: distinguishes tokens of the same name in little room. */
function endOfSecret({ partialToken }: TokenRecord): string {
	return plainText(partialToken.replace(/^.*(?=….)/s, ""));
}

function joined(...parts: readonly string[]): string {
	return parts.filter((part) => part !== "").join(" · ");
}

export function lineItem({ line, parent }: LineNode): vscode.TreeItem {
	const item = new vscode.TreeItem(plainText(line.words));
	item.id = `${parent.group.id}/${parent.id}/${line.uri}#${line.line}`;
	item.iconPath = new vscode.ThemeIcon("link");
	item.contextValue = "envLine.known";
	item.tooltip = l10n.t("Go to {0}", plainText(line.words));
	item.command = openLineCommand(line);
	item.accessibilityInformation = {
		label: l10n.t("{0} in {1}, line {2}", plainText(line.key), plainText(line.fileName), line.line),
	};
	return item;
}

export function openLineCommand(line: EnvLine): vscode.Command {
	return { command: "tokensmith.openLine", title: l10n.t("Go to Line"), arguments: [{ line }] };
}

/**
 * Text from other sources is appended as plain text, so that a name cannot add links or pictures.
 * @param options.system the name of its connection
 */
export function tokenTooltip(
	token: TokenRecord,
	secret: SecretPlace,
	now: number,
	{ more = [], system }: { more?: readonly Fact[]; system?: string | undefined } = {},
): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString("**");
	appendWords(tooltip, token.name).appendMarkdown("**\n\n");
	if (token.description !== "") appendWords(tooltip, token.description).appendMarkdown("\n\n");
	for (const { label, value } of [...factsOf(token, secret, now, system), ...more])
		appendWords(tooltip.appendMarkdown(`${label}: `), value).appendMarkdown("  \n");
	return tooltip;
}

const icon = (id: string, color: string) => new vscode.ThemeIcon(id, new vscode.ThemeColor(color));

export const iconOf: Readonly<Record<Urgency, vscode.ThemeIcon>> = {
	revoked: icon("circle-slash", "tokensmith.endedForeground"),
	"in-doubt": icon("question", "tokensmith.expiredForeground"),
	disabled: icon("debug-pause", "tokensmith.endedForeground"),
	rotated: icon("history", "tokensmith.endedForeground"),
	retiring: icon("history", "tokensmith.activeForeground"),
	expired: icon("error", "tokensmith.expiredForeground"),
	urgent: icon("warning", "tokensmith.urgentForeground"),
	soon: icon("watch", "tokensmith.soonForeground"),
	calm: icon("key", "tokensmith.activeForeground"),
	never: icon("key", "tokensmith.endedForeground"),
	unknown: icon("key", "tokensmith.endedForeground"),
};

function isOutOfTheWay(kind: TokenGroup["kind"]): boolean {
	return kind === "ended" || kind === "no-file";
}

interface Place {
	now: number;
	/** The group or the token that it is listed under. */
	kind: TokenGroup["kind"] | "token";
}

/** The side bar is narrow, so what the group's title says is left out. */
function stateBriefly(token: TokenRecord, urgency: Urgency, { now, kind }: Place): string {
	if (kind === "never" || kind === "unknown") return "";
	if (kind === "expired") return timeSince(endOf(token), now);
	return stateInFewWords(token, urgency, now);
}

function spoken({ name }: TokenRecord, { length }: readonly EnvLine[], state: string): string {
	if (length === 0) return `${plainText(name)}, ${state}`;
	return length === 1
		? l10n.t("{0}, {1}, in 1 line", plainText(name), state)
		: l10n.t("{0}, {1}, in {2} lines", plainText(name), state, length);
}

/** Word by word: appendText makes every space non-breaking, and long lines would break within words. */
export function appendWords(tooltip: vscode.MarkdownString, text: string): vscode.MarkdownString {
	for (const [index, word] of plainText(text).split(" ").entries())
		tooltip.appendMarkdown(index === 0 ? "" : " ").appendText(word);
	return tooltip;
}
