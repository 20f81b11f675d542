/** Who comes before and after whom by rotation. Knows no VS Code. */
import { statusOf, type TokenRecord } from "../../daemon/contract.ts";

type Tokens = readonly TokenRecord[];

/** Whether the token was rotated and works no more because of that: nothing can be undone then. */
export function isOverlapOver({ successorId, retiresDate }: TokenRecord, now: number): boolean {
	return successorId !== null && retiresDate !== null && Date.parse(retiresDate) <= now;
}

/** The successors of a token, nearest first. */
function successorsOf(tokens: Tokens, { id }: Pick<TokenRecord, "id">): TokenRecord[] {
	const found: TokenRecord[] = [];
	let next = byId(tokens, byId(tokens, id)?.successorId ?? null);
	while (next !== undefined && !found.includes(next)) {
		found.push(next);
		next = byId(tokens, next.successorId);
	}
	return found;
}

/** The last of its successors that still works. */
export function workingSuccessorOf(tokens: Tokens, token: Pick<TokenRecord, "id">): TokenRecord | undefined {
	return successorsOf(tokens, token).findLast(works);
}

/** Whether verifications accept it, or would from an allowed address. */
export function works(token: TokenRecord): boolean {
	const status = statusOf(token, Date.now());
	return status === "active" || status === "retiring";
}

function byId(tokens: Tokens, id: string | null): TokenRecord | undefined {
	return id === null ? undefined : tokens.find((token) => token.id === id);
}
