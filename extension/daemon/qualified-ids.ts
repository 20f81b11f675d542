/**
 * Ids of what a shared server has: `srv-1a2b3c4d~` before its own id, so that nothing of a server is taken for what this
 * machine has, or another server. Ids of this machine stand as they are.
 */

const qualifiedId = /^(srv-[0-9a-f]{8})~/;

/** The key of the server that an id belongs to; undefined: this machine. */
export function serverOf(id: string | null | undefined): string | undefined {
	return qualifiedId.exec(id ?? "")?.[1];
}

/** The id as its own authority knows it. */
export function bareId(id: string): string {
	return id.replace(qualifiedId, "");
}

export function qualifiedAt(server: string, id: string): string {
	return `${server}~${id}`;
}

/** Whether tokens of this issuer are Tokensmith's own, of this machine or of a shared server; `profile`: or by its rules. */
export function isTokensmith(issuer: string): boolean {
	return bareId(issuer) === "local";
}

/** Always an id, wherever it stands. */
const references = new Set([
	...["tokenId", "tokenIds", "issuer", "profile", "connectionId", "predecessorId", "successorId"],
]);

/** What an `id` belongs to, if it is one of ours: a token, a connection or a profile. Of other systems' tokens it is theirs. */
function hasOwnId(value: object): boolean {
	return (
		"partialToken" in value || "baseUrl" in value || "changeable" in value || Object.keys(value).length === 1
	);
}

/** A copy of a server's answer with all of its ids qualified. */
export function qualifiedAnswer<Answer>(server: string, answer: Answer): Answer {
	return copied(answer) as Answer;

	function copied(value: unknown): unknown {
		if (Array.isArray(value)) return value.map(copied);
		if (typeof value !== "object" || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).map(([key, part]) => [
				key,
				references.has(key) || (key === "id" && hasOwnId(value)) ? withServer(part) : copied(part),
			]),
		);
	}

	function withServer(id: unknown): unknown {
		if (Array.isArray(id)) return id.map(withServer);
		return typeof id === "string" ? qualifiedAt(server, id) : copied(id);
	}
}

/** A copy of a request's body with the ids that the server itself knows. */
export function bareRequest<Body>(server: string, body: Body): Body {
	const prefix = qualifiedAt(server, "");
	return JSON.parse(JSON.stringify(body), (_, value) =>
		typeof value === "string" && value.startsWith(prefix) ? value.slice(prefix.length) : value,
	);
}

/** The same in the path of a request and its query. */
export function barePath(server: string, path: string): string {
	// `URLSearchParams` encodes a tilde, `encodeURIComponent` does not.
	return path.replaceAll(`${server}~`, "").replaceAll(`${server}%7E`, "");
}
