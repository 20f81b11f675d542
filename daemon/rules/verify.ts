/**
 * The one answer to "is this secret valid, from this address, for this?", for every endpoint. It answers from memory, and
 * loads a token that is not there from the store. It throws for nothing that a stranger can send.
 */
import { hash } from "node:crypto";
import QuickLRU from "quick-lru";
import type { RefusalReason, VerifyQuery } from "../contract.ts";
import { endOf } from "../facts.ts";
import { type Store, type Token, type VerifiableToken, verifiableOf } from "../store/store.ts";
import { AddressMatcher } from "./address.ts";
import { isIssuedHere } from "./issued-here.ts";
import { covers, notCovered } from "./permission.ts";
import { isWellFormed } from "./secret.ts";
import { UsageCounts } from "./usage.ts";

export type Verification = ({ readonly valid: true; readonly token: VerifiableToken } & Known) | Refusal;

interface Known {
	/** Set where the database could not be asked: for how many seconds changes may have been missed. */
	readonly staleSeconds?: number;
}

export interface Refusal extends Known {
	readonly valid: false;
	readonly reason: RefusalReason;
	/** The missing permissions or resources. */
	readonly missing?: readonly string[];
	/** The token with this secret; absent when there is none. */
	readonly token?: VerifiableToken;
}

/** A value, or a promise of one that has to be loaded first. */
export type MaybeLoaded<Value> = Value | Promise<Value>;

/** A token that is followed through its changes. */
export interface Watch {
	readonly token: VerifiableToken;
	stop(): void;
}

export const nothingAsked: VerifyQuery = { permissions: [], anyPermissions: [], resources: [] };

const unknown = { valid: false, reason: "unknown" } as const;

const everywhere = new AddressMatcher([]);

/** The one hash scheme so far. */
const scheme = "sha256:";

/** At least so many of the tokens used last stay in memory, at most twice as many. */
const rememberedTokens = 100_000;
/** The same of secrets that no token has; a creation anywhere forgets all of them. */
const rememberedUnknown = 1000;

interface Entry {
	readonly token: VerifiableToken;
	/** Milliseconds since the epoch, Infinity for never. */
	readonly end: number;
	readonly addresses: AddressMatcher;
}

type VerifierStore = Pick<Store, "verifiable" | "coming" | "isCurrent" | "staleSeconds">;

export class Verifier {
	readonly usage = new UsageCounts();
	readonly #store: VerifierStore;
	/** By the hash of the secret, without the name of the scheme. */
	readonly #entries: QuickLRU<string, Entry>;
	readonly #unknown = new QuickLRU<string, true>({ maxSize: rememberedUnknown });
	/** How often a verification was answered from memory, and how often from the store. */
	readonly found = { inMemory: 0, inStore: 0, stale: 0 };
	/** What is being loaded. A change removes its token from here, so that an older state is never remembered. */
	readonly #loading = new Map<string, Promise<Entry | undefined>>();
	/** The hashes of tokens of other issuers, which this daemon can't verify. */
	readonly #foreign = new Set<string>();
	readonly #watches = new Map<string, Set<{ token: VerifiableToken }>>();

	constructor(store: VerifierStore, foreignHashes: readonly string[], remembered = rememberedTokens) {
		this.#store = store;
		this.#entries = new QuickLRU({ maxSize: remembered });
		for (const hashed of foreignHashes) this.#foreign.add(digestOf(hashed));
	}

	/** A committed token: it counts from the next verification on. One that is not remembered is loaded by that verification. */
	apply(token: Token): void {
		const digest = digestOf(token.hash);
		if (!isIssuedHere(token)) return void this.#foreign.add(digest);
		this.#loading.delete(digest);
		this.#unknown.delete(digest);
		const verifiable = verifiableOf(token);
		if (this.#entries.has(digest)) this.#entries.set(digest, entryOf(verifiable));
		for (const watch of this.#watches.get(token.id) ?? []) watch.token = verifiable;
	}

	/** A deleted token is unknown from the next verification on. The store counts no uses of it that come later. */
	forget(token: Token): void {
		const digest = digestOf(token.hash);
		this.#foreign.delete(digest);
		this.#loading.delete(digest);
		this.#entries.delete(digest);
	}

	/**
	 * Checks, in this order: malformed, unknown, revoked, in doubt, disabled, expired, address, permission, resource.
	 * @param address undefined: unknown, which a token with allowed addresses does not pass.
	 * @param now milliseconds since the epoch.
	 */
	verify(
		secret: string,
		address: string | undefined,
		asked: VerifyQuery,
		now: number,
	): MaybeLoaded<Verification> {
		return this.#withEntry(secret, (entry) => this.#judge(entry, address, asked, now));
	}

	/** As `verify`, without counting a use; an unknown address is not checked. */
	look(secret: string, address: string | undefined, now: number): MaybeLoaded<Verification> {
		return this.#withEntry(secret, (entry) => {
			const checked = address === undefined ? { ...entry, addresses: everywhere } : entry;
			return refusalOf(checked, address, nothingAsked, now) ?? { valid: true, token: entry.token };
		});
	}

	/** Whether it is valid as far as memory knows, which costs no more than a hash. Counts no use. */
	remembers(secret: string, address: string, now: number): boolean {
		const entry = this.#store.isCurrent() ? this.#entries.peek(hash("sha256", secret, "hex")) : undefined;
		return entry !== undefined && refusalOf(entry, address, nothingAsked, now) === undefined;
	}

	/** Follows the changes of a token, from its current state: it may have changed since it was verified. */
	watch(verified: VerifiableToken): Watch {
		const token = this.#entries.peek(digestOf(verified.hash))?.token ?? verified;
		const watch = { token, stop: () => this.#unwatch(token.id, watch) };
		const watches = this.#watches.get(token.id) ?? new Set();
		this.#watches.set(token.id, watches.add(watch));
		return watch;
	}

	#unwatch(tokenId: string, watch: Watch): void {
		const watches = this.#watches.get(tokenId);
		watches?.delete(watch);
		if (watches?.size === 0) this.#watches.delete(tokenId);
	}

	#withEntry(secret: string, judge: (entry: Entry) => Verification): MaybeLoaded<Verification> {
		const digest = hash("sha256", secret, "hex");
		const coming = this.#store.coming(digest);
		if (coming === undefined) return this.#knownEntry(secret, digest, judge);
		return coming.then(
			() => this.#knownEntry(secret, digest, judge),
			() => this.#unknownEntry(secret, digest, judge),
		);
	}

	/** Of a token that has changed, where the change is not known. */
	async #unknownEntry(
		secret: string,
		digest: string,
		judge: (entry: Entry) => Verification,
	): Promise<Verification> {
		if (!isWellFormed(secret)) return { valid: false, reason: "malformed" };
		this.found.inStore++;
		const loaded = await this.#read(digest);
		return loaded === undefined ? unknown : judge(loaded);
	}

	#knownEntry(
		secret: string,
		digest: string,
		judge: (entry: Entry) => Verification,
	): MaybeLoaded<Verification> {
		const isCurrent = this.#store.isCurrent();
		const entry = isCurrent ? this.#entries.get(digest) : undefined;
		if (entry !== undefined) {
			this.found.inMemory++;
			return judge(entry);
		}
		// A malformed secret never reaches the store.
		if (!isWellFormed(secret))
			return { valid: false, reason: this.#foreign.has(digest) ? "unknown" : "malformed" };
		if (isCurrent && this.#unknown.get(digest)) {
			this.found.inMemory++;
			return unknown;
		}
		const stale = isCurrent ? undefined : this.#stale(digest, judge);
		if (stale !== undefined) return stale;
		this.found.inStore++;
		const loading = isCurrent ? this.#load(digest) : this.#read(digest);
		return loading.then(
			(loaded) => (loaded === undefined ? unknown : judge(loaded)),
			(error) => {
				const known = this.#stale(digest, judge);
				if (known === undefined) throw error;
				return known;
			},
		);
	}

	/** By a token that is remembered, where that is allowed without the database. That a secret is unknown is not believed. */
	#stale(digest: string, judge: (entry: Entry) => Verification): Verification | undefined {
		const staleSeconds = this.#store.staleSeconds();
		const entry = staleSeconds === undefined ? undefined : this.#entries.get(digest);
		if (staleSeconds === undefined || entry === undefined) return undefined;
		this.found.stale++;
		return { ...judge(entry), staleSeconds };
	}

	/** Verifications of one token share one query. */
	#load(digest: string): Promise<Entry | undefined> {
		let loading = this.#loading.get(digest);
		if (loading === undefined) {
			loading = this.#read(digest);
			this.#loading.set(digest, loading);
			const loaded = loading;
			const finish = (entry: Entry | "failed" | undefined) => {
				if (this.#loading.get(digest) !== loaded) return;
				this.#loading.delete(digest);
				if (entry === "failed") return;
				if (entry === undefined) this.#unknown.set(digest, true);
				else this.#entries.set(digest, entry);
			};
			loading.then(finish, () => finish("failed"));
		}
		return loading;
	}

	async #read(digest: string): Promise<Entry | undefined> {
		const token = await this.#store.verifiable(scheme + digest);
		return token === undefined ? undefined : entryOf(token);
	}

	#judge(entry: Entry, address: string | undefined, asked: VerifyQuery, now: number): Verification {
		const { token } = entry;
		const refusal = refusalOf(entry, address, asked, now);
		const usage = this.usage.of(token.id);
		if (refusal !== undefined) {
			usage.countRefusal(refusal, now);
			return refusal;
		}
		// A valid token with a successor is in its overlap.
		usage.countVerification(asked, address, now, token.successorId);
		return { valid: true, token };
	}
}

function digestOf(hashed: string): string {
	return hashed.slice(scheme.length);
}

function entryOf(token: VerifiableToken): Entry {
	const { allowedAddresses } = token;
	const addresses = allowedAddresses.length === 0 ? everywhere : new AddressMatcher(allowedAddresses);
	return { token, end: endOf(token), addresses };
}

function refusalOf(
	entry: Entry,
	address: string | undefined,
	asked: VerifyQuery,
	now: number,
): Refusal | undefined {
	const { token } = entry;
	if (token.revokedDate !== null) return refuse("revoked", token);
	if (token.inDoubtDate !== null) return refuse("in-doubt", token);
	if (token.disabledDate !== null) return refuse("disabled", token);
	if (entry.end <= now) return refuse("expired", token);
	if (!entry.addresses.allows(address ?? "")) return refuse("address", token);
	const permissions = missingPermissions(token.permissions, asked);
	if (permissions.length > 0) return { ...refuse("permission", token), missing: permissions };
	const resources = notCovered(token.resources, asked.resources);
	if (resources.length > 0) return { ...refuse("resource", token), missing: resources };
	return undefined;
}

function refuse(reason: RefusalReason, token: VerifiableToken): Refusal {
	return { valid: false, reason, token };
}

function missingPermissions(held: readonly string[], { permissions, anyPermissions }: VerifyQuery): string[] {
	const missing = notCovered(held, permissions);
	if (missing.length > 0 || anyPermissions.length === 0) return missing;
	const hasOne = anyPermissions.some((wanted) => held.some((own) => covers(own, wanted)));
	return hasOne ? [] : [...anyPermissions];
}
