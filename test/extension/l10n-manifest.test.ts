/** Whatever VS Code shows of package.json can be translated, and is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { manifestBundles, manifestKeyOf } from "../l10n.ts";

const root = join(import.meta.dirname, "..", "..");

/** What VS Code shows of what the manifest declares. */
const visibleKeys =
	/^(title|shortTitle|category|description|markdownDescription|contents|contextualTitle|accessibilityHelpContent|patternErrorMessage|altText|displayName|label|name|(markdown)?[eE]numDescriptions|enumItemLabels|(markdown)?[dD]eprecationMessage)$/;

describe("the texts of package.json", () => {
	const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const english = manifestBundles().get("package.nls.json") ?? {};
	const visible = visibleTexts(manifest);

	it("all stand in package.nls.json", () => {
		assert.ok(visible.length > 50);
		assert.deepEqual(
			visible.filter(({ text }) => english[manifestKeyOf(text) ?? ""] === undefined),
			[],
		);
	});

	it("are all that stands in package.nls.json", () => {
		const used = new Set(visible.map(({ text }) => manifestKeyOf(text)));
		assert.deepEqual(
			Object.keys(english).filter((key) => !used.has(key)),
			[],
		);
	});

	for (const [file, bundle] of manifestBundles()) {
		it(`have the same keys, links and settings in ${file}`, () => {
			assert.deepEqual(Object.keys(bundle), Object.keys(english));
			for (const [key, text] of Object.entries(english)) {
				const links = (words = "") => (words.match(/\]\([^)]+\)|`#?[\w.]+#?`|\n/g) ?? []).sort();
				assert.deepEqual(links(bundle[key]), links(text), key);
				assert.notEqual(bundle[key], "", key);
			}
		});
	}
});

/** The texts that VS Code shows of what the manifest declares. */
function visibleTexts(manifest: Record<string, unknown>): { path: string; text: string }[] {
	const { displayName, description, capabilities, contributes } = manifest;
	return textsIn({ displayName, description, capabilities, contributes }, "");
}

function textsIn(value: unknown, path: string): { path: string; text: string }[] {
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => {
		const at = `${path}/${key}`;
		// Settings are named in `properties`; what they are set to is no text of ours.
		if (key === "default" || key === "configurationDefaults" || key === "keybindings") return [];
		if (path.endsWith("/properties")) return textsIn(inner, at);
		if (typeof inner === "string") return visibleKeys.test(key) ? [{ path: at, text: inner }] : [];
		if (Array.isArray(inner) && visibleKeys.test(key))
			return inner.map((text, index) => ({ path: `${at}/${index}`, text: String(text) }));
		return textsIn(inner, at);
	});
}
