/**
 * Which tokens of connected systems are to be ended there, and when a failed attempt is repeated: rotated ones whose
 * overlap is over, and revoked ones whose secret is still stored, since it is not confirmed to be dead. Knows no VS Code.
 */
import type { TokenRecord } from "../../daemon/contract.ts";
import { isOverlapOver } from "../tokens/lineage.ts";

/** `delete`: at the system. `confirm`: ask the system whether it refuses the secret. */
export type Ending = { kind: "delete" | "confirm"; token: TokenRecord };

/** In milliseconds. */
const minute = 60_000;
const hour = 60 * minute;
export interface Graces {
	/** How long a command may still be replacing lines after the end of an overlap. */
	deletion: number;
	/** A command confirms its own revocations first, for as long as the system may need. */
	confirmation: number;
}
export const usualGraces: Graces = { deletion: 10_000, confirmation: 2 * minute };
/** Later, a secret that no system confirms to be dead is forgotten. */
const longestConfirmation = 24 * hour;

export function endingsAmong(
	tokens: readonly TokenRecord[],
	stored: ReadonlySet<string>,
	now: number,
	graces: Graces = usualGraces,
): Ending[] {
	return tokens.flatMap((token): Ending[] => {
		if (token.connectionId === null) return [];
		if (token.revokedDate === null)
			return isOverlapOver(token, now - graces.deletion) ? [{ kind: "delete", token }] : [];
		const isDue = Date.parse(token.revokedDate) <= now - graces.confirmation;
		return stored.has(token.id) && isDue ? [{ kind: "confirm", token }] : [];
	});
}

/** Whether a system had its time to say that a secret is dead. */
export function isConfirmationOver({ revokedDate }: Pick<TokenRecord, "revokedDate">, now: number): boolean {
	return revokedDate !== null && Date.parse(revokedDate) <= now - longestConfirmation;
}

/** When an attempt that failed so many times is repeated: after 1, 2, 4, … minutes, at most an hour. */
export function pauseAfter(failures: number): number {
	return Math.min(hour, minute * 2 ** Math.max(0, failures - 1));
}
