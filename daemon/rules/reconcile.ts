/** How the records of a connection and the tokens at its system compare: pure. */
import type { RemoteToken } from "../contract.ts";
import type { StoredToken, Token } from "../store/store.ts";
import { differences } from "./remote.ts";

export interface Comparison {
	same: number;
	/** There and not here. */
	unknown: RemoteToken[];
	/** Here and not there. */
	missing: StoredToken[];
	/** There, and dead. */
	dead: StoredToken[];
	changed: { stored: StoredToken; remote: RemoteToken; fields: ReturnType<typeof differences> }[];
	/** Records without an id of the system. */
	unmatched: StoredToken[];
}

/** @param here the records of the connection; the revoked ones are expected nowhere. */
export function compare(here: readonly StoredToken[], there: readonly RemoteToken[]): Comparison {
	const find = finderOf(there);
	const comparison: Comparison = {
		same: 0,
		unknown: unknownOf(here, there),
		missing: [],
		dead: [],
		changed: [],
		unmatched: [],
	};
	for (const stored of here) {
		if (stored.token.revokedDate === null) sort(stored, find(stored.token), comparison);
	}
	return comparison;
}

function sort(stored: StoredToken, remote: RemoteToken | undefined, into: Comparison): void {
	if (remote === undefined) {
		if (stored.token.remoteId === null) into.unmatched.push(stored);
		else into.missing.push(stored);
	} else if (remote.isDead === true) into.dead.push(stored);
	else {
		const fields = differences(stored.token, remote);
		if (fields.length > 0) into.changed.push({ stored, remote, fields });
		else into.same++;
	}
}

/** By id, and by the hash of a secret that the list shows. */
function finderOf(there: readonly RemoteToken[]): (token: Token) => RemoteToken | undefined {
	const byId = new Map(there.map((remote) => [remote.id, remote]));
	const byHash = new Map(there.map((remote) => [remote.secretHash, remote]));
	return ({ remoteId, hash }) => (remoteId === null ? undefined : byId.get(remoteId)) ?? byHash.get(hash);
}

/** A revoked record whose token still exists is not unknown: it may take a while to disappear. */
function unknownOf(here: readonly StoredToken[], there: readonly RemoteToken[]): RemoteToken[] {
	const ids = new Set(here.map(({ token }) => token.remoteId));
	const hashes = new Set<string | undefined>(here.map(({ token }) => token.hash));
	return there.filter(({ id, secretHash, isDead }) => !ids.has(id) && !hashes.has(secretHash) && !isDead);
}
