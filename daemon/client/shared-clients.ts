/**
 * Clients and caches that all checks against the same daemon share, as requests share the connections of an agent: each
 * connection has to be proved before it is used.
 */
import { createTokensmithClient, type TokensmithClient, type TokensmithClientOptions } from "./client.ts";
import { ownPlace } from "./own-directory.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** A service has one daemon, or a few. */
const most = 100;

/** A client, or where its daemon is. */
export interface Verifier {
	/**
	 * The verifier: a client, or the daemon with this data directory or at this address, which holds its identity:
	 * `http://tki-…@127.0.0.1:47600`. By default TOKENSMITH_DATA_DIR or TOKENSMITH_URL of the environment, else the daemon of
	 * this user.
	 */
	client?: TokensmithClient | undefined;
	url?: string | undefined;
	dataDir?: string | undefined;
	/** Starts the daemon of the data directory when it does not run. */
	start?: boolean | undefined;
}

const clients = new Map<string, TokensmithClient>();
const caches = new WeakMap<TokensmithClient, Map<number, VerifiedTokens>>();

/** @throws TypeError for what is no place of a daemon */
export function clientOf({ client, dataDir, url, start }: Verifier): TokensmithClient {
	if (client !== undefined) {
		if (start === true)
			throw new TypeError("start belongs to createTokensmithClient, since a client is given.");
		return client;
	}
	const place = dataDir !== undefined ? { dataDir } : url !== undefined ? { url } : ownPlace();
	// The environment may name a daemon elsewhere, which is not started from here.
	const starts = place.url === undefined || url !== undefined ? start : undefined;
	const options = { ...place, start: starts } as TokensmithClientOptions;
	return kept(clients, JSON.stringify(options), () => createTokensmithClient(options));
}

/** The tokens that this client has accepted in so many seconds. */
export function verifiedTokensOf(client: TokensmithClient, cacheSeconds: number): VerifiedTokens {
	const bySeconds = caches.get(client) ?? new Map<number, VerifiedTokens>();
	caches.set(client, bySeconds);
	return kept(bySeconds, cacheSeconds, () => new VerifiedTokens(cacheSeconds));
}

function kept<Key, Value>(values: Map<Key, Value>, key: Key, make: () => Value): Value {
	const known = values.get(key);
	if (known !== undefined) return known;
	const made = make();
	if (values.size >= most) values.clear();
	values.set(key, made);
	return made;
}
