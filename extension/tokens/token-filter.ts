/** Which tokens match the words in the filter box. Knows no VS Code. */
import type { TokenRecord } from "../../daemon/contract.ts";

type Filter = (token: TokenRecord) => boolean;

/**
 * A token matches if each word of the text is part of one of its properties, or of a line that holds its secret.
 * `placesOf`: those lines, in words.
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
