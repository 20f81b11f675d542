/** Rotations: a token is replaced by a successor, and keeps working for the overlap, which can end early or be undone. */
import type { RotatedToken, RotateTokenRequest, TokenRecord, UndoneRotation } from "../contract.ts";
import type { StoredToken, Token } from "../store/store.ts";
import { type Caller, systemCaller } from "./callers.ts";
import { type IfMatch, ifMatchNow, recordOnly, type Sent, type Verbs, within } from "./carry-out.ts";
import type { Attempt, TokenChange } from "./changes.ts";
import { isIssuedHere } from "./issued-here.ts";
import type { Change, Issuers } from "./issuer.ts";
import type { ActionContext } from "./lifecycle.ts";
import { endOverlap, undoRotation } from "./overlap.ts";
import type { QuietOverlaps } from "./quiet-overlaps.ts";
import { RuleError } from "./rule-error.ts";
import type { TokenViews } from "./token-views.ts";

export interface RotationsDeps {
	verbs: Verbs;
	tokens: TokenViews;
	issuers: Issuers;
	contextOf: (caller: Caller) => ActionContext;
	quietOverlaps: QuietOverlaps;
	/** Milliseconds since the epoch. */
	now: () => number;
}

export class Rotations {
	readonly #deps: RotationsDeps;

	constructor(deps: RotationsDeps) {
		this.#deps = deps;
	}

	/** @throws RuleError as `lifecycle.rotate`, and `exceeds-caller` */
	rotate(caller: Caller, id: string, request: RotateTokenRequest, ifMatch: IfMatch): Promise<RotatedToken> {
		return this.#deps.verbs.inTurn(id, (read) => this.#rotate(caller, { id, read }, request, ifMatch));
	}

	async #rotate(
		caller: Caller,
		{ id, read }: { id: string; read: StoredToken | undefined },
		request: RotateTokenRequest,
		ifMatch: IfMatch,
	): Promise<RotatedToken> {
		let before = await this.#deps.verbs.matching(id, ifMatch, read);
		if (request.registered !== undefined) requireOwner(caller, before.token);
		const { rotate } = this.#deps.issuers.of(before.token);
		const plan = async (attempt: Attempt) => {
			if (attempt === "repeated")
				before = await this.#deps.verbs.matching(id, ifMatchNow(before.token, ifMatch));
			const planned = rotate.prepare({ token: before.token, request }, this.#deps.contextOf(caller));
			within(caller, planned.successor);
			return planned;
		};
		const { predecessor, successor } = await this.#deps.verbs.carryOut(caller, rotate, plan, (rotated) => [
			{ action: "rotate", before, after: rotated.predecessor },
			{ action: "create", before: undefined, after: rotated.successor.token },
		]);
		return {
			...this.#deps.tokens.createdOf(successor),
			predecessor: this.#deps.tokens.recordOf({ token: predecessor, usage: before.usage }),
		};
	}

	/** @throws RuleError as `undoRotation`, `exceeds-caller` and `name-taken` */
	undo(caller: Caller, id: string, ifMatch: IfMatch): Promise<UndoneRotation> {
		const { verbs, tokens } = this.#deps;
		return verbs.inTurn(id, async () => {
			const { successorId } = (await tokens.stored(id)).token;
			const undo = () => this.#undo(caller, id, ifMatch);
			// The successor is revoked, so that no other change of it may be on its way to the system.
			return successorId === null ? undo() : verbs.inTurn(successorId, undo);
		});
	}

	async #undo(caller: Caller, id: string, ifMatch: IfMatch): Promise<UndoneRotation> {
		let before = await this.#deps.verbs.matching(id, ifMatch);
		let successor: StoredToken | undefined;
		const { revoke } = this.#deps.issuers.of(before.token);
		const plan = async (attempt: Attempt) => {
			if (attempt === "repeated")
				before = await this.#deps.verbs.matching(id, ifMatchNow(before.token, ifMatch));
			const { successorId } = before.token;
			successor = successorId === null ? undefined : await this.#deps.tokens.stored(successorId);
			const context = this.#deps.contextOf(caller);
			const token = undoRotation(before.token, successor?.token, context);
			within(caller, token);
			const revocation = { token: known(successor).token, reason: "Its rotation was undone." };
			return { ...revoke.prepare(revocation, context), token };
		};
		const verb: Sent<Change & { token: Token }, void, { token: Token; successor: Token }> = {
			send: async (change, context) => {
				if (change.after !== change.before) await revoke.send(change, context);
			},
			commit: (change, outcome) => ({ token: change.token, successor: revoke.commit(change, outcome).token }),
		};
		const undone = await this.#deps.verbs.carryOut(caller, verb, plan, ({ token, successor: after }) => {
			const ended = known(successor);
			const changes: TokenChange[] = [{ action: "undo-rotation", before, after: token }];
			// First, since the predecessor needs its name.
			if (after !== ended.token) changes.unshift({ action: "revoke", before: ended, after });
			return changes;
		});
		return {
			token: this.#deps.tokens.recordOf({ token: undone.token, usage: before.usage }),
			successor: this.#deps.tokens.recordOf({ token: undone.successor, usage: known(successor).usage }),
		};
	}

	/** At another system, the token is revoked then. @throws RuleError as `endOverlap` */
	endOverlap(caller: Caller, id: string, ifMatch: IfMatch): Promise<TokenRecord> {
		return this.#deps.verbs.changeOne(caller, { id, action: "end-overlap", ifMatch }, (token, context) => {
			const ended = endOverlap(token, context);
			if (isIssuedHere(token)) return recordOnly(token, ended);
			const { revoke } = this.#deps.issuers.of(token);
			return { verb: revoke, plan: revoke.prepare({ token, reason: "Its overlap has ended." }, context) };
		});
	}

	/**
	 * Ends the overlaps whose predecessor was not used for the requested time. To be called every few seconds.
	 * @param until every use before this time is known, in milliseconds since the epoch.
	 */
	async endQuiet(until = this.#deps.now()): Promise<void> {
		for (const quiet of await this.#deps.quietOverlaps.find(until)) {
			const { id } = quiet.token;
			await this.#deps.verbs.changeOne(
				systemCaller,
				{ id, action: "end-overlap", ifMatch: "any" },
				(token, context, usage) => {
					// It may have been used while the one before was written.
					const isQuiet = this.#deps.quietOverlaps.isQuiet({ token, usage }, until);
					return recordOnly(token, isQuiet ? endOverlap(token, context) : token);
				},
			);
		}
	}
}

/**
 * A record at a connection says which of its system's tokens the owner's credential deletes: no other caller says so.
 * @throws RuleError `owner-only`
 */
export function requireOwner(caller: Caller, { connectionId }: Pick<Token, "connectionId">): void {
	if (caller.token === undefined || connectionId === null) return;
	throw new RuleError("owner-only", "Only the owner can record by hand which token of a connection this is.");
}

/** Once `undoRotation` has found it. */
function known(successor: StoredToken | undefined): StoredToken {
	if (successor === undefined) throw new Error("An undone rotation has a successor.");
	return successor;
}
