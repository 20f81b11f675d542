/** Carries out one verb: the rules first, then the issuer, once and outside of any transaction, then the transaction. */
import type { AuditEvent, UpdatedToken } from "../contract.ts";
import type { StoredToken, Token, Usage } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import type { Attempt, Changes, TokenChange } from "./changes.ts";
import { isIssuedHere } from "./issued-here.ts";
import type { Change, Changed, Verb } from "./issuer.ts";
import type { ActionContext } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";
import { checkCeiling, type Settings } from "./settings.ts";
import type { TokenViews } from "./token-views.ts";

/** The versions of its token that a change may begin from (RFC 9110 section 13.1.1). */
export type IfMatch = readonly number[] | "any";

/** A change of one token: the verb of its issuer, and what the verb has planned. */
export interface PlannedChange<Outcome = unknown> {
	verb: Sent<Change, Outcome, Changed>;
	plan: Change;
}

export type Sent<Plan, Outcome, Result> = Pick<
	Verb<never, Plan, Outcome, Result>,
	"send" | "commit" | "takeBack"
>;

/** A change of the record alone, of which no issuer is informed. */
export function recordOnly(before: Token, after: Token): PlannedChange {
	return {
		verb: { send: async () => undefined, commit: (change) => ({ token: change.after }) },
		plan: { before, after },
	};
}

/** Which token a change is about, and what the audit calls it. */
export interface Target {
	id: string;
	action: AuditEvent["action"];
	ifMatch: IfMatch;
}

type Prepare = (token: Token, context: ActionContext, usage: Usage) => PlannedChange;

export interface VerbsDeps {
	changes: Changes;
	tokens: TokenViews;
	contextOf: (caller: Caller) => ActionContext;
}

export class Verbs {
	readonly #deps: VerbsDeps;
	/** The last change of each token at another system: two at once would be sent without knowing of each other. */
	readonly #turns = new Map<string, Promise<unknown>>();

	constructor(deps: VerbsDeps) {
		this.#deps = deps;
	}

	/** @param prepare answers the plan, from the current state of the token. */
	async carryOut<Plan, Outcome, Result>(
		caller: Caller,
		verb: Sent<Plan, Outcome, Result>,
		prepare: (attempt: Attempt) => Promise<Plan>,
		changesOf: (result: Result) => TokenChange[],
	): Promise<Result> {
		const { changes, contextOf } = this.#deps;
		let plan = await prepare("first");
		const outcome = await verb.send(plan, contextOf(caller));
		const store = async (attempt: Attempt) => {
			if (attempt === "repeated") plan = await prepare(attempt);
			const result = verb.commit(plan, outcome);
			await changes.write(caller.user, changesOf(result));
			return result;
		};
		try {
			return await changes.retrying(store);
		} catch (error) {
			// Of a secret that is known already there is a record, so that nothing is left behind.
			const isKnown = error instanceof RuleError && error.code === "already-known";
			if (!isKnown) await verb.takeBack?.(plan, outcome, contextOf(caller));
			throw error;
		}
	}

	/**
	 * Runs changes of a token at another system one after the other; those of local tokens need no turn.
	 * @param run receives what was just read, where no other change has to be waited for.
	 */
	async inTurn<Result>(id: string, run: (read?: StoredToken) => Promise<Result>): Promise<Result> {
		const stored = await this.#deps.tokens.stored(id);
		if (isIssuedHere(stored.token)) return run(stored);
		const turn = (this.#turns.get(id) ?? Promise.resolve()).then(() => run());
		const ended = turn.catch(() => undefined);
		this.#turns.set(id, ended);
		try {
			return await turn;
		} finally {
			if (this.#turns.get(id) === ended) this.#turns.delete(id);
		}
	}

	/**
	 * Changes one token and answers its record. A plan that changes nothing is neither sent nor stored.
	 * @param prepare applies the rules; runs again when another change of the token was committed first.
	 */
	changeOne(caller: Caller, target: Target, prepare: Prepare): Promise<UpdatedToken> {
		return this.inTurn(target.id, (read) => this.#changeOne(caller, target, prepare, read));
	}

	/** As `changeOne`, for a local token that was just read: the write fails, and is repeated, if it has changed since. */
	changeRead(
		caller: Caller,
		read: StoredToken,
		target: Omit<Target, "id">,
		prepare: Prepare,
	): Promise<UpdatedToken> {
		return this.#changeOne(caller, { ...target, id: read.token.id }, prepare, read);
	}

	async #changeOne(
		caller: Caller,
		{ id, action, ifMatch }: Target,
		prepare: Prepare,
		read: StoredToken | undefined,
	): Promise<UpdatedToken> {
		const { changes, tokens, contextOf } = this.#deps;
		let before = await this.matching(id, ifMatch, read);
		const first = prepare(before.token, contextOf(caller), before.usage);
		if (first.plan.after === before.token) {
			await changes.confirm();
			return tokens.recordOf(before);
		}
		const plan = async (attempt: Attempt) => {
			if (attempt === "first") return first.plan;
			before = await this.matching(id, ifMatchNow(before.token, ifMatch));
			return prepare(before.token, contextOf(caller), before.usage).plan;
		};
		const { token, ignored = [] } = await this.carryOut(caller, first.verb, plan, ({ token: after }) =>
			after === before.token ? [] : [{ action, before, after }],
		);
		const record = tokens.recordOf({ token, usage: before.usage });
		return ignored.length === 0 ? record : { ...record, ignored };
	}

	/** @param read the token, if it was just read. @throws RuleError `not-found` or `version-stale` */
	async matching(id: string, ifMatch: IfMatch, read?: StoredToken): Promise<StoredToken> {
		const stored = read ?? (await this.#deps.tokens.stored(id));
		if (ifMatch === "any" || ifMatch.includes(stored.token.version)) return stored;
		throw new RuleError(
			"version-stale",
			"The token has changed since you read it; read it again and repeat the change.",
		);
	}
}

/** What was sent to another system has happened there, so that the record follows, whatever its version is by now. */
export function ifMatchNow(token: Token, ifMatch: IfMatch): IfMatch {
	return isIssuedHere(token) ? ifMatch : "any";
}

/** @throws RuleError `exceeds-caller` */
export function within<Planned extends Settings & Pick<Token, "issuer">>(
	caller: Caller,
	planned: Planned,
): Planned {
	// At another system, its credential is the limit.
	if (caller.token !== undefined && isIssuedHere(planned)) checkCeiling(planned, caller.token);
	return planned;
}
