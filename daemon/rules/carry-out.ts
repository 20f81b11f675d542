/** Carries out one verb: the rules first, then the issuer, once and outside of any transaction, then the transaction. */
import type { AuditEvent, TokenRecord } from "../contract.ts";
import type { StoredToken, Token, Usage } from "../store/store.ts";
import type { Caller } from "./callers.ts";
import type { Attempt, Changes, TokenChange } from "./changes.ts";
import type { Verb } from "./issuer.ts";
import type { ActionContext } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";
import type { TokenViews } from "./token-views.ts";

/** The version that a change requires of its token (RFC 9110 section 13.1.1). */
export type IfMatch = number | "any";

/** A change of one token: the verb of its issuer, and what the verb has planned. */
export interface PlannedChange {
	verb: Pick<Verb<never, Token, void, Token>, "send" | "commit">;
	plan: Token;
}

/** A change of the record alone, of which no issuer is informed. */
export function recordOnly(plan: Token): PlannedChange {
	return { verb: { send: async () => {}, commit: (token) => token }, plan };
}

/** Which token a change is about, and what the audit calls it. */
export interface Target {
	id: string;
	action: AuditEvent["action"];
	ifMatch: IfMatch;
}

export interface VerbsDeps {
	changes: Changes;
	tokens: TokenViews;
	contextOf: (caller: Caller) => ActionContext;
}

export class Verbs {
	readonly #deps: VerbsDeps;

	constructor(deps: VerbsDeps) {
		this.#deps = deps;
	}

	/** @param prepare answers the plan, from the current state of the token. */
	async carryOut<Plan, Outcome, Result>(
		caller: Caller,
		verb: Pick<Verb<never, Plan, Outcome, Result>, "send" | "commit">,
		prepare: (attempt: Attempt) => Promise<Plan>,
		changesOf: (result: Result) => TokenChange[],
	): Promise<Result> {
		const { changes, contextOf } = this.#deps;
		let plan = await prepare("first");
		const outcome = await verb.send(plan, contextOf(caller));
		return changes.retrying(async (attempt) => {
			if (attempt === "repeated") plan = await prepare(attempt);
			const result = verb.commit(plan, outcome);
			await changes.write(caller.user, changesOf(result));
			return result;
		});
	}

	/**
	 * Changes one token and answers its record. A plan that changes nothing is neither sent nor stored.
	 * @param prepare applies the rules; runs again when another change of the token was committed first.
	 */
	async changeOne(
		caller: Caller,
		{ id, action, ifMatch }: Target,
		prepare: (token: Token, context: ActionContext, usage: Usage) => PlannedChange,
	): Promise<TokenRecord> {
		const { tokens, contextOf } = this.#deps;
		let before = await this.matching(id, ifMatch);
		const first = prepare(before.token, contextOf(caller), before.usage);
		if (first.plan === before.token) return tokens.recordOf(before);
		const plan = async (attempt: Attempt) => {
			if (attempt === "first") return first.plan;
			before = await this.matching(id, ifMatch);
			return prepare(before.token, contextOf(caller), before.usage).plan;
		};
		const token = await this.carryOut(caller, first.verb, plan, (after) =>
			after === before.token ? [] : [{ action, before, after }],
		);
		return tokens.recordOf({ token, usage: before.usage });
	}

	/** @throws RuleError `not-found` or `version-stale` */
	async matching(id: string, ifMatch: IfMatch): Promise<StoredToken> {
		const stored = await this.#deps.tokens.stored(id);
		if (ifMatch === "any" || ifMatch === stored.token.version) return stored;
		throw new RuleError(
			"version-stale",
			"The token has changed since you read it; read it again and repeat the change.",
		);
	}
}
