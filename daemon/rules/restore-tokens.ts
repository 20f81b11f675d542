/**
 * What a restore makes of each token. Invariant: a token that is refused here stays refused, and one that the backup knows
 * as revoked is revoked.
 */
import type { Profile, RestoreConflict } from "../contract.ts";
import { statusOf } from "../facts.ts";
import { Slices } from "../store/slices.ts";
import type { StoredToken, Token, Transaction, Usage } from "../store/store.ts";
import { changeOf, type NewAuditEvent } from "./audit.ts";
import { isIssuedHere } from "./issued-here.ts";
import { type ActionContext, changed } from "./lifecycle.ts";

export type Outcome = "added" | "replaced" | "revoked" | "kept";

export interface TokenRestoreDeps {
	transaction: Transaction;
	context: Pick<ActionContext, "user" | "now">;
	/** undefined: no profile with this id. */
	findProfile: (id: string) => Profile | undefined;
	/** Tokens that a clean-up has deleted, if they do not exist. */
	gone: ReadonlySet<string>;
	/** Versions of tokens that were handed over, and come back no older. */
	handedOver: ReadonlyMap<string, number>;
	/** Whether what happened to tokens that are unknown here may be forgotten: they had to be enabled then. */
	isHistoryGone: boolean;
}

export class TokenRestore {
	readonly #deps: TokenRestoreDeps;
	/** By id. */
	readonly outcomes = new Map<string, Outcome>();
	readonly conflicts = new Map<string, RestoreConflict>();
	readonly events: NewAuditEvent[] = [];
	inDoubt = 0;

	constructor(deps: TokenRestoreDeps) {
		this.#deps = deps;
	}

	async takeAll(all: readonly { token: Token; usage: Usage }[]): Promise<void> {
		await this.#deps.transaction.expect(all.map(({ token }) => token));
		const slices = new Slices();
		for (const { token, usage } of all) {
			await this.#take(token, usage);
			await slices.pause();
		}
	}

	/** A token can come again, as it was later: then that counts. */
	async #take(token: Token, usage: Usage): Promise<void> {
		const [here, reason] = await Promise.all([
			this.#deps.transaction.token(token.id),
			this.#reasonAgainst(token),
		]);
		if (here === undefined) return this.#add(token, usage, reason);
		if (here.token.hash !== token.hash) return this.#conflict(token, "other-secret");
		const after = merged(here.token, token, this.#deps.context);
		const earlier = this.outcomes.get(token.id);
		if (after === here.token) return void this.outcomes.set(token.id, earlier ?? "kept");
		if (after.name !== here.token.name && (await this.#isNameTaken(after)))
			return this.#conflict(token, "name-taken");
		await this.#replace(here, after);
		const isRevocation = after.revokedDate !== null && here.token.revokedDate === null;
		this.outcomes.set(token.id, earlier === "added" ? "added" : isRevocation ? "revoked" : "replaced");
	}

	async #add(token: Token, usage: Usage, reason: RestoreConflict["reason"] | undefined): Promise<void> {
		const { transaction, context, isHistoryGone } = this.#deps;
		if (reason !== undefined) return this.#conflict(token, reason);
		const isDoubtful = isHistoryGone && isIssuedHere(token) && works(token, context.now);
		const added = isDoubtful ? { ...token, inDoubtDate: context.now.toISOString() } : token;
		if (isDoubtful) this.inDoubt++;
		await transaction.insertToken(added, usage);
		this.outcomes.set(token.id, "added");
		this.conflicts.delete(token.id);
		this.events.push(changeOf("restore", context.user, undefined, added));
	}

	async #replace(here: StoredToken, after: Token): Promise<void> {
		const { transaction, context } = this.#deps;
		await transaction.updateToken(after, here.usage, here.token.version);
		this.events.push(changeOf("restore", context.user, here.token, after));
	}

	/** Why a token that is not here can't be added. */
	async #reasonAgainst(token: Token): Promise<RestoreConflict["reason"] | undefined> {
		const { transaction, gone, handedOver } = this.#deps;
		if (gone.has(token.id) || token.version < (handedOver.get(token.id) ?? 0)) return "deleted";
		const [isHashKnown, isNameTaken, isRemoteIdKnown] = await Promise.all([
			transaction.isHashKnown(token.hash),
			this.#isNameTaken(token),
			this.#isRemoteIdKnown(token),
		]);
		if (isHashKnown) return "hash-known";
		if (isNameTaken) return "name-taken";
		return isRemoteIdKnown ? "remote-id-known" : undefined;
	}

	/** A token that is revoked or rotated has its name no longer for itself, and a successor has that of its predecessor. */
	async #isNameTaken(token: Token): Promise<boolean> {
		const { id, name, profile, revokedDate, successorId, predecessorId } = token;
		const hasName = isIssuedHere(token) && revokedDate === null && successorId === null;
		if (!hasName || predecessorId !== null) return false;
		if (this.#deps.findProfile(profile)?.names.unique !== true) return false;
		return this.#deps.transaction.isNameTaken({ profile, name, exceptId: id });
	}

	async #isRemoteIdKnown({ connectionId, remoteId, revokedDate }: Token): Promise<boolean> {
		if (connectionId === null || remoteId === null || revokedDate !== null) return false;
		return this.#deps.transaction.isRemoteIdKnown({ connectionId, remoteId });
	}

	#conflict({ id, name }: Token, reason: RestoreConflict["reason"]): void {
		this.conflicts.set(id, { kind: "token", id, name, reason });
	}
}

/** The token as it is here, or a change of it. */
function merged(here: Token, backup: Token, context: TokenRestoreDeps["context"]): Token {
	// One that was changed here later went another way, and may have an end that the backup does not know.
	const isNewer = backup.version > here.version && backup.lastModifiedDate >= here.lastModifiedDate;
	if (here.revokedDate !== null) return here;
	if (backup.revokedDate !== null) {
		const { revokedDate, revokedReason } = backup;
		return isNewer ? backup : changed(here, { revokedDate, revokedReason }, context as ActionContext);
	}
	return isNewer && works(here, context.now) ? backup : here;
}

function works(token: Token, now: Date): boolean {
	const status = statusOf(token, now.getTime());
	return status === "active" || status === "retiring";
}
