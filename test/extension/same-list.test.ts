/** Which rows replace those of an open list. */
import assert from "node:assert/strict";
import { isSameList } from "../../extension/wizard/selection.ts";

const rows = (profile: object, detail = "creates tokens") => [{ label: "Acme", detail, value: profile }];

describe("the rows of an open list", () => {
	it("stay while their words and their values are the same", () => {
		assert.ok(isSameList(rows({ id: "acme", prefix: "a" }), rows({ id: "acme", prefix: "a" })));
	});

	it("are replaced when a value changes behind the same words", () => {
		assert.ok(!isSameList(rows({ id: "acme", prefix: "a" }), rows({ id: "acme", prefix: "b" })));
	});

	it("are replaced when a word changes, or a row is added", () => {
		const before = rows({ id: "acme" });
		assert.ok(!isSameList(before, rows({ id: "acme" }, "lists tokens")));
		assert.ok(!isSameList(before, [...before, ...before]));
	});
});
