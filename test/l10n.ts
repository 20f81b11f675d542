/**
 * The user-visible texts in the extension's code and in built-in profiles, and their translations. `npm run l10n`
 * updates each bundle to match: new texts get an empty translation, and the tests fail until it is filled in.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { withTexts } from "../extension/daemon/profile-texts.ts";

const root = join(import.meta.dirname, "..");
const manifestKey = /^%(.+)%$/;

/** A call whose text is not a single literal, and which therefore cannot be translated. */
export interface OpaqueCall {
	file: string;
	call: string;
}

/** A text as it is looked up in a bundle: a comment for the translator is part of its key. */
const literal = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/.source;
const call = new RegExp(
	String.raw`\bl10n\.t\(\s*(?:\{\s*message:\s*)?(${literal})(?:\s*,\s*comment:\s*\[\s*(${literal})\s*,?\s*\])?`,
	"g",
);

/** The daemon's own texts are English. */
const sources = ["extension/**/*.ts", "daemon/{env-file,manifest}/*.ts", "daemon/{language,time-words}.ts"];

/** The texts by their keys in a bundle. Found without a parser, which would take ten seconds. */
export function textsOfCode(): { texts: Map<string, string>; opaque: OpaqueCall[] } {
	const texts = new Map<string, string>();
	const opaque: OpaqueCall[] = [];
	for (const file of globSync(sources, { cwd: root }).sort()) {
		const code = readFileSync(join(root, file), "utf8");
		const found = new Map([...code.matchAll(call)].map((match) => [match.index, match]));
		for (const { index } of code.matchAll(/\bl10n\.t\(/g)) {
			const [whole, message, comment] = found.get(index) ?? [];
			const next = code.slice(index + (whole?.length ?? 0)).trimStart()[0] ?? "";
			if (message === undefined || !",)}".includes(next))
				opaque.push({ file, call: code.slice(index, index + 60) });
			else texts.set(nameOf(message, comment), textOf(message));
		}
	}
	for (const text of textsOfProfiles()) texts.set(text, text);
	return { texts, opaque };
}

/** What built-in profiles say to a user. */
function textsOfProfiles(): Set<string> {
	const texts = new Set<string>();
	for (const file of globSync("daemon/profiles/*.json", { cwd: root }).sort())
		withTexts(JSON.parse(readFileSync(join(root, file), "utf8")), (text) => {
			texts.add(text);
			return text;
		});
	return texts;
}

function nameOf(message: string, comment: string | undefined): string {
	return comment === undefined ? textOf(message) : `${textOf(message)}/${textOf(comment)}`;
}

/** The value of a string literal. */
function textOf(literal: string): string {
	if (literal.startsWith('"')) return JSON.parse(literal);
	const inner = literal.slice(1, -1).replaceAll("\\'", "'").replaceAll('"', '\\"');
	return JSON.parse(`"${inner}"`);
}

export type Bundle = Record<string, string>;

/** The existing translations, by file path. */
export function bundles(): Map<string, Bundle> {
	return bundlesAt("l10n/bundle.l10n.*.json");
}

/** The translations of package.json; `package.nls.json` holds its English texts. */
export function manifestBundles(): Map<string, Bundle> {
	return bundlesAt("package.nls*.json");
}

function bundlesAt(pattern: string): Map<string, Bundle> {
	const files = globSync(pattern, { cwd: root }).sort();
	return new Map(files.map((file) => [file, JSON.parse(readFileSync(join(root, file), "utf8"))]));
}

/** `{0}` and the like, sorted, with repetitions. */
export function placeholdersOf(text: string): string[] {
	return (text.match(/\{\w+\}/g) ?? []).sort();
}

/** The key of a text that package.json refers to in `package.nls.json`. */
export function manifestKeyOf(text: string): string | undefined {
	return manifestKey.exec(text)?.[1];
}

/** package.json as VS Code shows it in English. */
export function englishManifest() {
	const english = manifestBundles().get("package.nls.json") ?? {};
	const text = readFileSync(join(root, "package.json"), "utf8");
	return JSON.parse(text.replace(/"%(.+?)%"/g, (whole, key) => JSON.stringify(english[key] ?? whole)));
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "l10n.ts") {
	const { texts } = textsOfCode();
	for (const [file, bundle] of bundles()) {
		const next = Object.fromEntries([...texts.keys()].sort().map((text) => [text, bundle[text] ?? ""]));
		writeFileSync(join(root, file), `${JSON.stringify(next, undefined, "\t")}\n`);
		console.log(`${file}: ${Object.values(next).filter((text) => text === "").length} to translate`);
	}
}
