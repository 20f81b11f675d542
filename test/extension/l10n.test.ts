/** Every text of the extension can be translated, and is. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as l10n from "@vscode/l10n";
import type { ListedProfile } from "../../daemon/contract.ts";
import mindbridge from "../../daemon/profiles/mindbridge.json" with { type: "json" };
import { expiryInWords } from "../../extension/create/expiry-input.ts";
import { inUserLanguage, withTexts } from "../../extension/daemon/profile-texts.ts";
import { quoted } from "../../extension/display-text.ts";
import { amountAfterIn, amountInWords } from "../../extension/language.ts";
import { dateInWords, timeLeft } from "../../extension/tokens/time-left.ts";
import { bundles, manifestBundles, placeholdersOf, textsOfCode } from "../l10n.ts";

const root = join(import.meta.dirname, "..", "..");
const now = Date.parse("2026-03-01T12:00:00Z");

describe("the texts of the code", () => {
	const { texts, opaque } = textsOfCode();

	it("are found", () => assert.ok(texts.size > 300));

	it("are single literals, so that they can be translated", () => assert.deepEqual(opaque, []));

	it("all go through l10n", () => {
		assert.deepEqual(plainTexts(), []);
	});

	it("fit into the rows of lists, which cut them after one line", () => {
		const german = bundles().get("l10n/bundle.l10n.de.json") ?? {};
		const files = globSync("extension/**/*{-rows,-step,-steps}.ts", { cwd: root });
		const details = files.flatMap((file) => [
			...readFileSync(join(root, file), "utf8").matchAll(/\bdetail: l10n\.t\(\s*"(?<text>[^"]+)"/g),
		]);
		assert.ok(details.length > 5);
		const shown = details.flatMap(({ groups }) => [groups?.text ?? "", german[groups?.text ?? ""] ?? ""]);
		assert.deepEqual(
			shown.filter(({ length }) => length > 84),
			[],
		);
	});

	for (const [file, bundle] of bundles()) {
		it(`are all in ${file}`, () => {
			const missing = [...texts.keys()].filter((name) => !bundle[name]);
			assert.deepEqual(missing, [], "Run npm run l10n, and fill in what is empty");
		});

		it(`are all that ${file} contains`, () => {
			assert.deepEqual(
				Object.keys(bundle).filter((name) => !texts.has(name)),
				[],
			);
		});

		it(`keep their placeholders and icons in ${file}`, () => {
			for (const [name, text] of texts) {
				const translation = bundle[name] ?? "";
				assert.deepEqual(placeholdersOf(translation), placeholdersOf(text), name);
				assert.deepEqual(translation.match(/\$\([a-z-]+\)/g), text.match(/\$\([a-z-]+\)/g), name);
			}
		});
	}
});

describe("German", () => {
	before(() => l10n.config({ contents: bundles().get("l10n/bundle.l10n.de.json") ?? {} }));
	after(() => l10n.config({ contents: {} }));

	it("separates a whole word from an ellipsis", () => {
		const texts = [...bundles(), ...manifestBundles()]
			.filter(([file]) => file.includes(".de."))
			.flatMap(([, bundle]) => Object.values(bundle));
		assert.deepEqual(
			texts.filter((text) => /\p{L}…/u.test(text)),
			[],
		);
	});

	it("fits the placeholders of lists, which are cut at the width of the list", () => {
		const german = bundles().get("l10n/bundle.l10n.de.json") ?? {};
		const long = placeholders().filter((text) => (german[text] ?? text).length > 85);
		assert.deepEqual(long, []);
	});

	const inHours = (hours: number) => new Date(now + hours * 3_600_000).toISOString();
	const left = (hours: number) =>
		timeLeft({ expiry: inHours(hours), expiryKnown: true, retiresDate: null }, now);

	it("describes a token's remaining time idiomatically", () => {
		assert.deepEqual(
			[left(12 * 24), left(3), left(-5)],
			["noch 12 Tage", "läuft in 3 Stunden ab", "vor 5 Stunden abgelaufen"],
		);
		const endless = { expiry: null, retiresDate: null };
		assert.equal(timeLeft({ ...endless, expiryKnown: true }, now), "kein Ablauf");
		assert.equal(timeLeft({ ...endless, expiryKnown: false }, now), "Ablauf unbekannt");
	});

	it("has the texts of built-in profiles, and leaves those of other profiles and all data as they are", () => {
		const written = { ...mindbridge, source: "built-in" } as unknown as ListedProfile;
		const read = inUserLanguage(written);
		assert.deepEqual(
			[read.connector?.variables?.[0]?.title, read.links[0]?.title],
			["Mandant, der erste Teil Ihrer MindBridge-Adresse", "Ein API-Token erstellen"],
		);
		assert.match(read.steps?.[0] ?? "", /^Melden Sie sich an MindBridge/);
		assert.equal(read.permissions.catalogue[0]?.description, "Organisationen sehen");
		const untranslated = withTexts(read, () => "");
		assert.deepEqual(
			untranslated,
			withTexts(written, () => ""),
		);
		const own = { ...written, source: "user" } as const;
		assert.equal(inUserLanguage(own), own);
	});

	it("uses its own date format and quotation marks", () => {
		assert.equal(dateInWords(now, "Europe/Berlin"), "So., 1. März 2026, 13:00 MEZ");
		assert.equal(quoted("Bestellungen"), "„Bestellungen“");
		assert.match(
			expiryInWords({ kind: "after", duration: { years: 1, months: 6 } }, new Date(now)),
			/^In 1 Jahr und 6 Monaten: /,
		);
		assert.equal(amountAfterIn(1, "day"), "1 Tag");
		assert.equal(amountAfterIn(30, "day"), "30 Tagen");
		assert.equal(amountAfterIn(2, "year"), "2 Jahren");
		assert.equal(amountInWords(30, "day"), "30 Tage");
	});
});

/** The English texts that begin a list. */
function placeholders(): string[] {
	const asked = /place[hH]older: l10n\.t\(\s*("(?:[^"\\]|\\.)*")/g;
	return globSync("extension/**/*.ts", { cwd: root }).flatMap((file) =>
		Array.from(readFileSync(join(root, file), "utf8").matchAll(asked), ([, text]) =>
			JSON.parse(text ?? '""'),
		),
	);
}

/** Properties shown by VS Code whose value is plain text that begins like a sentence. */
function plainTexts(): string[] {
	const shown =
		/\b(?:title|placeholder|placeHolder|prompt|label|detail|description|subject|tooltip|message): \(?["`](?:\$\([a-z-]+\) )?[A-Z][a-z]+[ "]/;
	const said = /\bshow(?:Information|Warning|Error)Message\(\s*["`](?!\$\{)/;
	return globSync("extension/**/*.ts", { cwd: root }).flatMap((file) =>
		readFileSync(join(root, file), "utf8")
			.split("\n")
			.flatMap((line, index) =>
				(shown.test(line) && !line.includes("l10n.t({ message:")) || said.test(line)
					? [`${file}:${index + 1}: ${line.trim()}`]
					: [],
			),
	);
}
