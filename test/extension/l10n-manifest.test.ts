/** Every text of package.json that VS Code shows can be translated, and is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { manifestBundles, manifestKeyOf } from "../l10n.ts";

const root = join(import.meta.dirname, "..", "..");

/** Properties of the manifest that VS Code shows. */
const visibleKeys =
	/^(title|value|original|shortTitle|category|description|markdownDescription|contents|contextualTitle|accessibilityHelpContent|patternErrorMessage|altText|displayName|label|name|(markdown)?[eE]numDescriptions|enumItemLabels|(markdown)?[dD]eprecationMessage)$/;

describe("the texts of package.json", () => {
	const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const english = manifestBundles().get("package.nls.json") ?? {};
	const visible = visibleTexts(manifest);

	it("are all in package.nls.json", () => {
		assert.ok(visible.length > 50);
		assert.deepEqual(
			visible.filter(({ text }) => english[manifestKeyOf(text) ?? ""] === undefined),
			[],
		);
	});

	it("are all that package.nls.json contains", () => {
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

/** The texts of the manifest that VS Code shows. */
function visibleTexts(manifest: Record<string, unknown>): { path: string; text: string }[] {
	const { displayName, description, capabilities, contributes } = manifest;
	return textsIn({ displayName, description, capabilities, contributes }, "");
}

function textsIn(value: unknown, path: string): { path: string; text: string }[] {
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => {
		const at = `${path}/${key}`;
		// The children of `properties` are setting names; default values are not texts.
		if (key === "default" || key === "configurationDefaults" || key === "keybindings") return [];
		if (path.endsWith("/properties")) return textsIn(inner, at);
		if (typeof inner === "string") return visibleKeys.test(key) ? [{ path: at, text: inner }] : [];
		if (Array.isArray(inner) && visibleKeys.test(key))
			return inner.map((text, index) => ({ path: `${at}/${index}`, text: String(text) }));
		return textsIn(inner, at);
	});
}
