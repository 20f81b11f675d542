/** Reads a secret as people paste it: with blanks, quotes or the words of a header around it. Knows no VS Code. */

import * as l10n from "@vscode/l10n";

/** Blanks that copying from a web page leaves, among them those without width. */
const blanks =
	/^[\s\u200B-\u200D\u2060\uFEFF]+|(?<![\s\u200B-\u200D\u2060\uFEFF])[\s\u200B-\u200D\u2060\uFEFF]+$/g;

/** No secret is longer; taking off one quote after the other would take long then. */
const longest = 20_000;

const header = /^(?:(?:proxy-)?authorization\s*:\s*)?(?:bearer|token)\s+/i;

const quotes: readonly (readonly [string, string])[] = [
	['"', '"'],
	["'", "'"],
	["`", "`"],
	["“", "”"],
	["„", "“"],
];

/** Without what surrounds it; a repeated call changes nothing. */
export function cleanSecret(pasted: string): string {
	let text = pasted.trim();
	while (text.length <= longest) {
		const shorter = unquoted(text.replace(blanks, "")).replace(header, "");
		if (shorter === text) return text;
		text = shorter;
	}
	return text;
}

/** Whether a header can carry it: printable ASCII without blanks. */
export function isSendable(secret: string): boolean {
	return /^[\x21-\x7E]+$/.test(secret);
}

/** Whether this is a web page: a proxy or a service in trouble answers with one. */
export function isWebPage(text: string): boolean {
	return /<(?:!doctype\s+html|html|head|title|body)[\s>]/i.test(text);
}

export function webPageProblem(): string {
	return l10n.t("This is a web page, such as an error page, and not a secret. Copy the secret again.");
}

function unquoted(text: string): string {
	const pair = quotes.find(
		([open, close]) => text.length > 1 && text.startsWith(open) && text.endsWith(close),
	);
	return pair === undefined ? text : text.slice(1, -1);
}
