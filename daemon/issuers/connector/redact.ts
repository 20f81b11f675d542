/** Removes what must not stand in a message: credentials, secrets and answers, in every form in which they are sent. */

const longest = 300;

/** A text from outside for a message: without the secrets, on one line, not too long. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
	const forms = [...secrets].filter((secret) => secret.length > 2).flatMap(formsOf);
	// The longest first: one can contain another.
	const sorted = [...new Set(forms)].sort((one, other) => other.length - one.length);
	return (text) => {
		let result = text;
		for (const form of sorted) result = result.replaceAll(form, "***");
		return clean(result, longest);
	};
}

/** Shorter ones, such as one-time codes, can be part of an id by chance. */
const shortestWithin = 12;

/** Whether a text is one of the secrets, or contains it, in any form in which they are sent. */
export function holderOf(secrets: Iterable<string>): (text: string) => boolean {
	const forms = [...secrets]
		.filter((secret) => secret.length > 2)
		.flatMap((secret) => formsOf(secret).map((form) => ({ form, within: secret.length >= shortestWithin })));
	return (text) => forms.some(({ form, within }) => text === form || (within && text.includes(form)));
}

function formsOf(secret: string): string[] {
	return [
		secret,
		encodeURIComponent(secret),
		inForm(secret),
		JSON.stringify(secret).slice(1, -1),
		Buffer.from(secret).toString("base64").replace(/=+$/, ""),
		Buffer.from(secret).toString("base64url"),
	];
}

/** As a form has it: a blank is a plus sign there, and more characters are encoded than in an address. */
function inForm(secret: string): string {
	return new URLSearchParams({ "": secret }).toString().slice(1);
}

/** On one line, without characters that reorder or hide text, and at most so long. */
export function clean(text: string, length: number): string {
	const line = text
		.replace(/[\p{Cc}\u2028\u2029\s]+/gu, " ")
		.replace(/\p{Cf}/gu, "")
		.trim();
	return line.length > length ? `${line.slice(0, length)}…` : line;
}
