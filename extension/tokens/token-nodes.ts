/** The nodes of the token list: groups, tokens and the lines that hold their secrets. Each knows its parent. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { EnvLine } from "../env/bindings.ts";
import { urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";
import type { TokenEntry, TokenGroup } from "./token-groups.ts";

export interface GroupNode {
	readonly kind: "group";
	group: TokenGroup<EnvLine>;
	/** The key of the server whose group it is, for commands that are started from the row. */
	readonly server: string | undefined;
	readonly parent: undefined;
}

/** `id`: the token's, for commands that are started from the row. */
export interface TokenNode {
	readonly kind: "token";
	readonly id: string;
	/** VS Code identifies the row by this object, so its content is replaced in place. */
	token: TokenRecord;
	entry: TokenEntry<EnvLine>;
	readonly group: TokenGroup<EnvLine>;
	readonly parent: GroupNode | TokenNode;
}

/** `line`: for commands that are started from the row. */
export interface LineNode {
	readonly kind: "line";
	readonly line: EnvLine;
	readonly parent: TokenNode;
}

export type Node = GroupNode | TokenNode | LineNode;

export function groupNode(group: TokenGroup<EnvLine>): GroupNode {
	const server = group.kind === "server" ? group.id.slice("server/".length) : undefined;
	return { kind: "group", group, server, parent: undefined };
}

export function childrenOf(node: Node): Node[] {
	if (node.kind === "line") return [];
	if (node.kind === "group") return node.group.entries.map((entry) => tokenNode(entry, node.group, node));
	const { entry, group } = node;
	const lines = entry.lines.map((line): LineNode => ({ kind: "line", line, parent: node }));
	return [...entry.retiring.map((retiring) => tokenNode(retiring, group, node)), ...lines];
}

/** The first place of the token in the list. */
export function findToken(roots: readonly Node[], id: string): TokenNode | undefined {
	for (const node of roots) {
		if (node.kind === "line") continue;
		if (node.kind === "token" && node.id === id) return node;
		const found = findToken(childrenOf(node), id);
		if (found !== undefined) return found;
	}
	return undefined;
}

/** A place in the list: grouped by file, a token can have several. */
export function placeOf({ group, id }: Pick<TokenNode, "group" | "id">): string {
	return `${group.id}/${id}`;
}

/** The rows and their order as one text: while it is the same, no row is added or removed. */
export function shapeOf(groups: readonly TokenGroup<EnvLine>[]): string {
	const shape = ({ token, retiring }: TokenEntry<EnvLine>): unknown => [token.id, retiring.map(shape)];
	return JSON.stringify(
		groups.map(({ id, label, remark, detail, isWritable, entries }) => [
			id,
			label,
			remark,
			detail,
			isWritable,
			entries.map(shape),
		]),
	);
}

/** What a token's row was drawn from, with the lines under it. */
export interface DrawnRow {
	readonly entry: TokenEntry<EnvLine>;
	/** While it is the same, the row is up to date. */
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
		// Only in the tooltip, where a minute makes no difference.
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
