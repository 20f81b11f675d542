/** What the list of tokens is made of: groups, tokens and the lines that hold their secrets, each knowing its parent. */
import type { TokenRecord } from "../../daemon/contract.ts";
import type { EnvLine } from "../env/bindings.ts";
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

function tokenNode(
	entry: TokenEntry<EnvLine>,
	group: TokenGroup<EnvLine>,
	parent: GroupNode | TokenNode,
): TokenNode {
	return { kind: "token", id: entry.token.id, token: entry.token, entry, group, parent };
}
