/**
 * Deletes tokens that ended longer ago than the policy keeps the audit. A deleted token is unknown, so it never verifies
 * again; its audit events stay. No SQL, no HTTP.
 */
import type { CleanUpReport, CleanUpRequest, UserInfo } from "../contract.ts";
import type { Store, StoredToken, Transaction } from "../store/store.ts";
import { changeOf, type NewAuditEvent } from "./audit.ts";
import type { Changes } from "./changes.ts";
import { judgeTime, type SeenTime, seenTimeSetting } from "./clock.ts";
import { type ActionContext, changed } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";
import type { TokenViews } from "./token-views.ts";

const dayMilliseconds = 86_400_000;
/** A request deletes no more, so that it does not hold up others. */
const most = 1000;

export interface CleanUpDeps {
	store: Pick<Store, "endedTokens" | "tokens" | "setting">;
	changes: Changes;
	tokens: TokenViews;
	/** How long the policy keeps the audit. */
	auditDays: number;
}

/** @throws RuleError `invalid-request` */
export async function cleanUp(
	deps: CleanUpDeps,
	request: CleanUpRequest,
	context: ActionContext,
): Promise<CleanUpReport> {
	const { store, changes, tokens } = deps;
	const seen = (await store.setting(seenTimeSetting)) as SeenTime | undefined;
	// A clock that has jumped ahead deletes no token that ended by it alone.
	const { trusted } = judgeTime(seen, context.now.getTime());
	const endedBefore = limitOf(request.endedBefore, deps.auditDays, new Date(trusted));
	return changes.retrying(async () => {
		const ended = await store.endedTokens(endedBefore, most);
		if (!request.preview && ended.tokens.length > 0) await deleteAll(deps, ended.tokens, context);
		return {
			endedBefore,
			tokens: ended.tokens.map((stored) => tokens.recordOf(stored)),
			left: ended.count - ended.tokens.length,
		};
	});
}

function limitOf(requested: string | undefined, auditDays: number, now: Date): string {
	const latest = new Date(now.getTime() - auditDays * dayMilliseconds).toISOString();
	if (requested === undefined || requested <= latest) return requested ?? latest;
	const detail = `must not be later than ${latest}: a token stays for ${auditDays} days after its end`;
	throw new RuleError("invalid-request", `The time ${detail}.`, {
		errors: [{ pointer: "/endedBefore", detail }],
	});
}

/** Deletes tokens with an event each. @param reasonOf what the event says of why */
export async function deleteAll(
	{ store, changes }: Pick<CleanUpDeps, "changes"> & { store: Pick<Store, "tokens"> },
	deleted: readonly StoredToken[],
	context: ActionContext,
	reasonOf: (token: StoredToken["token"]) => NewAuditEvent["after"] = () => ({}),
): Promise<void> {
	const unlinked = await successorsOf(store, deleted, context);
	const events = [
		...deleted.map((stored) => ({ ...deletionOf(stored, context.user), after: reasonOf(stored.token) })),
		...unlinked.map(({ before, after }) => changeOf("update", context.user, before.token, after)),
	];
	await changes.writeAudit(events, async (transaction: Transaction) => {
		await transaction.deleteTokens(deleted);
		for (const { before, after } of unlinked) await transaction.updateToken(after, before.usage);
	});
}

/** The tokens that stay no longer name a predecessor that does not exist. */
async function successorsOf(
	store: Pick<Store, "tokens">,
	deleted: readonly StoredToken[],
	context: ActionContext,
) {
	const gone = new Set(deleted.map(({ token }) => token.id));
	const linked = deleted.flatMap(({ token }) => token.successorId ?? []).filter((id) => !gone.has(id));
	const staying = await store.tokens(linked);
	return staying
		.filter(({ token }) => token.predecessorId !== null && gone.has(token.predecessorId))
		.map((before) => ({ before, after: changed(before.token, { predecessorId: null }, context) }));
}

/** What the audit still says of the token; it also has the event of each earlier change. */
function deletionOf({ token }: StoredToken, actor: UserInfo): NewAuditEvent {
	const { id, name, issuer, partialToken, expiry, revokedDate, successorId } = token;
	const before = { name, issuer, partialToken, expiry, revokedDate, successorId };
	return { action: "delete", actor, tokenId: id, before, after: {} };
}
