/**
 * The one answer to "is this secret good, from this address, for this?". Every door goes through it; it answers from
 * memory and touches no store. It throws for nothing that a stranger can send.
 */
import { hash } from "node:crypto";
import type { RefusalReason, VerifyQuery } from "../contract.ts";
import { endOf } from "../facts.ts";
import type { IndexedTokens, Token, Usage } from "../store/tokens.ts";
import { AddressMatcher } from "./address.ts";
import { isIssuedHere } from "./issuer.ts";
import { quietEnd } from "./overlap.ts";
import { covers, notCovered } from "./permission.ts";
import { isWellFormed } from "./secret.ts";
import { TokenUsage } from "./usage.ts";

export type Verification = { readonly valid: true; readonly token: Token } | Refusal;

export interface Refusal {
	readonly valid: false;
	readonly reason: RefusalReason;
	/** The permissions or resources that are not held. */
	readonly missing?: readonly string[];
	/** Whose secret it is; absent when nobody's. */
	readonly token?: Token;
}

export const nothingAsked: VerifyQuery = { permissions: [], anyPermissions: [], resources: [] };

const everywhere = new AddressMatcher([]);

/** The one scheme that there is so far. */
const scheme = "sha256:";

interface Entry {
	readonly token: Token;
	readonly usage: TokenUsage;
	/** Milliseconds since the epoch, Infinity for never. */
	readonly end: number;
	readonly addresses: AddressMatcher;
}

/** All tokens by the hash of their secret and by id, ready to be verified. */
export class TokenIndex {
	/** Without the scheme's name, which would only have to be put before each hash. */
	readonly #byHash = new Map<string, Entry>();
	readonly #byId = new Map<string, Entry>();
	/** Those of other issuers, by the same: nothing here can say whether they are good. */
	readonly #elsewhere = new Map<string, Entry>();
	/** Those whose overlap ends when nobody uses them. */
	readonly #ending = new Set<string>();
	#used = new Set<TokenUsage>();
	/** Where tokens are that are not taken in yet, and how far that has come. */
	#shelf: { tokens: IndexedTokens; rest: Iterator<{ token: Token; usage: Usage }> } | undefined;

	/** Has tokens found where they lie, so that the first verification need not wait until all are taken in. */
	lookUpIn(tokens: IndexedTokens): void {
		this.#shelf = { tokens, rest: tokens.all()[Symbol.iterator]() };
	}

	/** Takes in so many of those that are only looked up so far. Whatever needs all of them does so by itself. */
	takeIn(most = Infinity): "more" | "all" {
		for (let count = 0; this.#shelf !== undefined && count < most; count++) {
			const next = this.#shelf.rest.next();
			if (next.done === true) this.#shelf = undefined;
			else if (!this.#byId.has(next.value.token.id)) this.#put(next.value.token, next.value.usage);
		}
		return this.#shelf === undefined ? "all" : "more";
	}

	/** Takes in a new token or the next version of one; it counts from the next verification on. */
	put(token: Token, totals?: Usage): void {
		this.takeIn();
		this.#put(token, totals);
	}

	#put(token: Token, totals?: Usage): void {
		const entry: Entry = {
			token,
			usage: this.#byId.get(token.id)?.usage ?? new TokenUsage(token.id, totals),
			end: endOf(token),
			addresses:
				token.allowedAddresses.length === 0 ? everywhere : new AddressMatcher(token.allowedAddresses),
		};
		const known = isIssuedHere(token) ? this.#byHash : this.#elsewhere;
		known.set(token.hash.slice(scheme.length), entry);
		this.#byId.set(token.id, entry);
		if (token.quietSeconds !== null) this.#ending.add(token.id);
		else if (this.#ending.size > 0) this.#ending.delete(token.id);
	}

	get(id: string): { token: Token; usage: TokenUsage } | undefined {
		this.takeIn();
		return this.#byId.get(id);
	}

	findByHash(hashed: string): { token: Token; usage: TokenUsage } | undefined {
		if (!hashed.startsWith(scheme)) return undefined;
		this.takeIn();
		const digest = hashed.slice(scheme.length);
		return this.#byHash.get(digest) ?? this.#elsewhere.get(digest);
	}

	/** Every token with its usage. */
	*entries(): Iterable<{ token: Token; usage: Readonly<Usage> }> {
		this.takeIn();
		for (const { token, usage } of this.#byId.values()) yield { token, usage: usage.totals };
	}

	*tokens(): Iterable<Token> {
		this.takeIn();
		for (const entry of this.#byId.values()) yield entry.token;
	}

	/** The ids of those whose overlap has gone quiet. */
	*quietOverlaps(now: number, since: number): Iterable<string> {
		this.takeIn();
		for (const id of this.#ending) {
			if ((this.#byId.get(id)?.end ?? 0) <= now) this.#ending.delete(id);
			else if (this.isQuiet(id, now, since)) yield id;
		}
	}

	/**
	 * Whether the token is in an overlap that nobody has used at `now` for as long as was asked for.
	 * @param since when the first could have used it, for before nobody listened.
	 */
	isQuiet(id: string, now: number, since: number): boolean {
		const entry = this.#byId.get(id);
		if (entry === undefined || entry.end <= now) return false;
		return quietEnd(entry.token, entry.usage.totals.lastUsed, since) <= now;
	}

	/**
	 * @param address undefined: not known, which a token that may be used from some addresses only does not pass.
	 * @param now milliseconds since the epoch.
	 * Looks, in this order, at: malformed, unknown, revoked, disabled, expired, address, permission, resource.
	 */
	verify(secret: string, address: string | undefined, asked: VerifyQuery, now: number): Verification {
		const entry = this.#entryOf(secret);
		if ("valid" in entry) return entry;
		const refusal = refusalOf(entry, address, asked, now);
		this.#used.add(entry.usage);
		if (refusal !== undefined) {
			entry.usage.countRefusal(refusal.reason, now);
			return refusal;
		}
		// Whoever has a successor and still is good is in the overlap.
		entry.usage.countVerification(asked, address, now, entry.token.successorId);
		return { valid: true, token: entry.token };
	}

	/** As `verify`, for one who only looks: it counts as no use, and an address that is not known is not asked for. */
	look(secret: string, address: string | undefined, now: number): Verification {
		const entry = this.#entryOf(secret);
		if ("valid" in entry) return entry;
		const asked = address === undefined ? { ...entry, addresses: everywhere } : entry;
		return refusalOf(asked, address, nothingAsked, now) ?? { valid: true, token: entry.token };
	}

	#entryOf(secret: string): Entry | Refusal {
		const digest = hash("sha256", secret, "hex");
		if (this.#shelf !== undefined) this.#fetch(digest);
		const entry = this.#byHash.get(digest);
		if (entry !== undefined) return entry;
		const isToken = isWellFormed(secret) || this.#elsewhere.has(digest);
		return { valid: false, reason: isToken ? "unknown" : "malformed" };
	}

	#fetch(digest: string): void {
		if (this.#byHash.has(digest) || this.#elsewhere.has(digest)) return;
		const found = this.#shelf?.tokens.find(scheme + digest);
		if (found !== undefined) this.#put(found.token, found.usage);
	}

	/** Those that were used since the last call. */
	takeUsed(): TokenUsage[] {
		const used = [...this.#used];
		this.#used = new Set();
		return used;
	}

	/** Has them among the used ones again, for what they held could not be written. */
	giveBackUsed(used: readonly TokenUsage[]): void {
		for (const usage of used) this.#used.add(usage);
	}
}

function refusalOf(
	entry: Entry,
	address: string | undefined,
	asked: VerifyQuery,
	now: number,
): Refusal | undefined {
	const { token } = entry;
	if (token.revokedDate !== null) return refuse("revoked", token);
	if (token.disabledDate !== null) return refuse("disabled", token);
	if (entry.end <= now) return refuse("expired", token);
	if (!entry.addresses.allows(address ?? "")) return refuse("address", token);
	const permissions = missingPermissions(token.permissions, asked);
	if (permissions.length > 0) return { ...refuse("permission", token), missing: permissions };
	const resources = notCovered(token.resources, asked.resources);
	if (resources.length > 0) return { ...refuse("resource", token), missing: resources };
	return undefined;
}

function refuse(reason: RefusalReason, token: Token): Refusal {
	return { valid: false, reason, token };
}

function missingPermissions(held: readonly string[], { permissions, anyPermissions }: VerifyQuery): string[] {
	const missing = notCovered(held, permissions);
	if (missing.length > 0 || anyPermissions.length === 0) return missing;
	const hasOne = anyPermissions.some((wanted) => held.some((own) => covers(own, wanted)));
	return hasOne ? [] : [...anyPermissions];
}
