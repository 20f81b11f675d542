/** Who comes before and after whom by rotation, and who of them still works. Knows no VS Code. */
import { statusOf, type TokenRecord } from "../../daemon/contract.ts";

type Tokens = readonly TokenRecord[];

/** Whether verifications accept it, or would from an allowed address. */
export function works(token: TokenRecord, now: number): boolean {
	const status = statusOf(token, now);
	return status === "active" || status === "retiring";
}

/** Whether the token was rotated and works no more because of that: nothing can be undone then. */
export function isOverlapOver({ successorId, retiresDate }: TokenRecord, now: number): boolean {
	return successorId !== null && retiresDate !== null && Date.parse(retiresDate) <= now;
}

/** The last of its successors that still works. */
export function workingSuccessorOf(tokens: Tokens, { id }: Pick<TokenRecord, "id">): TokenRecord | undefined {
	const [, ...successors] = chain(tokens, byId(tokens, id), ({ successorId }) => successorId);
	return successors.findLast((successor) => works(successor, Date.now()));
}

/** Those that no one has chosen, though a chosen one came after or before them, and whose secrets still work. */
export function workingKinOf(tokens: Tokens, chosen: ReadonlySet<string>, now: number): TokenRecord[] {
	const records = new Map(tokens.map((token) => [token.id, token]));
	const kin = new Set(chosen);
	// What is added while it runs is walked to as well, so that whole lineages are found.
	for (const id of kin) {
		const { predecessorId = null, successorId = null } = records.get(id) ?? {};
		for (const next of [predecessorId, successorId]) if (next !== null) kin.add(next);
	}
	return tokens.filter((token) => kin.has(token.id) && !chosen.has(token.id) && works(token, now));
}

/** The end of a lineage, as far as the records go. */
export function latestOf(tokens: Tokens, token: TokenRecord): TokenRecord {
	return chain(tokens, token, ({ successorId }) => successorId).at(-1) ?? token;
}

/** The id by which a lineage is remembered: what holds for a token holds for its successors. */
export function lineageOf(tokens: Tokens, token: TokenRecord): string {
	const first = chain(tokens, token, ({ predecessorId }) => predecessorId).at(-1) ?? token;
	return first.predecessorId ?? first.id;
}

/** The token, and those that follow it. */
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
