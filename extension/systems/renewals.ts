/** The expiries of tokens as a calendar file (RFC 5545). It contains names and dates, no secret. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { works } from "../tokens/lineage.ts";

export type Renewal = Pick<TokenRecord, "id" | "name" | "version"> & {
	/** ISO 8601. */
	expiry: string;
	/** The system's name. */
	system: string;
	/** The system's page, if it has one. */
	url?: string | undefined;
};

/** Soonest first: tokens that work, expire, and are not replaced yet. */
export function renewalsAmong(
	tokens: readonly TokenRecord[],
	systemOf: (token: TokenRecord) => Pick<Renewal, "system" | "url">,
	now: number,
): Renewal[] {
	return tokens
		.flatMap((token) => {
			const { id, name, version, expiry, successorId } = token;
			if (expiry === null || successorId !== null || !works(token, now)) return [];
			return [{ id, name, version, expiry, ...systemOf(token) }];
		})
		.sort((one, other) => Date.parse(one.expiry) - Date.parse(other.expiry));
}

/** How many tokens that work have an expiry that is not known. */
export function unknownAmong(tokens: readonly TokenRecord[], now: number): number {
	return tokens.filter((token) => !token.expiryKnown && token.successorId === null && works(token, now))
		.length;
}

/** A calendar that replaces the events of an earlier one when it is imported again. */
export function calendarOf(renewals: readonly Renewal[], now: Date): string {
	const lines = [
		"BEGIN:VCALENDAR",
		"VERSION:2.0",
		"PRODID:-//Tokensmith//Renewals//EN",
		"CALSCALE:GREGORIAN",
		"METHOD:PUBLISH",
		...renewals.flatMap((renewal) => eventLines(renewal, now)),
		"END:VCALENDAR",
	];
	return lines.map((line) => `${folded(line)}\r\n`).join("");
}

function eventLines({ id, name, version, expiry, system, url }: Renewal, now: Date): string[] {
	const summary = escaped(l10n.t("Renew the API token {0}", name));
	return [
		"BEGIN:VEVENT",
		`UID:${escaped(bareId(id))}@tokensmith`,
		`SEQUENCE:${version}`,
		`DTSTAMP:${utc(now)}`,
		`DTSTART:${utc(new Date(expiry))}`,
		`SUMMARY:${summary}`,
		`DESCRIPTION:${escaped(l10n.t("The token of {0} expires at this time.", system))}`,
		...(url === undefined ? [] : [`URL:${url}`]),
		"TRANSP:TRANSPARENT",
		"BEGIN:VALARM",
		"ACTION:DISPLAY",
		"TRIGGER:-P7D",
		`DESCRIPTION:${summary}`,
		"END:VALARM",
		"END:VEVENT",
	];
}

/** Section 3.3.5, form 2. */
function utc(date: Date): string {
	return date.toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Section 3.3.11: backslash, semicolon, comma and line breaks; other control characters are not allowed. */
function escaped(text: string): string {
	return text
		.replace(/[\\;,]/g, "\\$&")
		.replace(/\r\n?|[\n\u2028\u2029]/g, "\\n")
		.replace(/\p{Cc}/gu, "");
}

/** Section 3.1: at most 75 octets a line, never cut within a character. */
function folded(line: string): string {
	let [result, octets] = ["", 0];
	for (const character of line) {
		const size = Buffer.byteLength(character);
		if (octets + size > 75) [result, octets] = [`${result}\r\n `, 1];
		result += character;
		octets += size;
	}
	return result;
}
