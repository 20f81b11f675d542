/**
 * Deletes the tokens of a backup, which are kept elsewhere by now: all of them, if each is still as in the backup, or none.
 * Their events stay, and tell that they were handed over: they may come back, but not as they were before.
 */
import type { AuditEvent, HandOverReport } from "../contract.ts";
import type { Store, StoredToken } from "../store/store.ts";
import type { Changes } from "./changes.ts";
import { deleteAll } from "./clean-up.ts";
import type { ActionContext } from "./lifecycle.ts";

export interface HandOverDeps {
	store: Pick<Store, "tokens">;
	changes: Changes;
	context: ActionContext;
	/** The token that the caller acts with, which stays. */
	callerId: string | undefined;
}

const tokensAtOnce = 200;

/** @param versions those of the backup, by id */
export async function handOver(
	{ store, changes, context, callerId }: HandOverDeps,
	backup: ReadonlyMap<string, number>,
): Promise<HandOverReport> {
	const versions = new Map([...backup].filter(([id]) => id !== callerId));
	return changes.retrying(async () => {
		const found = await tokensOf(store, [...versions.keys()]);
		const same = found.filter(({ token }) => token.version === versions.get(token.id));
		const changed = versions.size - same.length;
		if (changed > 0) return { removed: 0, changed };
		if (same.length > 0) await deleteAll({ store, changes }, same, context, reasonOf);
		return { removed: same.length, changed };
	});
}

function reasonOf({ version }: StoredToken["token"]): AuditEvent["after"] {
	return { handedOver: version };
}

/** The version that a token had when it was handed over, if the event tells of that. */
export function handedOverVersion({ action, after }: AuditEvent): number | undefined {
	return action === "delete" && typeof after.handedOver === "number" ? after.handedOver : undefined;
}

async function tokensOf(store: HandOverDeps["store"], ids: readonly string[]): Promise<StoredToken[]> {
	const found: StoredToken[] = [];
	for (let start = 0; start < ids.length; start += tokensAtOnce)
		found.push(...(await store.tokens(ids.slice(start, start + tokensAtOnce))));
	return found;
}
