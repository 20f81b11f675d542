/** Which tokens a person means by the words in the filter box. Knows no VS Code. */
import type { TokenRecord } from "../../daemon/contract.ts";

/** Something of the token begins, ends or stands in the middle of what is looked for: each word somewhere. */
type Filter = (token: TokenRecord) => boolean;

/**
 * The filter that the words make: a token passes when each of them stands somewhere in what a person knows of it.
 * `placesOf`: the words of the lines that hold its secret.
 */
export function filterBy(text: string, placesOf: (id: string) => readonly string[]): Filter {
	const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	return (token) => {
		if (words.length === 0) return true;
		const known = wordsOf(token, placesOf(token.id));
		return words.every((word) => known.includes(word));
	};
}

function wordsOf(token: TokenRecord, places: readonly string[]): string {
	const { name, description, issuer, profile, status, partialToken } = token;
	return [
		...[name, description, issuer, profile, status, partialToken],
		...token.tags,
		...token.permissions,
		...token.resources,
		...places,
	]
		.join("\n")
		.toLocaleLowerCase();
}
