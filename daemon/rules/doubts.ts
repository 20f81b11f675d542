/**
 * Writes to the audit which tokens a recovery has put in doubt. A recovery changes them before anything can be written, so it
 * leaves a note, and this is done once the daemon runs.
 */
import type { UserInfo } from "../contract.ts";
import { doubtDatesSetting, type Store } from "../store/store.ts";
import type { Changes } from "./changes.ts";

const anyOrder = { sort: "creationDate", direction: "asc", limit: -1 } as const;

/** Writes nothing twice, and nothing where no recovery has left a note. @param actor the daemon itself */
export async function recordDoubts(
	{ store, changes }: { store: Pick<Store, "setting" | "list">; changes: Changes },
	actor: UserInfo,
	now: string,
): Promise<void> {
	const dates = ((await store.setting(doubtDatesSetting)) ?? []) as string[];
	if (dates.length === 0) return;
	const doubted = await store.list({ status: "in-doubt" }, anyOrder, now);
	const events = doubted
		.filter(({ token }) => dates.includes(token.inDoubtDate ?? ""))
		.map(({ token: { id, inDoubtDate } }) => ({
			...({ action: "doubt", actor, tokenId: id } as const),
			...{ before: { inDoubtDate: null }, after: { inDoubtDate } },
		}));
	await changes.writeAudit(events, (transaction) => transaction.setSetting(doubtDatesSetting, []));
}
