/** Predecessors and successors of tokens, and which of them still work. Knows no VS Code. */
import { statusOf, type TokenRecord } from "../../daemon/contract.ts";

type Tokens = readonly TokenRecord[];

/** Whether a verification accepts it, at least from an allowed address. */
export function works(token: TokenRecord, now: number): boolean {
	const status = statusOf(token, now);
	return status === "active" || status === "retiring";
}

/** Whether the token was rotated and its overlap is over, so that the rotation cannot be undone. */
export function isOverlapOver({ successorId, retiresDate }: TokenRecord, now: number): boolean {
	return successorId !== null && retiresDate !== null && Date.parse(retiresDate) <= now;
}

/** The last of its successors that still works. */
export function workingSuccessorOf(tokens: Tokens, { id }: Pick<TokenRecord, "id">): TokenRecord | undefined {
	const [, ...successors] = chain(tokens, byId(tokens, id), ({ successorId }) => successorId);
	return successors.findLast((successor) => works(successor, Date.now()));
}

/** The tokens of the same lineages as the chosen ones that are not chosen and still work. */
export function workingRelativesOf(tokens: Tokens, chosen: ReadonlySet<string>, now: number): TokenRecord[] {
	const records = new Map(tokens.map((token) => [token.id, token]));
	const related = new Set(chosen);
	// The loop also visits the ids that are added while it runs, so that it finds whole lineages.
	for (const id of related) {
		const { predecessorId = null, successorId = null } = records.get(id) ?? {};
		for (const next of [predecessorId, successorId]) if (next !== null) related.add(next);
	}
	return tokens.filter((token) => related.has(token.id) && !chosen.has(token.id) && works(token, now));
}

/** The last known token of a lineage. */
export function latestOf(tokens: Tokens, token: TokenRecord): TokenRecord {
	return chain(tokens, token, ({ successorId }) => successorId).at(-1) ?? token;
}

/** The id of a lineage: the same for a token and all its successors. */
export function lineageOf(tokens: Tokens, token: TokenRecord): string {
	const first = chain(tokens, token, ({ predecessorId }) => predecessorId).at(-1) ?? token;
	return first.predecessorId ?? first.id;
}

/** The token and those that follow it. */
function chain(
	tokens: Tokens,
	token: TokenRecord | undefined,
	next: (token: TokenRecord) => string | null,
): TokenRecord[] {
	const found: TokenRecord[] = [];
	let at = token;
	while (at !== undefined && !found.includes(at)) {
		found.push(at);
		at = byId(tokens, next(at));
	}
	return found;
}

function byId(tokens: Tokens, id: string | null): TokenRecord | undefined {
	return id === null ? undefined : tokens.find((token) => token.id === id);
}
