/**
 * Who may do what with tokens, and what then happens: the rules of every route. Knows no HTTP and no SQL; the clock is
 * passed in. A change counts, for everyone, once it is on disk.
 */
import { hash, randomUUID, timingSafeEqual } from "node:crypto";
import {
	type CreatedToken,
	type CreateTokenRequest,
	type ListTokensQuery,
	type Policy,
	type ProblemCode,
	type Profile,
	policy as policySchema,
	type RefusalReason,
	type ServerEvents,
	statusOf,
	type TokenList,
	type TokenRecord,
	type UserInfo,
} from "../contract.ts";
import type { ListPosition, Token, TokenStore, Usage } from "../store/tokens.ts";
import { checkCeiling, checkRequest } from "./creation.ts";
import { defaultPolicy, profilesUnder } from "./profile.ts";
import { RuleError } from "./rule-error.ts";
import { generateSecret, hashOf, partialTokenOf } from "./secret.ts";
import { type Presented, TokenIndex, type Verification } from "./verify.ts";

/** Whoever asks: the owner, or a token by its token user. */
export type Caller = { readonly user: UserInfo; readonly token: Token | undefined };

export type Notify = <Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]) => void;

export interface AuthorityOptions {
	store: TokenStore;
	ownerKey: string;
	/** Whom the owner's changes are attributed to. */
	owner: UserInfo;
	now: () => Date;
	/** Told of every change that is on disk. */
	notify: Notify;
}

/** The code of each refusal, wherever it is told. */
export const refusalCodes: Record<RefusalReason, ProblemCode> = {
	malformed: "token-malformed",
	unknown: "token-unknown",
	revoked: "token-revoked",
	disabled: "token-disabled",
	expired: "token-expired",
	address: "address-not-allowed",
	permission: "permission-missing",
	resource: "resource-not-granted",
};

export class Authority {
	readonly #options: AuthorityOptions;
	readonly #index = new TokenIndex();
	#policy: Policy = defaultPolicy;
	#profiles: Profile[] = [];

	/** Reads all tokens into memory; a verification then costs no query. */
	static async open(options: AuthorityOptions): Promise<Authority> {
		const authority = new Authority(options);
		for await (const { token, usage } of options.store.all()) authority.#index.put(token, usage);
		const kept = policySchema.safeParse(await options.store.policy());
		authority.#apply(kept.success ? kept.data : defaultPolicy);
		return authority;
	}

	private constructor(options: AuthorityOptions) {
		this.#options = options;
	}

	/** Is the secret good, from this address, for all of these permissions and resources? Throws for nothing. */
	verify(presented: Presented): Verification {
		return this.#index.verify(presented, this.#options.now().getTime());
	}

	/**
	 * Who presents this secret, if they may do what needs the permission.
	 * @throws RuleError `credentials-missing`, `owner-only` or the code of the refusal.
	 */
	callerOf(secret: string | undefined, address: string, permission: string | "owner" | "any"): Caller {
		if (secret === undefined) {
			throw new RuleError("credentials-missing", "Send the header 'Authorization: Bearer <token>'.");
		}
		if (isSame(secret, this.#options.ownerKey)) return { user: this.#options.owner, token: undefined };
		const permissions = permission === "any" || permission === "owner" ? [] : [permission];
		const verification = this.verify({ secret, address, permissions, resources: [] });
		if (!verification.valid) {
			throw new RuleError(refusalCodes[verification.reason], refusalDetail(verification));
		}
		if (permission === "owner")
			throw new RuleError("owner-only", "Only the owner of this daemon can do this.");
		const { token } = verification;
		return { user: { userId: token.userId, userName: token.name }, token };
	}

	/**
	 * Creates a token. The answer is the only place where its secret ever is.
	 * @throws RuleError `invalid-request` or `exceeds-caller`, with every field that is wrong.
	 */
	async create(caller: Caller, request: CreateTokenRequest): Promise<CreatedToken> {
		const now = this.#options.now();
		const rules = this.#profileOf(request.profile);
		const expiry = checkRequest(request, rules, caller.token, now);
		if (caller.token !== undefined) checkCeiling(request, expiry, caller.token);
		const secret = generateSecret(this.#policy.secretPrefix);
		const token = newToken(request, { expiry, secret, now, user: caller.user });
		await this.#options.store.insert(token);
		this.#index.put(token);
		const record = this.#record(token.id);
		this.#options.notify("token", { change: "created", token: record });
		return { ...record, token: secret };
	}

	/** @throws RuleError `not-found` */
	get(id: string): TokenRecord {
		return this.#record(id);
	}

	/** @throws RuleError `invalid-request` for a cursor that no list of this query answered. */
	async list(query: ListTokensQuery): Promise<TokenList> {
		const { limit, cursor, ...filter } = query;
		const after = cursor === undefined ? undefined : positionOf(cursor, filter);
		const now = this.#options.now();
		const ids = await this.#options.store.list({ ...filter, limit: limit + 1, after }, now.toISOString());
		const tokens = ids.slice(0, limit).map((id) => this.#record(id));
		const last = tokens.at(-1);
		const nextCursor = ids.length > limit && last !== undefined ? cursorOf(last, filter) : null;
		return { tokens, nextCursor };
	}

	/**
	 * Revokes a token for good; once this settles every verification refuses it. Revoking it again changes nothing.
	 * @throws RuleError `not-found`
	 */
	async revoke(caller: Caller, id: string, reason: string | undefined): Promise<TokenRecord> {
		for (;;) {
			const { token } = this.#entry(id);
			if (token.revokedDate !== null) return this.#record(id);
			const now = this.#options.now().toISOString();
			const revoked: Token = {
				...token,
				version: token.version + 1,
				lastModifiedDate: now,
				lastModifiedUserInfo: caller.user,
				revokedDate: now,
				revokedReason: reason ?? null,
			};
			// Someone else may have changed it meanwhile; then look again.
			if (!(await this.#options.store.update(revoked))) continue;
			this.#index.put(revoked);
			const record = this.#record(id);
			this.#options.notify("token", { change: "revoked", token: record });
			return record;
		}
	}

	profiles(): Profile[] {
		return this.#profiles;
	}

	/** Takes over what the person has set. Tokens that exist already keep what they have. */
	async setPolicy(policy: Policy): Promise<void> {
		if (JSON.stringify(policy) === JSON.stringify(this.#policy)) return;
		await this.#options.store.savePolicy(policy);
		this.#apply(policy);
		this.#options.notify("profiles", { profiles: this.#profiles });
	}

	/** Writes the usage that was gathered in memory since the last time. */
	async saveUsage(): Promise<void> {
		const used = this.#index.takeUsed();
		if (used.length === 0) return;
		await this.#options.store.saveUsage(used);
		for (const { id } of used) this.#options.notify("token", { change: "changed", token: this.#record(id) });
	}

	#apply(policy: Policy): void {
		this.#policy = policy;
		this.#profiles = profilesUnder(policy);
	}

	#profileOf(id: string): Profile {
		const found = this.#profiles.find((profile) => profile.id === id);
		if (found === undefined) {
			const detail = `There is no profile ${JSON.stringify(id)}; there are: ${this.#profiles.map((one) => one.id).join(", ")}.`;
			throw new RuleError("invalid-request", detail, { errors: [{ pointer: "/profile", detail }] });
		}
		return found;
	}

	#entry(id: string): { token: Token; usage: Usage } {
		const entry = this.#index.get(id);
		if (entry === undefined) throw new RuleError("not-found", "There is no token with this id.");
		return entry;
	}

	#record(id: string): TokenRecord {
		const { token, usage } = this.#entry(id);
		const { hash: _, ...shown } = token;
		return {
			...shown,
			status: statusOf(token, this.#options.now().getTime()),
			lastUsedDate: usage.lastUsed === 0 ? null : new Date(usage.lastUsed).toISOString(),
			lastUsedAddress: usage.lastUsedAddress,
			useCount: usage.useCount,
		};
	}
}

/** What to tell whoever was refused: it is their own secret, so nothing is given away. */
export function refusalDetail(refusal: Extract<Verification, { valid: false }>): string {
	const missing = refusal.missing?.join(", ");
	const details: Record<RefusalReason, string> = {
		malformed: "This is no Tokensmith token; was it cut off, or is it another system's?",
		unknown: "No token has this secret; it may belong to another data directory.",
		revoked: "The token was revoked; create another one.",
		disabled: "The token is disabled; enable it, or use another one.",
		expired: "The token has expired; create another one.",
		address: "The token may not be used from this address.",
		permission: `The token lacks the permission ${missing}.`,
		resource: `The token has no access to the resource ${missing}.`,
	};
	return details[refusal.reason];
}

function newToken(
	request: CreateTokenRequest,
	made: { expiry: string | null; secret: string; now: Date; user: UserInfo },
): Token {
	const date = made.now.toISOString();
	return {
		...request,
		expiry: made.expiry,
		id: randomUUID(),
		hash: hashOf(made.secret),
		version: 1,
		creationDate: date,
		lastModifiedDate: date,
		createdUserInfo: made.user,
		lastModifiedUserInfo: made.user,
		userId: randomUUID(),
		issuer: "local",
		partialToken: partialTokenOf(made.secret),
		disabledDate: null,
		revokedDate: null,
		revokedReason: null,
		retiresDate: null,
		predecessorId: null,
		successorId: null,
	};
}

type Filter = Omit<ListTokensQuery, "limit" | "cursor">;

/** A cursor says where a list goes on, and which list. */
function cursorOf(last: TokenRecord, filter: Filter): string {
	const position: ListPosition = [last.creationDate, last.id];
	return Buffer.from(JSON.stringify([...position, fingerprintOf(filter)])).toString("base64url");
}

function positionOf(cursor: string, filter: Filter): ListPosition {
	const parts = partsOf(cursor);
	if (parts.length === 3 && parts.every((part) => typeof part === "string")) {
		const [creationDate = "", id = "", fingerprint] = parts;
		if (fingerprint === fingerprintOf(filter)) return [creationDate, id];
	}
	const detail = "This cursor belongs to no list with these filters; ask for the list without it.";
	throw new RuleError("invalid-request", detail, { errors: [{ pointer: "?cursor", detail }] });
}

function partsOf(cursor: string): unknown[] {
	try {
		const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
		return Array.isArray(parts) ? parts : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

function fingerprintOf(filter: Filter): string {
	return hash("sha256", JSON.stringify(Object.entries(filter).sort()), "base64url").slice(0, 12);
}

/** In constant time, whatever the lengths. */
function isSame(one: string, other: string): boolean {
	return timingSafeEqual(Buffer.from(hash("sha256", one), "hex"), Buffer.from(hash("sha256", other), "hex"));
}
