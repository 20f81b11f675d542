/**
 * What a transaction is going to ask about many tokens, read at once: a way to the database for each question would hold all other
 * changes up. Its own writes are known here too.
 */
import type { StoredToken, Token } from "../store.ts";

type Identified = Pick<Token, "id" | "hash" | "profile" | "name" | "connectionId" | "remoteId">;
type Row = Readonly<Record<string, unknown>>;

/** The queries: what each asks for, as arrays of the same length. */
export interface Asked {
	readonly ids: readonly string[];
	readonly hashes: readonly string[];
	readonly names: readonly [profiles: readonly string[], names: readonly string[]];
	readonly remoteIds: readonly [connections: readonly string[], ids: readonly string[]];
}

/** Their answers. */
export interface Found {
	readonly tokens: readonly StoredToken[];
	readonly hashes: readonly string[];
	/** With `profile`, `name` and `id`, of one name at most one more than there are tokens: no more can change at once. */
	readonly names: readonly Row[];
	/** With `connectionId`, `remoteId` and `id`. */
	readonly remoteIds: readonly Row[];
}

export function askedOf(tokens: readonly Identified[]): Asked {
	const named = new Map(tokens.map((token) => [keyOf(token.profile, token.name), token])).values();
	const remote = new Map(
		tokens
			.filter(({ connectionId, remoteId }) => connectionId !== null && remoteId !== null)
			.map((token) => [keyOf(token.connectionId, token.remoteId), token]),
	).values();
	return {
		ids: tokens.map(({ id }) => id),
		hashes: tokens.map(({ hash }) => hash),
		names: columnsOf([...named].map(({ profile, name }) => [profile, name])),
		remoteIds: columnsOf([...remote].map((token) => [String(token.connectionId), String(token.remoteId)])),
	};
}

/** Each method answers undefined for what was not asked for. */
export class Expected {
	readonly #tokens = new Map<string, StoredToken | undefined>();
	readonly #hashes = new Map<string, boolean>();
	/** The ids of those that have the name, or the id at their system. */
	readonly #names = new Map<string, Set<string>>();
	readonly #remoteIds = new Map<string, Set<string>>();

	/** In the place of what was expected before. */
	replace(asked: Asked, found: Found): void {
		for (const known of [this.#tokens, this.#hashes, this.#names, this.#remoteIds]) known.clear();
		for (const id of asked.ids) this.#tokens.set(id, undefined);
		for (const hash of asked.hashes) this.#hashes.set(hash, false);
		fill(this.#names, asked.names);
		fill(this.#remoteIds, asked.remoteIds);
		for (const stored of found.tokens) this.#tokens.set(stored.token.id, stored);
		for (const hash of found.hashes) this.#hashes.set(hash, true);
		for (const { profile, name, id } of found.names) this.#names.get(keyOf(profile, name))?.add(String(id));
		for (const { connectionId, remoteId, id } of found.remoteIds)
			this.#remoteIds.get(keyOf(connectionId, remoteId))?.add(String(id));
	}

	token(id: string): { stored: StoredToken | undefined } | undefined {
		return this.#tokens.has(id) ? { stored: this.#tokens.get(id) } : undefined;
	}

	isHashKnown(hash: string): boolean | undefined {
		return this.#hashes.get(hash);
	}

	isNameTaken({ profile, name, exceptId }: { profile: string; name: string; exceptId: string }) {
		const ids = this.#names.get(keyOf(profile, name));
		return ids && [...ids].some((id) => id !== exceptId);
	}

	isRemoteIdKnown({ connectionId, remoteId }: { connectionId: string; remoteId: string }) {
		const ids = this.#remoteIds.get(keyOf(connectionId, remoteId));
		return ids && ids.size > 0;
	}

	/** A write of this transaction. */
	note(stored: StoredToken): void {
		const { token } = stored;
		const { id, profile, name, connectionId, remoteId } = token;
		const before = this.#tokens.get(id)?.token;
		if (before !== undefined) {
			this.#names.get(keyOf(before.profile, before.name))?.delete(id);
			this.#remoteIds.get(keyOf(before.connectionId, before.remoteId))?.delete(id);
		}
		if (this.#tokens.has(id)) this.#tokens.set(id, stored);
		if (this.#hashes.has(token.hash)) this.#hashes.set(token.hash, true);
		if (token.revokedDate !== null) return;
		if (token.issuer !== "local") this.#remoteIds.get(keyOf(connectionId, remoteId))?.add(id);
		else if (token.successorId === null) this.#names.get(keyOf(profile, name))?.add(id);
	}
}

function columnsOf(pairs: readonly (readonly [string, string])[]): [string[], string[]] {
	return [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
}

function fill(
	known: Map<string, Set<string>>,
	[first, second]: readonly [readonly string[], readonly string[]],
): void {
	for (const [index, one] of first.entries()) known.set(keyOf(one, second[index]), new Set());
}

/** A text of a database has no NUL. */
function keyOf(one: unknown, other: unknown): string {
	return `${one}\0${other}`;
}
