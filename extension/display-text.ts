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

/** A name in quotation marks for use within a sentence. It is whole: where there is too little room, that place cuts it. */
export function quoted(name: string): string {
	return l10n.t("“{0}”", messageText(name));
}

/** At most `most` characters, none of them cut. */
export function shortened(text: string, most: number): string {
	const characters = charactersOf(text);
	return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** A shorter name could not be recognized. */
const leastOfName = 20;

/** At most `most` characters of a sentence. If its longest quoted name is what takes the room, only that is cut. */
export function fitted(sentence: string, most: number): string {
	const excess = charactersOf(sentence).length - most;
	if (excess <= 0) return sentence;
	const [open = "", close = ""] = quoted("\0").split("\0");
	const matches = sentence.matchAll(new RegExp(`${open}(.+?)${close}`, "gs"));
	const names = Array.from(matches, ([, name = ""]) => name);
	const [longest = ""] = names.toSorted((one, other) => other.length - one.length);
	const name = withoutMiddle(longest, excess);
	return name === undefined ? shortened(sentence, most) : sentence.replace(longest, () => name);
}

/** Similar names often differ in their last word. undefined: too little would be left. */
function withoutMiddle(name: string, excess: number): string | undefined {
	const characters = charactersOf(name);
	const left = characters.length - excess - 1;
	if (left < leastOfName) return undefined;
	const ending = Math.floor(left / 2);
	return `${characters.slice(0, left - ending).join("")}…${characters.slice(-ending).join("")}`;
}

/** As a reader counts them: grapheme clusters. */
function charactersOf(text: string): string[] {
	return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}
