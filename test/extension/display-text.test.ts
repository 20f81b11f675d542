import assert from "node:assert/strict";
import { labelText, messageText, quoted } from "../../extension/display-text.ts";

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

	it("shortens a long name in a sentence", () => {
		assert.equal(quoted("deploy"), "“deploy”");
		assert.equal(quoted("x".repeat(300)).length, 62);
	});
});
