/**
 * Makes text that others chose (token names, keys, file names) harmless where VS Code would read more into it than
 * letters. Names come over the API from anybody who may create tokens. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";

/** Invisible characters that reorder the text around them, so that a name could pose as another. */
const reordering = /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** For places that show text as it is. */
export function plainText(text: string): string {
	return text.replace(reordering, "");
}

/** For labels that turn `$(trash)` into an icon. A backslash in front keeps it letters. */
export function labelText(text: string): string {
	return plainText(text).replace(/\$\([a-z0-9-]+(?:~[a-z]+)?\)/gi, "\\$&");
}

/** For notifications, which turn `[text](command:…)` into a link that runs a command. */
export function messageText(text: string): string {
	return plainText(text).replaceAll("](", "]\u2060(");
}

/** A name as it stands inside a sentence, shortened so that the sentence survives it. */
export function quoted(name: string): string {
	return l10n.t("“{0}”", shortened(messageText(name), 60));
}

/** At most so many characters, without cutting one in two. */
export function shortened(text: string, most: number): string {
	const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
	return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** The same, but with what is left out in the middle: names of a kind often differ in their last word. */
export function shortenedWithin(text: string, most: number): string {
	const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
	if (characters.length <= most) return text;
	const ending = Math.floor((most - 1) / 2);
	return `${characters.slice(0, most - 1 - ending).join("")}…${characters.slice(-ending).join("")}`;
}
