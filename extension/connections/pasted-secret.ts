/** Reads a secret as people paste it: with blanks, quotes or the words of a header around it. Knows no VS Code. */

/** Blanks that copying from a web page leaves, among them those without width. */
const blanks = /^[\s\u200B-\u200D\u2060\uFEFF]+|[\s\u200B-\u200D\u2060\uFEFF]+$/g;

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
	let text = pasted;
	for (;;) {
		const shorter = unquoted(text.replace(blanks, "")).replace(header, "");
		if (shorter === text) return text;
		text = shorter;
	}
}

/** Whether a header can carry it: printable ASCII without blanks. */
export function isSendable(secret: string): boolean {
	return /^[\x21-\x7E]+$/.test(secret);
}

function unquoted(text: string): string {
	const pair = quotes.find(
		([open, close]) => text.length > 1 && text.startsWith(open) && text.endsWith(close),
	);
	return pair === undefined ? text : text.slice(1, -1);
}
