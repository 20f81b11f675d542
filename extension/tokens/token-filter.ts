/** Which tokens match the words in the filter box. Knows no VS Code. */
import type { TokenRecord } from "../../daemon/contract.ts";
import { bareId } from "../daemon/qualified-ids.ts";

type Filter = (token: TokenRecord) => boolean;

interface FilterFacts {
	/** The lines that hold a token's secret, in words. */
	placesOf(id: string): readonly string[];
	/** The name of the server that has the token; undefined: this machine. */
	serverOf(id: string): string | undefined;
}

/**
 * A token matches if each word of the text is part of one of its properties, of its server's name, or of a line that holds
 * its secret.
 */
export function filterBy(text: string, { placesOf, serverOf }: FilterFacts): Filter {
	const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	return (token) => {
		if (words.length === 0) return true;
		const known = wordsOf(token, [serverOf(token.id) ?? "", ...placesOf(token.id)]);
		return words.every((word) => known.includes(word));
	};
}

function wordsOf(token: TokenRecord, places: readonly string[]): string {
	const { name, description, issuer, profile, status, partialToken } = token;
	return [
		...[name, description, bareId(issuer), bareId(profile), status, partialToken],
		...token.tags,
		...token.permissions,
		...token.resources,
		...places,
	]
		.join("\n")
		.toLocaleLowerCase();
}
