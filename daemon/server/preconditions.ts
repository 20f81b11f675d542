/** Conditions on the version of a token, which is its ETag (RFC 9110 section 13). */
import type { IncomingMessage } from "node:http";
import type { IfMatch } from "../rules/carry-out.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { Reply, Route } from "./route.ts";

/** Whether the route reads what has an ETag. */
export function isReadByVersion({ method, answers }: Pick<Route, "method" | "answers">): boolean {
	return method === "get" && answers.headers?.includes("ETag") === true;
}

/** The reply to a request that reads, or 304 where the client has this version. @throws RuleError `version-stale` */
export function replyIfChanged({ headers }: IncomingMessage, reply: NonNullable<Reply>): NonNullable<Reply> {
	const { "if-match": wanted, "if-none-match": had } = headers;
	const tag = reply.headers?.ETag ?? "";
	if (wanted !== undefined && !matches(wanted, tag, "strong"))
		throw new RuleError("version-stale", "The token has another version than If-Match.");
	return had !== undefined && matches(had, tag, "weak") ? { status: 304, headers: { ETag: tag } } : reply;
}

function matches(header: string, tag: string, comparison: Comparison): boolean {
	const versions = versionsIn(header, comparison) ?? [];
	return header.trim() === "*" || versions.some((version) => `"${version}"` === tag);
}

/** The versions of its token that a change may begin from (RFC 9110 section 13.1.1). */
export function ifMatchOf(route: Route, request: IncomingMessage): IfMatch {
	const header = request.headers["if-match"];
	if (route.ifMatch === "ignored") return "any";
	if (header === undefined) {
		if (route.ifMatch === "optional") return "any";
		throw new RuleError("version-missing", "Send If-Match with the ETag of the version to change.");
	}
	if (header.trim() === "*") return "any";
	const versions = versionsIn(header, "strong");
	if (versions !== undefined) return versions;
	throw new RuleError(
		"version-stale",
		'If-Match must be an ETag that this daemon returned, for example "3", or a list of them.',
	);
}

/** A list may have empty elements, and a tag may hold commas (RFC 9110 sections 5.6.1.2 and 8.8.3). */
const listedTag = /[ \t,]*(W\/)?"([\x21\x23-\x7E\x80-\xFF]*)"[ \t]*(?:,[ \t,]*|$)/y;

/** In a strong comparison, a weak tag matches none (RFC 9110 section 8.8.3.2). */
type Comparison = "strong" | "weak";

/** The versions of a list of tags. Another server's tag matches none. undefined: this is no such list. */
function versionsIn(header: string, comparison: Comparison): number[] | undefined {
	const versions: number[] = [];
	listedTag.lastIndex = 0;
	do {
		const [, weak, tag = ""] = listedTag.exec(header) ?? [];
		if (listedTag.lastIndex === 0) return undefined;
		if ((weak === undefined || comparison === "weak") && /^[1-9]\d*$/.test(tag)) versions.push(Number(tag));
	} while (listedTag.lastIndex < header.length);
	return versions;
}
