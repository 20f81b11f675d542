/**
 * Which token a hash belongs to, according to the daemon. Invariant: each hash is requested once; hashes that matched
 * no token are requested again once tokens or their secrets have been added.
 */
import type { AskedSecret, Client } from "../daemon/client.ts";

export class TokenIdentities {
	readonly #daemon: () => Promise<Client>;
	/** Cached, since computing it may itself need a request. */
	#client: Client | undefined;
	readonly #tokenIds = new Map<string, string>();
	readonly #unmatched = new Set<string>();
	/** The tokens that existed at the last request, each with what tells its secrets apart. */
	#knownTokens: ReadonlySet<string> = new Set();
	/** Incremented whenever unmatched hashes are discarded: an answer still under way is outdated then. */
	#round = 0;

	constructor(daemon: () => Promise<Client>) {
		this.#daemon = daemon;
	}

	/** The token's id; null: the daemon knows no such token; undefined: not requested yet. */
	of(hash: string): string | null | undefined {
		return this.#tokenIds.get(hash) ?? (this.#unmatched.has(hash) ? null : undefined);
	}

	/** Notes the current tokens with their secrets. Returns whether a hash that matched no token may match one now. */
	noteTokens(secrets: ReadonlySet<string>): boolean {
		const isNew = [...secrets].some((secret) => !this.#knownTokens.has(secret));
		this.#knownTokens = secrets;
		if (isNew) {
			this.#unmatched.clear();
			this.#round += 1;
		}
		return isNew;
	}

	/**
	 * Requests those whose token is still unknown. Resolves to whether there were any.
	 * @throws TokensmithUnavailableError, TokensmithProblemError or DaemonError
	 */
	async request(secrets: Iterable<AskedSecret>): Promise<boolean> {
		const asked = new Map(Array.from(secrets, ({ hash, partial }) => [hash, { hash, partial }]));
		const open = [...asked.values()].filter(({ hash }) => this.of(hash) === undefined);
		if (open.length === 0) return false;
		const round = this.#round;
		this.#client ??= await this.#daemon();
		const found = await this.#client.idsOf(open);
		for (const { hash } of open) {
			const id = found[hash]?.id;
			if (id !== undefined) this.#tokenIds.set(hash, id);
			else if (round === this.#round) this.#unmatched.add(hash);
		}
		return true;
	}
}
