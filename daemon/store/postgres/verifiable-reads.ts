/** Reads tokens for verifications: all that are asked for in one moment with one query. */
import type { VerifiableToken } from "../store.ts";

type Found = Map<string, VerifiableToken>;

const mostInQuery = 500;

export class VerifiableReads {
	readonly #query: (hashes: readonly string[]) => Promise<Found>;
	#next: { hashes: Set<string>; found: Promise<Found> } | undefined;

	constructor(query: (hashes: readonly string[]) => Promise<Found>) {
		this.#query = query;
	}

	async read(hash: string): Promise<VerifiableToken | undefined> {
		if (this.#next === undefined || this.#next.hashes.size >= mostInQuery) this.#next = this.#begin();
		this.#next.hashes.add(hash);
		return (await this.#next.found).get(hash);
	}

	/** A query that is sent when the requests of this moment are read. */
	#begin(): { hashes: Set<string>; found: Promise<Found> } {
		const hashes = new Set<string>();
		const next = { hashes, found: this.#send(hashes) };
		return next;
	}

	async #send(hashes: Set<string>): Promise<Found> {
		await new Promise(setImmediate);
		if (this.#next?.hashes === hashes) this.#next = undefined;
		return this.#query([...hashes]);
	}
}
