/** The repository's pages for people, and their contents. */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

export function pages(): string[] {
	return [...globSync("*.md", { cwd: root }), ...globSync("docs/*.md", { cwd: root })].sort();
}

export function textOf(page: string): string {
	return readFileSync(join(root, page), "utf8");
}

/** The fenced blocks of a page in one language. */
export function blocksOf(page: string, language: string): string[] {
	const blocks = textOf(page).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"));
	return [...blocks].map(([, code = ""]) => code);
}

/** The one block of a page in a language that contains these words. */
export function blockWith(page: string, language: string, words: string): string {
	const found = blocksOf(page, language).filter((block) => block.includes(words));
	if (found[0] === undefined || found.length > 1)
		throw new Error(`${found.length} blocks of ${page} hold ${words}`);
	return found[0];
}
