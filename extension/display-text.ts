/**
 * Neutralizes text from other sources (token names, keys, file names) where VS Code would interpret it as markup. Token
 * names come over the API from any caller that may create tokens. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";

/** Invisible characters that reorder the text around them; with them, one name could look like another. */
const reordering = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** For places that show text literally. */
export function plainText(text: string): string {
	return text.replace(reordering, "");
}

/** For labels, where VS Code turns `$(trash)` into an icon. A leading backslash prevents that. */
export function labelText(text: string): string {
	return plainText(text).replace(/\$\([a-z0-9-]+(?:~[a-z]+)?\)/gi, "\\$&");
}

/** For notifications, where VS Code turns `[text](command:…)` into a link that runs a command. */
export function messageText(text: string): string {
	return plainText(text).replaceAll("](", "]\u2060(");
}

/** A name in quotation marks for use within a sentence, shortened to 60 characters. */
export function quoted(name: string): string {
	return l10n.t("“{0}”", shortened(messageText(name), 60));
}

/** At most `most` characters (grapheme clusters), none of them cut. */
export function shortened(text: string, most: number): string {
	const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
	return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** Like `shortened`, but omits the middle: similar names often differ in their last word. */
export function shortenedWithin(text: string, most: number): string {
	const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
	if (characters.length <= most) return text;
	const ending = Math.floor((most - 1) / 2);
	return `${characters.slice(0, most - 1 - ending).join("")}…${characters.slice(-ending).join("")}`;
}
