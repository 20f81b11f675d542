/** Identifies the caller and checks its rights: the owner by the owner key, any other by its token, with the one verify function. */
import { hash, timingSafeEqual } from "node:crypto";
import type { Access, RefusalReason, UserInfo, VerifyQuery } from "../contract.ts";
import { administerPermission, type apiPermissions, type ProblemCode } from "../facts.ts";
import { StoreUnreachable, type VerifiableToken } from "../store/store.ts";
import { notCovered } from "./permission.ts";
import { RuleError } from "./rule-error.ts";
import { type MaybeLoaded, nothingAsked, type Refusal, type Verification } from "./verify.ts";

export interface Caller {
	readonly user: UserInfo;
	/** undefined: the owner, or an administrator of a shared server. */
	readonly token: VerifiableToken | undefined;
	/** The token of an administrator. */
	readonly administrator?: VerifiableToken;
	/** What the caller has sent for a call to another system. */
	readonly access?: Access | undefined;
}

/** The daemon itself: when it ends an overlap, or has put tokens in doubt. */
export const systemCaller: Caller = {
	user: { userId: "daemon", userName: "Tokensmith" },
	token: undefined,
};

export interface Credentials {
	/** undefined: none was sent. */
	secret: string | undefined;
	/** The token's id, where the scheme sends one (HTTP Basic). */
	tokenId?: string | undefined;
	address: string;
}

/** Whether what a caller may do can be judged by old knowledge: only where nothing is changed. */
export type Judgement = "current" | "stale-allowed";

/** What a route requires: a permission of this API, any token, or the owner. */
export type Demand = (typeof apiPermissions)[keyof typeof apiPermissions] | "token" | "owner";

/** The problem code of each refusal. */
export const refusalCodes: Record<RefusalReason, ProblemCode> = {
	malformed: "token-malformed",
	unknown: "token-unknown",
	revoked: "token-revoked",
	disabled: "token-disabled",
	"in-doubt": "token-in-doubt",
	expired: "token-expired",
	address: "address-not-allowed",
	permission: "permission-missing",
	resource: "resource-not-granted",
};

/** For the caller that was refused: it is about its own secret, so nothing is disclosed. */
export function refusalDetail(refusal: Refusal): string {
	const missing = refusal.missing?.join(", ");
	const hasSuccessor = typeof refusal.token?.successorId === "string";
	const details: Record<RefusalReason, string> = {
		malformed: "This is not a Tokensmith token; it may be cut off, or belong to another system.",
		unknown: "No token has this secret; it may belong to another data directory.",
		revoked: "The token was revoked; create another one.",
		disabled: "The token is disabled; enable it, or use another one.",
		"in-doubt":
			"Damaged files left it unknown whether the token was ended; its owner can enable or revoke it.",
		expired: hasSuccessor
			? "The token was rotated, and its overlap has ended; use the secret of its successor."
			: "The token has expired; create another one.",
		address: "The token may not be used from this address.",
		permission: `The token lacks the permission ${missing}.`,
		resource: `The token has no access to the resource ${missing}.`,
	};
	return details[refusal.reason];
}

/**
 * The caller, if it meets the demand.
 * @throws RuleError `credentials-missing`, `owner-only` or the code of the refusal.
 */
export async function callerOf(
	credentials: Credentials,
	demand: Demand,
	known: {
		isOwnerKey: (secret: string) => boolean;
		/** Whether a token with the permission to administer does what an owner does: only where there is no owner. */
		hasAdministrators: boolean;
		owner: UserInfo;
		verify: (secret: string, address: string, asked: VerifyQuery) => MaybeLoaded<Verification>;
		judgement: Judgement;
	},
): Promise<Caller> {
	const { secret, tokenId, address } = credentials;
	if (secret === undefined) {
		throw new RuleError("credentials-missing", "Send the header 'Authorization: Bearer <token>'.");
	}
	if (tokenId === undefined && known.isOwnerKey(secret)) return { user: known.owner, token: undefined };
	const permissions = demand === "token" || demand === "owner" ? [] : [demand];
	const verification = await known.verify(secret, address, { ...nothingAsked, permissions });
	if (verification.staleSeconds !== undefined && known.judgement === "current")
		throw new StoreUnreachable(undefined, "The database can't be reached.");
	if (!verification.valid)
		throw new RuleError(refusalCodes[verification.reason], refusalDetail(verification));
	const { token } = verification;
	if (tokenId !== undefined && tokenId !== token.id) {
		throw new RuleError("token-unknown", "The client id does not belong to the token with this secret.");
	}
	const user = { userId: token.userId, userName: token.userName };
	if (known.hasAdministrators && notCovered(token.permissions, [administerPermission]).length === 0)
		return { user, token: undefined, administrator: token };
	if (demand === "owner") throw new RuleError("owner-only", "Only the owner of this daemon can do this.");
	return { user, token };
}

/** Whether a secret is this key: in constant time, whatever the lengths. */
export function equalTo(key: string): (secret: string) => boolean {
	const digest = digestOf(key);
	return (secret) => timingSafeEqual(digestOf(secret), digest);
}

function digestOf(text: string): Buffer {
	return hash("sha256", text, "buffer");
}
