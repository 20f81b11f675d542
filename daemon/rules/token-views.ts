/** Tokens as they are shown: one, a page of a list, those of some hashes or of a resource. Changes nothing. */
import type { ListTokensQuery, ResourceGrants, ResourceList, TokenList, TokenRecord } from "../contract.ts";
import { statusOf } from "../facts.ts";
import type { DurableDatabase } from "../store/durable.ts";
import type { ListFilter, ListPage, ListPosition, SortColumn } from "../store/token-list.ts";
import type { Token } from "../store/tokens.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import { notCovered } from "./permission.ts";
import { RuleError } from "./rule-error.ts";
import type { TokenUsage } from "./usage.ts";
import type { TokenIndex } from "./verify.ts";

export class TokenViews {
	readonly #database: DurableDatabase;
	readonly #index: TokenIndex;
	/** Milliseconds since the epoch. */
	readonly #now: () => number;

	constructor({ database, index, now }: { database: DurableDatabase; index: TokenIndex; now: () => number }) {
		this.#database = database;
		this.#index = index;
		this.#now = now;
	}

	/** @throws RuleError `not-found` */
	entry(id: string): { token: Token; usage: TokenUsage } {
		const entry = this.#index.get(id);
		if (entry === undefined) throw new RuleError("not-found", "There is no token with this id.");
		return entry;
	}

	/** @throws RuleError `not-found` */
	get(id: string): TokenRecord {
		const { token, usage } = this.entry(id);
		const { hash: _, userName: __, ...shown } = token;
		const { useCount, lastUsed, lastUsedAddress } = usage.totals;
		return {
			...shown,
			status: statusOf(token, this.#now()),
			lastUsedDate: lastUsed === 0 ? null : new Date(lastUsed).toISOString(),
			lastUsedAddress,
			useCount,
		};
	}

	/** @throws RuleError `invalid-request` for a cursor that no list of this query answered. */
	async list(query: ListTokensQuery): Promise<TokenList> {
		const { limit, cursor, sort, ...filter } = query;
		const list = { ...filter, sort };
		const after = cursor === undefined ? undefined : listPosition(positionOf(cursor, list));
		const direction = sort.startsWith("-") ? "desc" : "asc";
		const column = sort.replace("-", "") as SortColumn;
		const ids = await this.ids(filter, { sort: column, direction, limit: limit + 1, after });
		const tokens = ids.slice(0, limit).map((id) => this.get(id));
		const last = tokens.at(-1);
		const nextCursor =
			ids.length > limit && last !== undefined
				? cursorOf([this.#sortValue(last, column), last.id], list)
				: null;
		return { tokens, nextCursor };
	}

	/** The tokens whose secrets have these hashes, by hash. */
	identify(hashes: readonly string[]): Record<string, TokenRecord> {
		return this.#byHash(hashes, (id) => this.get(id));
	}

	/** The same, of each token its ID alone. */
	idsOf(hashes: readonly string[]): Record<string, Pick<TokenRecord, "id">> {
		return this.#byHash(hashes, (id) => ({ id }));
	}

	#byHash<Shown>(hashes: readonly string[], show: (id: string) => Shown): Record<string, Shown> {
		const found = hashes.flatMap((hash) => {
			const entry = this.#index.findByHash(hash);
			return entry === undefined ? [] : [[hash, show(entry.token.id)] as const];
		});
		return Object.fromEntries(found);
	}

	/** Every resource that a token which is not revoked was granted. */
	resources(): ResourceList {
		const tokenIds = new Map<string, string[]>();
		for (const token of this.#index.tokens()) {
			if (token.revokedDate !== null) continue;
			for (const resource of token.resources) {
				const ids = tokenIds.get(resource);
				if (ids === undefined) tokenIds.set(resource, [token.id]);
				else ids.push(token.id);
			}
		}
		const resources = [...tokenIds].sort(([one], [other]) => (one < other ? -1 : 1));
		return { resources: resources.map(([resource, ids]) => ({ ...partsOf(resource), tokenIds: ids })) };
	}

	grantsOf(kind: string, id: string): ResourceGrants {
		const granted = [...this.#index.tokens()].filter(
			(token) => token.revokedDate === null && token.resources.includes(`${kind}/${id}`),
		);
		return { kind, id, tokens: granted.map((token) => this.get(token.id)) };
	}

	/** Whether a token is good at this moment, and holds the permission. */
	isGood(id: string, permission: string): boolean {
		const { token } = this.entry(id);
		const status = statusOf(token, this.#now());
		return (
			(status === "active" || status === "retiring") &&
			notCovered(token.permissions, [permission]).length === 0
		);
	}

	/** How many tokens there are of each status. */
	countByStatus(): Map<TokenRecord["status"], number> {
		const now = this.#now();
		const counts = new Map<TokenRecord["status"], number>();
		for (const token of this.#index.tokens()) {
			const status = statusOf(token, now);
			counts.set(status, (counts.get(status) ?? 0) + 1);
		}
		return counts;
	}

	async ids(filter: ListFilter, page: ListPage): Promise<string[]> {
		const { listTokens } = await import("../store/token-list.ts");
		return listTokens(this.#database, filter, page, new Date(this.#now()).toISOString());
	}

	#sortValue(record: TokenRecord, column: SortColumn): string | number | null {
		if (column !== "lastUsed") return record[column];
		return record.lastUsedDate === null ? null : Date.parse(record.lastUsedDate);
	}
}

/** @throws RuleError `invalid-request` for a cursor that somebody made up. */
function listPosition([value, id]: readonly unknown[]): ListPosition {
	const isValue = value === null || typeof value === "string" || typeof value === "number";
	if (isValue && typeof id === "string") return [value, id];
	throw new RuleError("invalid-request", "This cursor was not given by any list.", {
		errors: [{ pointer: "?cursor", detail: "was not given by any list" }],
	});
}

function partsOf(resource: string): { kind: string; id: string } {
	const slash = resource.indexOf("/");
	return { kind: resource.slice(0, slash), id: resource.slice(slash + 1) };
}
