/**
 * A system that issues tokens, as the rules see it. Invariant: nothing is sent to a system inside a transaction, and nothing
 * is sent twice.
 */
import type {
	CreateTokenRequest,
	Profile,
	RotateTokenRequest,
	UpdateTokenRequest,
	VerifyQuery,
} from "../contract.ts";
import type { Token } from "../store/store.ts";
import type { ActionContext, Minted, TokenDraft } from "./lifecycle.ts";
import type { MaybeLoaded, Verification } from "./verify.ts";

/** One change of a token, in three steps. */
export interface Verb<Input, Plan, Outcome, Result> {
	/** Applies the rules. No I/O; can run again when another change was committed first. @throws RuleError */
	prepare(input: Input, context: ActionContext): Plan;
	/** Carries the plan out at the system. Can fail, can take long, is never repeated. */
	send(plan: Plan, context: ActionContext): Promise<Outcome>;
	/** The records after it, which one transaction stores. */
	commit(plan: Plan, outcome: Outcome): Result;
}

/** The system's answer to a creation. */
export interface Created {
	secret: string;
}

export interface RotationPlan {
	predecessor: Token;
	successor: TokenDraft;
}

export interface Issuer {
	create: Verb<CreateTokenRequest, TokenDraft, Created, Minted>;
	update: Verb<{ token: Token; request: UpdateTokenRequest }, Token, void, Token>;
	rotate: Verb<
		{ token: Token; request: RotateTokenRequest },
		RotationPlan,
		Created,
		{ predecessor: Token; successor: Minted }
	>;
	revoke: Verb<{ token: Token; reason: string | undefined }, Token, void, Token>;
	/** Whether a secret is valid. @param now milliseconds since the epoch. */
	verify(
		secret: string,
		address: string | undefined,
		asked: VerifyQuery,
		now: number,
	): MaybeLoaded<Verification>;
}

/** The issuer of tokens by its name. */
export type Issuers = (name: string) => Issuer;

/** What issuers need of the rules. */
export interface IssuerDeps {
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => Profile;
	maximumOverlapSeconds: () => number;
	verify: Issuer["verify"];
}
