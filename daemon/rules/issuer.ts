/**
 * A system that issues tokens, as the rules see it. Invariant: nothing is sent to a system inside a transaction, and nothing
 * is sent twice.
 */
import type {
	Connection,
	Connector,
	CreateTokenRequest,
	IgnoredField,
	ListedProfile,
	ProbeResult,
	RemoteToken,
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
	/** Takes a creation back that could not be stored. */
	takeBack?(plan: Plan, outcome: Outcome, context: ActionContext): Promise<void>;
}

/** The system's answer to a creation. */
export interface Created {
	secret: string;
	/** The token at another system. */
	remote?: RemoteToken;
	/** What the system decided otherwise than requested. */
	ignored?: IgnoredField[];
}

/** The system's answer to a change. */
export interface Updated {
	remote: RemoteToken;
	/** What the system decided otherwise than requested. */
	ignored: IgnoredField[];
}

/** What has become of a token. The same token: nothing was changed. */
export interface Changed {
	token: Token;
	ignored?: IgnoredField[];
}

/** What a change makes of a token. The same token: nothing is to be done. */
export interface Change {
	before: Token;
	after: Token;
}

export interface RotationPlan {
	predecessor: Token;
	successor: TokenDraft;
}

/** What ends a token: this daemon alone, a call to its system, or what the user does on the pages of its system. */
export type RevokedBy = "daemon" | "call" | "user";

export interface Issuer {
	create: Verb<CreateTokenRequest, TokenDraft, Created, Minted>;
	update: Verb<{ token: Token; request: UpdateTokenRequest }, Change, Updated | undefined, Changed>;
	rotate: Verb<
		{ token: Token; request: RotateTokenRequest },
		RotationPlan,
		Created,
		{ predecessor: Token; successor: Minted }
	>;
	revoke: Verb<Revocation, Change & { confirmed?: boolean }, void, Changed>;
	revokedBy(token: Token): RevokedBy;
	/** Whether a record without an expiry means that the token never expires. */
	tellsExpiry(token: Token): boolean;
	/** Whether a secret is valid. @param now milliseconds since the epoch. */
	verify(
		secret: string,
		address: string | undefined,
		asked: VerifyQuery,
		now: number,
	): MaybeLoaded<Verification>;
}

export interface Revocation {
	token: Token;
	reason: string | undefined;
	/** Whether the user has confirmed that the token is not the connection's own credential. */
	confirmed?: boolean;
}

/** What can be asked of a connection's system about its tokens. */
export interface RemoteSystem {
	list(context: ActionContext): Promise<RemoteToken[]>;
	/** Whether a secret works: the connection's credential, or that of a token. */
	probe(kind: "credential" | "token", context: ActionContext): Promise<ProbeResult>;
	/** The connector that the server's own document describes; null if it describes none. */
	discover(context: ActionContext): Promise<Connector | null>;
}

export interface Issuers {
	/** Which issuer decides about a token. */
	of(token: Pick<Token, "issuer" | "connectionId">): Issuer;
	/** @throws RuleError `connector-changed` or `not-supported` */
	system(connection: Connection): RemoteSystem;
}

/** What issuers need of the rules. */
export interface IssuerDeps {
	/** @throws RuleError `invalid-request` */
	profileOf: (id: string) => ListedProfile;
	/** undefined: there is no such profile, or none any more. */
	findProfile: (id: string) => ListedProfile | undefined;
	/** undefined: there is no such connection, or none any more. */
	connectionOf: (id: string) => Connection | undefined;
	maximumOverlapSeconds: () => number;
	verify: Issuer["verify"];
}
