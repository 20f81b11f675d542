/**
 * Which token a hash is of, as the daemon has answered. Invariant: a hash is asked for once; of those that were
 * nobody's, again as soon as there are tokens that were not there then.
 */
import type { Client } from "../daemon/client.ts";

export class TokenIdentities {
	readonly #daemon: () => Promise<Client>;
	/** Kept, for asking for it is a request too. */
	#client: Client | undefined;
	readonly #tokenIds = new Map<string, string>();
	readonly #nobodys = new Set<string>();
	/** Tokens that there were when the last question was asked. */
	#askedAmong: ReadonlySet<string> = new Set();
	/** Another one each time that nobody's hashes are forgotten: an answer that was on its way then is too old. */
	#round = 0;

	constructor(daemon: () => Promise<Client>) {
		this.#daemon = daemon;
	}

	/** The token's id; null: no token that the daemon knows; undefined: not asked yet. */
	of(hash: string): string | null | undefined {
		return this.#tokenIds.get(hash) ?? (this.#nobodys.has(hash) ? null : undefined);
	}

	/** Answers whether anything that was nobody's may be somebody's by now. */
	tokensAre(ids: ReadonlySet<string>): boolean {
		const isNew = [...ids].some((id) => !this.#askedAmong.has(id));
		this.#askedAmong = ids;
		if (isNew) {
			this.#nobodys.clear();
			this.#round += 1;
		}
		return isNew;
	}

	/**
	 * Asks for those of the hashes that have no answer. Fulfils with whether there were any.
	 * @throws UnreachableError, ProblemError or DaemonError
	 */
	async ask(hashes: Iterable<string>): Promise<boolean> {
		const open = [...new Set(hashes)].filter((hash) => this.of(hash) === undefined);
		if (open.length === 0) return false;
		const round = this.#round;
		this.#client ??= await this.#daemon();
		const found = await this.#client.idsOf(open);
		for (const hash of open) {
			const id = found[hash]?.id;
			if (id !== undefined) this.#tokenIds.set(hash, id);
			else if (round === this.#round) this.#nobodys.add(hash);
		}
		return true;
	}
}
