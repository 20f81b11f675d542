/** What a completion script asks: `tokensmith complete SHELL WORD...`, the last word being the one to complete. */
import type { Suggestion } from "@optique/core/parser";
import { suggestionsFor } from "./complete.ts";
import { shellNamed } from "./completion.ts";
import { namesFromDaemon } from "./known-names.ts";
import { sections } from "./program.ts";

/** Answers nothing for a mistake: the answer would stand in the middle of what is typed. */
export async function answerCompletion([name = "", ...words]: readonly string[]): Promise<number> {
	const shell = await shellNamed(name);
	if (shell === undefined) return 2;
	const current = words.at(-1) ?? "";
	const typed = name === "bash" ? [...words.slice(0, -1), unquoted(current)] : words;
	const found = await suggestionsFor(typed, { sections, names: namesFromDaemon });
	const suggestions = name === "bash" ? found.map((one) => quoted(one, current)) : found;
	process.stdout.write([...shell.encodeSuggestions(suggestions)].join(""));
	return 0;
}

/** bash hands over the current word as it is typed. */
function unquoted(word: string): string {
	return word.replace(/\\(.)|["']/gs, "$1");
}

/** bash inserts a suggestion as it is, so that one such as `$(reboot)` would be run. zsh and fish quote it. */
function quoted(suggestion: Suggestion, current: string): Suggestion {
	if (suggestion.kind !== "literal") return suggestion;
	return { ...suggestion, text: quote(suggestion.text, current[0]) };
}

/** @param open the quote that the word begins with, and that bash will close */
function quote(text: string, open: string | undefined): string {
	if (open === "'") return text.replaceAll("'", "'\\''");
	if (open === '"') return text.replace(/["$`\\]/g, "\\$&");
	return text.replace(/[^\p{L}\p{N}_./@%+,=-]/gu, "\\$&");
}
