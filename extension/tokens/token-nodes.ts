/** What the list of tokens is made of: groups, tokens and the lines that hold their secrets, each knowing its parent. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { EnvLine } from "../env/bindings.ts";
import { urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";
import type { TokenEntry, TokenGroup } from "./token-groups.ts";

export interface GroupNode {
	readonly kind: "group";
	readonly group: TokenGroup<EnvLine>;
	readonly parent: undefined;
}

/** A command that is started from it goes by `id`, the token's. */
export interface TokenNode {
	readonly kind: "token";
	readonly id: string;
	readonly token: TokenRecord;
	readonly entry: TokenEntry<EnvLine>;
	readonly group: TokenGroup<EnvLine>;
	readonly parent: GroupNode | TokenNode;
}

/** A command that is started from it goes by `line`. */
export interface LineNode {
	readonly kind: "line";
	readonly line: EnvLine;
	readonly parent: TokenNode;
}

export type Node = GroupNode | TokenNode | LineNode;

export function groupNode(group: TokenGroup<EnvLine>): GroupNode {
	return { kind: "group", group, parent: undefined };
}

export function childrenOf(node: Node): Node[] {
	if (node.kind === "line") return [];
	if (node.kind === "group") return node.group.entries.map((entry) => tokenNode(entry, node.group, node));
	const { entry, group } = node;
	const lines = entry.lines.map((line): LineNode => ({ kind: "line", line, parent: node }));
	return [...entry.retiring.map((retiring) => tokenNode(retiring, group, node)), ...lines];
}

/** The first place where the token stands. */
export function findToken(roots: readonly Node[], id: string): TokenNode | undefined {
	for (const node of roots) {
		if (node.kind === "line") continue;
		if (node.kind === "token" && node.id === id) return node;
		const found = findToken(childrenOf(node), id);
		if (found !== undefined) return found;
	}
	return undefined;
}

/**
 * All that is seen of the groups, in one text: as long as it is the same, nothing has to be drawn again. A list that
 * is drawn anew while a menu is open would lose the entry that the menu is about.
 */
export function whatIsSeen(groups: readonly TokenGroup<EnvLine>[], { now, warningDays }: SeenAt): string {
	const entrySeen = ({ token, retiring, lines }: TokenEntry<EnvLine>): unknown => [
		...[token.id, token.name, token.status, token.issuer, token.version],
		stateInWords(token, urgencyOf(token, warningDays, now), now),
		// In the tooltip alone, where a minute more or less is no matter.
		token.lastUsedDate?.slice(0, "2026-01-31T12:00".length),
		lines.map(({ words, uri }) => [words, uri.toString()]),
		retiring.map(entrySeen),
	];
	return JSON.stringify(groups.map(({ id, label, entries }) => [id, label, entries.map(entrySeen)]));
}

interface SeenAt {
	now: number;
	warningDays: readonly number[];
}

function tokenNode(
	entry: TokenEntry<EnvLine>,
	group: TokenGroup<EnvLine>,
	parent: GroupNode | TokenNode,
): TokenNode {
	return { kind: "token", id: entry.token.id, token: entry.token, entry, group, parent };
}
