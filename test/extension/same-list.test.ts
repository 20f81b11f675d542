/** Which rows an open list shows. */
import assert from "node:assert/strict";
import { isSameList, typedFirst, whenNoneFits } from "../../extension/wizard/selection.ts";

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

describe("the rows for a typed text", () => {
	const listed = ["API_TOKEN_OLD", "API_TOKEN"].map((key) => ({
		label: key,
		description: "listed",
		value: key,
	}));
	const typed = (key: string) => [{ label: key, description: "as typed", value: key }];

	it("come first, before those that are listed", () => {
		const labels = typedFirst(typed("API"), listed).map(({ label }) => label);
		assert.deepEqual(labels, ["API", "API_TOKEN_OLD", "API_TOKEN"]);
	});

	it("are shown once if they are listed, as they are listed", () => {
		const [old, token] = listed;
		assert.deepEqual(typedFirst(typed("API_TOKEN"), listed), [token, old]);
	});
});

describe("a text that fits no row", () => {
	const systems = [{ label: "GitLab", detail: "creates tokens", value: "gitlab" }];
	const unknown = { label: "No such system" };

	it("is answered by a row that says what to do", () => {
		assert.deepEqual(whenNoneFits<string>(systems, "Jira", unknown), [{ ...unknown, alwaysShow: true }]);
	});

	it("leaves the list to the rows that fit, however they do", () => {
		for (const text of ["gitl", "GLB", "tokens", ""])
			assert.deepEqual(whenNoneFits<string>(systems, text, unknown), [], text);
	});

	it("is not taken for one that fits two parts of a row, or its icon", () => {
		const rows = [{ label: "$(key) Name", description: "orders" }];
		for (const text of ["key", "nameorders"]) assert.equal(whenNoneFits(rows, text, unknown).length, 1, text);
		assert.deepEqual(whenNoneFits(rows, "orders", unknown), []);
	});
});
