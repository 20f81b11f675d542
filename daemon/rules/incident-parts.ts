/**
 * Writes an incident: as a whole, or on a full disk in parts, until the room that is kept for changes that end tokens is used
 * up. A leaked token that can be revoked is revoked, even where another one can't be.
 */
import { StorageError, type StoredToken, VersionConflict } from "../store/store.ts";
import type { IncidentPlan } from "./incident.ts";

/** So many tokens need less than the least room that is kept. */
const firstPart = 512;

/**
 * @param planOf a plan for some of the tokens, without successors
 * @throws StorageError which says how many are revoked all the same.
 */
export async function writeIncident(
	plan: IncidentPlan,
	planOf: (tokens: readonly StoredToken[]) => IncidentPlan,
	write: (plan: IncidentPlan) => Promise<void>,
): Promise<void> {
	try {
		await write(plan);
	} catch (error) {
		if (!(error instanceof StorageError) || plan.revoked.length < 2) throw error;
		const tokens = plan.revoked.map(({ before }) => before);
		const revoked = await writeParts(tokens, (part) => write({ ...planOf(part), id: plan.id }));
		if (revoked === 0) throw error;
		if (revoked === tokens.length && plan.successors.length === 0) return;
		throw new StorageError(error, wordsFor(revoked, tokens.length));
	}
}

/** How many tokens are revoked. A part that can't be written, or of which a token has changed, is tried in smaller ones. */
async function writeParts(
	tokens: readonly StoredToken[],
	write: (part: readonly StoredToken[]) => Promise<void>,
): Promise<number> {
	let revoked = 0;
	let size = firstPart;
	for (let at = 0; at < tokens.length && size > 0; ) {
		const part = tokens.slice(at, at + size);
		const outcome = await tryToWrite(() => write(part));
		if (outcome === "full") {
			size >>= 1;
			continue;
		}
		if (outcome === "changed" && part.length > 1) {
			size = 1;
			continue;
		}
		if (outcome === "written") {
			revoked += part.length;
			size = Math.min(firstPart, 2 * size);
		}
		at += part.length;
	}
	return revoked;
}

/** `changed`: another change of one of the tokens was committed first, so the next incident has to look at them again. */
async function tryToWrite(write: () => Promise<void>): Promise<"written" | "full" | "changed"> {
	try {
		await write();
		return "written";
	} catch (error) {
		if (error instanceof StorageError) return "full";
		if (error instanceof VersionConflict) return "changed";
		throw error;
	}
}

function wordsFor(revoked: number, all: number): string {
	const left = all - revoked;
	if (left === 0)
		return `All ${all} tokens were revoked in parts, without successors, since there was no room for the whole incident.`;
	return `${revoked} of ${all} tokens were revoked, without successors; ${left} still work. Free some space, then start the incident again for those.`;
}
