import assert from "node:assert/strict";
import fc from "fast-check";
import { fitted, labelText, messageText, quoted } from "../../extension/display-text.ts";

describe("display text", () => {
	it("shows an icon's name as text in a label", () => {
		assert.equal(
			labelText("$(trash) x $(sync~spin) $(not an icon)"),
			"\\$(trash) x \\$(sync~spin) $(not an icon)",
		);
	});

	it("prevents a name from becoming a link in a message", () => {
		assert.equal(messageText("[ok](command:x)"), "[ok]\u2060(command:x)");
	});

	it("removes characters that reorder text", () => {
		for (const character of ["\u061C", "\u200E", "\u202E", "\u2066"])
			assert.equal(labelText(`a${character}b`), "ab");
		assert.equal(messageText("a\u2066b\u200F"), "ab");
	});

	it("keeps a name whole in a sentence that has room for it", () => {
		const name = "a name of more than sixty letters, which a sentence has room for";
		assert.equal(quoted(name), `“${name}”`);
		const sentence = `Revoked ${quoted(name)}.`;
		assert.equal(fitted(sentence, sentence.length), sentence);
	});

	it("cuts nothing but the longest name where a sentence has too little room, and keeps both of its ends", () => {
		const name = `orders, ${"region by region, ".repeat(6)}nightly`;
		const sentence = `Rotated ${quoted(name)}: ${quoted("CI")} has the new secret.`;
		const cut = fitted(sentence, 80);
		assert.equal(cut.length, 80);
		assert.match(cut, /^Rotated “orders, [^”]*…[^”]*nightly”: “CI” has the new secret\.$/);
	});

	it("cuts the end of a sentence whose names are not what takes the room", () => {
		const cut = fitted(`${quoted("CI")} failed: ${"why ".repeat(60)}`, 50);
		assert.match(cut, /^“CI” failed: .*…$/);
		assert.equal(cut.length, 50);
	});

	it("never exceeds the room, nor splits a character", () => {
		fc.assert(
			fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.nat(160), (name, most) => {
				const cut = fitted(`Revoked ${quoted(name)}.`, most + 40);
				assert.ok([...new Intl.Segmenter().segment(cut)].length <= most + 40);
				assert.ok(cut.isWellFormed());
			}),
		);
	});
});
