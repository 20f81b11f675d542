/**
 * A verified token as response headers, for proxies. Their length has a bound, whatever the token holds: proxies and clients
 * refuse an answer with long headers. What does not fit is left out whole, since half a list would be a wrong one.
 */
import { validateHeaderValue } from "node:http";
import type { VerifiableToken } from "../store/store.ts";

/** With all other headers of the answer, less than 2 kB. */
const longestHeaders = 1500;
const truncated = "X-Token-Truncated";

/** Names and values in turn. @throws TypeError for what no header can hold, which would fail other answers too */
export function tokenHeaders(token: VerifiableToken): string[] {
	const headers: string[] = [];
	const leftOut: string[] = [];
	let left = longestHeaders;
	for (const [fact, value] of factsOf(token)) {
		const name = `X-Token-${fact}`;
		const length = name.length + value.length + ": \r\n".length;
		if (length > left) {
			leftOut.push(fact.toLowerCase());
			continue;
		}
		validateHeaderValue(name, value);
		headers.push(name, value);
		left -= length;
	}
	return leftOut.length === 0 ? headers : [...headers, truncated, leftOut.join(", ")];
}

/** The shortest first. */
function factsOf(token: VerifiableToken): [fact: string, value: string][] {
	const { id, name, userId, userName, permissions, resources, defaultSource, expiry } = token;
	return [
		["Id", id],
		["User-Id", userId],
		...(expiry === null ? [] : [["Expiry", expiry] as [string, string]]),
		...(defaultSource === null ? [] : [["Default-Source", headerText(defaultSource)] as [string, string]]),
		["Name", headerText(name)],
		["User-Name", headerText(userName)],
		["Permissions", permissions.join(" ")],
		["Resources", resources.join(" ")],
	];
}

const plainText = /^[\x20-\x24\x26-\x7E]*$/;

/** Header values are printable ASCII; all other characters, and the percent sign, are percent-encoded as UTF-8. */
function headerText(text: string): string {
	if (plainText.test(text)) return text;
	return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7E]+/gu, encodeURIComponent);
}
