/**
 * The one answer to "is this secret good, from this address, for this?". Every door goes through it; it answers from
 * memory and touches no store. It throws for nothing that a stranger can send.
 */
import { endOf, type RefusalReason, type VerifyQuery } from "../contract.ts";
import type { Token, Usage } from "../store/tokens.ts";
import { AddressMatcher } from "./address.ts";
import { notCovered } from "./permission.ts";
import { hashOf, isWellFormed } from "./secret.ts";

export type Verification =
	| { readonly valid: true; readonly token: Token }
	| { readonly valid: false; readonly reason: RefusalReason; readonly missing?: readonly string[] };

export interface Presented extends VerifyQuery {
	secret: string;
	address: string;
}

interface Entry {
	readonly token: Token;
	readonly usage: Usage;
	/** Milliseconds since the epoch, Infinity for never. */
	readonly end: number;
	readonly addresses: AddressMatcher;
}

/** All tokens by the hash of their secret and by id, ready to be verified. */
export class TokenIndex {
	readonly #byHash = new Map<string, Entry>();
	readonly #byId = new Map<string, Entry>();
	/** Whose usage is not in the store yet. */
	#used = new Set<Entry>();

	/** Takes in a new token or the next version of one; it counts from the next verification on. */
	put(token: Token, usage?: Usage): void {
		const known = this.#byId.get(token.id)?.usage;
		const entry: Entry = {
			token,
			usage: usage ?? known ?? { useCount: 0, lastUsed: 0, lastUsedAddress: null },
			end: endOf(token),
			addresses: new AddressMatcher(token.allowedAddresses),
		};
		this.#byHash.set(token.hash, entry);
		this.#byId.set(token.id, entry);
	}

	get(id: string): { token: Token; usage: Usage } | undefined {
		return this.#byId.get(id);
	}

	/** Looks, in this order, at: malformed, unknown, revoked, disabled, expired, address, permission, resource. */
	verify(presented: Presented, now: number): Verification {
		const entry = this.#byHash.get(hashOf(presented.secret));
		if (entry === undefined) {
			return { valid: false, reason: isWellFormed(presented.secret) ? "unknown" : "malformed" };
		}
		const refusal = refusalOf(entry, presented, now);
		if (refusal !== undefined) return refusal;
		entry.usage.useCount++;
		entry.usage.lastUsed = now;
		entry.usage.lastUsedAddress = presented.address;
		this.#used.add(entry);
		return { valid: true, token: entry.token };
	}

	/** The usage that has changed since the last call. */
	takeUsed(): { id: string; usage: Readonly<Usage> }[] {
		const used = [...this.#used].map(({ token, usage }) => ({ id: token.id, usage: { ...usage } }));
		this.#used = new Set();
		return used;
	}
}

function refusalOf(entry: Entry, presented: Presented, now: number): Verification | undefined {
	const { token } = entry;
	if (token.revokedDate !== null) return { valid: false, reason: "revoked" };
	if (token.disabledDate !== null) return { valid: false, reason: "disabled" };
	if (entry.end <= now) return { valid: false, reason: "expired" };
	if (!entry.addresses.allows(presented.address)) return { valid: false, reason: "address" };
	const permissions = notCovered(token.permissions, presented.permissions);
	if (permissions.length > 0) return { valid: false, reason: "permission", missing: permissions };
	const resources = notCovered(token.resources, presented.resources);
	if (resources.length > 0) return { valid: false, reason: "resource", missing: resources };
	return undefined;
}
