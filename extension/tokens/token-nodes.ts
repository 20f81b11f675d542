/** What the list of tokens is made of: groups, tokens and the lines that hold their secrets, each knowing its parent. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { EnvLine } from "../env/bindings.ts";
import { urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";
import type { TokenEntry, TokenGroup } from "./token-groups.ts";

export interface GroupNode {
	readonly kind: "group";
	group: TokenGroup<EnvLine>;
	readonly parent: undefined;
}

/** A command that is started from it goes by `id`, the token's. */
export interface TokenNode {
	readonly kind: "token";
	readonly id: string;
	/** VS Code knows the row by this object, so that what is drawn in it is replaced here. */
	token: TokenRecord;
	entry: TokenEntry<EnvLine>;
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

/** A token's place in the list: where tokens are grouped by file, one can stand in several. */
export function placeOf({ group, id }: Pick<TokenNode, "group" | "id">): string {
	return `${group.id}/${id}`;
}

/** Which rows there are, in which order, in one text: as long as it is the same, none has to be put in or taken out. */
export function shapeOf(groups: readonly TokenGroup<EnvLine>[]): string {
	const shape = ({ token, retiring }: TokenEntry<EnvLine>): unknown => [token.id, retiring.map(shape)];
	return JSON.stringify(groups.map(({ id, label, entries }) => [id, label, entries.map(shape)]));
}

/** What a token's row was drawn from, with the lines under it. */
export interface DrawnRow {
	readonly entry: TokenEntry<EnvLine>;
	/** As long as it is the same, the row need not be drawn again. */
	readonly seen: string;
}

/** By place. */
export function rowsOf(groups: readonly TokenGroup<EnvLine>[], facts: SeenWith): Map<string, DrawnRow> {
	const rows = new Map<string, DrawnRow>();
	const add = (group: TokenGroup<EnvLine>, entry: TokenEntry<EnvLine>) => {
		rows.set(placeOf({ group, id: entry.token.id }), { entry, seen: rowSeen(entry, facts) });
		for (const retiring of entry.retiring) add(group, retiring);
	};
	for (const group of groups) for (const entry of group.entries) add(group, entry);
	return rows;
}

function rowSeen({ token, lines }: TokenEntry<EnvLine>, facts: SeenWith): string {
	const { now, warningDays, kept, namesakes } = facts;
	return JSON.stringify([
		...[token.name, token.status, token.issuer, token.version, kept.has(token.id), namesakes.has(token.id)],
		stateInWords(token, urgencyOf(token, warningDays, now), now),
		// In the tooltip alone, where a minute more or less is no matter.
		token.lastUsedDate?.slice(0, "2026-01-31T12:00".length),
		lines.map(({ words, uri }) => [words, uri.toString()]),
	]);
}

interface SeenWith {
	now: number;
	warningDays: readonly number[];
	kept: ReadonlySet<string>;
	namesakes: ReadonlySet<string>;
}

function tokenNode(
	entry: TokenEntry<EnvLine>,
	group: TokenGroup<EnvLine>,
	parent: GroupNode | TokenNode,
): TokenNode {
	return { kind: "token", id: entry.token.id, token: entry.token, entry, group, parent };
}
