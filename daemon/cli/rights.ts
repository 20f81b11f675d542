/** What the token for a server may do there, in words and for programs. */
import type { ServerRight, ServerToken } from "../client/prove-server.ts";
import { listInWords } from "../language.ts";
import { dateWords, oneLine } from "./output.ts";

/** The server accepts the token, which may not do what the command needs. */
export class NotAllowedError extends Error {}

export function rightsWords({ record, rights }: ServerToken): string {
	const may = rights.includes("administer")
		? "do everything"
		: listInWords(rights.map((right) => words[right]));
	const until = record.expiry === null ? "It never expires" : `It expires ${dateWords(record.expiry)}`;
	return `The token ${oneLine(record.name)} (${record.partialToken}) may ${may}. ${until}.`;
}

export function tokenFacts({ record, rights }: ServerToken) {
	const { id, name, partialToken, status, expiry, retiresDate, permissions } = record;
	return { token: { id, name, partialToken, status, expiry, retiresDate, permissions }, rights };
}

const words: Readonly<Record<ServerRight, string>> = {
	administer: "administer the server",
	read: "see tokens",
	write: "create and change them",
	delete: "revoke them",
	introspect: "introspect them for others",
	rotateSelf: "rotate itself",
};
