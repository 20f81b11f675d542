/** Tokens as records: one, a page of a list, those of some hashes or of a resource. Changes nothing. */
import type {
	CreatedToken,
	ListTokensQuery,
	ResourceGrants,
	ResourceList,
	TokenList,
	TokenRecord,
} from "../contract.ts";
import { statusOf } from "../facts.ts";
import {
	type ListPosition,
	type SortColumn,
	type Store,
	type StoredToken,
	type Token,
	unused,
} from "../store/store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Minted } from "./lifecycle.ts";
import { RuleError } from "./rule-error.ts";
import type { UsageCounts } from "./usage.ts";

export interface TokenViewsDeps {
	store: Store;
	usage: UsageCounts;
	/** Whether a token of this issuer without an expiry never expires. */
	tellsExpiry: (token: Token) => boolean;
	/** Milliseconds since the epoch. */
	now: () => number;
}

export class TokenViews {
	readonly #deps: TokenViewsDeps;

	constructor(deps: TokenViewsDeps) {
		this.#deps = deps;
	}

	/** @throws RuleError `not-found` */
	async stored(id: string): Promise<StoredToken> {
		const found = await this.#deps.store.token(id);
		if (found === undefined) throw new RuleError("not-found", "There is no token with this id.");
		return found;
	}

	/** @throws RuleError `not-found` */
	async get(id: string): Promise<TokenRecord> {
		return this.recordOf(await this.stored(id));
	}

	/** With the uses that are not written yet. */
	recordOf({ token, usage }: StoredToken): TokenRecord {
		const { hash: _, userName: __, options: ___, ...record } = token;
		const { useCount, lastUsed, lastUsedAddress } = this.#deps.usage.totalOf(token.id, usage);
		return {
			...record,
			status: statusOf(token, this.#deps.now()),
			expiryKnown: token.expiry !== null || this.#deps.tellsExpiry(token),
			lastUsedDate: lastUsed === 0 ? null : new Date(lastUsed).toISOString(),
			lastUsedAddress,
			useCount,
		};
	}

	/** A new token with its secret, which no other answer contains. */
	createdOf({ token, secret, ignored }: Minted): CreatedToken {
		const record = this.recordOf({ token, usage: unused });
		return { ...record, token: secret, ...(ignored !== undefined && { ignored }) };
	}

	/** @throws RuleError `invalid-request` for a cursor that no list of this query returned. */
	async list(query: ListTokensQuery): Promise<TokenList> {
		const { limit, cursor, sort, ...filter } = query;
		const list = { ...filter, sort };
		const after = cursor === undefined ? undefined : listPosition(positionOf(cursor, list));
		const direction = sort.startsWith("-") ? "desc" : "asc";
		const column = sort.replace("-", "") as SortColumn;
		const page = { sort: column, direction, limit: limit + 1, after } as const;
		const found = await this.#deps.store.list(filter, page, this.#date());
		const shown = found.slice(0, limit);
		const last = shown.at(-1);
		const nextCursor =
			found.length > limit && last !== undefined
				? cursorOf([sortValue(last, column), last.token.id], list)
				: null;
		return { tokens: shown.map((stored) => this.recordOf(stored)), nextCursor };
	}

	/** The tokens whose secrets have these hashes, by hash. */
	async identify(hashes: readonly string[]): Promise<Record<string, TokenRecord>> {
		const found = await this.#deps.store.tokensByHash(hashes);
		const byHash = new Map(found.map((stored) => [stored.token.hash, stored]));
		return inOrderOf(hashes, byHash, (stored) => this.recordOf(stored));
	}

	/** The same with the id of each token alone. */
	async idsOf(hashes: readonly string[]): Promise<Record<string, Pick<TokenRecord, "id">>> {
		return inOrderOf(hashes, await this.#deps.store.idsByHash(hashes), (id) => ({ id }));
	}

	/** Every resource that a token which is not revoked was granted. */
	async resources(): Promise<ResourceList> {
		const tokenIds = new Map<string, string[]>();
		for (const { resource, tokenId } of await this.#deps.store.grants()) {
			const ids = tokenIds.get(resource);
			if (ids === undefined) tokenIds.set(resource, [tokenId]);
			else ids.push(tokenId);
		}
		return {
			resources: [...tokenIds].map(([resource, ids]) => ({ ...partsOf(resource), tokenIds: ids })),
		};
	}

	async grantsOf(kind: string, id: string): Promise<ResourceGrants> {
		const page = { sort: "creationDate", direction: "asc", limit: -1 } as const;
		const found = await this.#deps.store.list({ resource: `${kind}/${id}` }, page, this.#date());
		const granted = found.filter(({ token }) => token.revokedDate === null);
		return { kind, id, tokens: granted.map((stored) => this.recordOf(stored)) };
	}

	/** How many tokens there are of each status. */
	countByStatus(): Promise<Map<TokenRecord["status"], number>> {
		return this.#deps.store.countByStatus(this.#date());
	}

	#date(): string {
		return new Date(this.#deps.now()).toISOString();
	}
}

function inOrderOf<Found, Shown>(
	hashes: readonly string[],
	found: ReadonlyMap<string, Found>,
	show: (found: Found) => Shown,
): Record<string, Shown> {
	const shown = hashes.flatMap((hash) => {
		const one = found.get(hash);
		return one === undefined ? [] : [[hash, show(one)] as const];
	});
	return Object.fromEntries(shown);
}

/** The value by which the store sorts; uses that are not written yet do not move a token. */
function sortValue({ token, usage }: StoredToken, column: SortColumn): string | number | null {
	if (column !== "lastUsed") return token[column];
	return usage.lastUsed === 0 ? null : usage.lastUsed;
}

/** @throws RuleError `invalid-request` for a forged cursor. */
function listPosition([value, id]: readonly unknown[]): ListPosition {
	const isValue = value === null || typeof value === "string" || typeof value === "number";
	if (isValue && typeof id === "string") return [value, id];
	throw new RuleError("invalid-request", "No list has returned this cursor.", {
		errors: [{ pointer: "?cursor", detail: "was not returned by any list" }],
	});
}

function partsOf(resource: string): { kind: string; id: string } {
	const slash = resource.indexOf("/");
	return { kind: resource.slice(0, slash), id: resource.slice(slash + 1) };
}
