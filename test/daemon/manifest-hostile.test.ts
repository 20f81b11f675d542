/** Texts of a hostile repository that are made to exhaust the reader of its manifest. */
import assert from "node:assert/strict";
import { mistakesInWords, readManifest, readProfile } from "../../daemon/manifest/read-manifest.ts";

const most = 64 * 1024 - 100;
const filled = (part: string, text = "") =>
	text + part.repeat(Math.floor((most - text.length) / part.length));

/** Brackets that only some way of reading finds: what is a string, and what closes, differs in a text that is not valid. */
const deep: [what: string, text: string][] = [
	["one opening bracket after another", filled("[")],
	["brackets within what looks like a string over several lines", `${filled("[", '["\n')}"`],
	["brackets that were closed in advance", filled("[", `{"a": ${"]".repeat(most / 2)}, "b": `)],
	["brackets closed by others", filled("[},")],
	["objects closed by brackets", filled('{"a":],')],
	["objects in lists", filled('[{"a":')],
];

/** Each is read once: where every quote began a search to the end, they took seconds. */
const long: [what: string, text: string][] = [
	["an endless string of escaped quotes", filled('\\"', '"')],
	["escaped quotes outside of a string", filled('\\"')],
	["strings that are never closed", filled('"\n')],
	["one long name", `{${filled("a", '"')}": 1}`],
];

describe("the reader of a manifest", () => {
	for (const [what, text] of deep) {
		it(`refuses ${what}, and does not run out of stack`, () => {
			for (const read of [readManifest(text), readProfile(text)]) {
				assert.ok(!read.ok);
				assert.match(mistakesInWords(read.mistakes), /nested more than 24 levels deep/);
			}
		});
	}

	for (const [what, text] of long) {
		// The limit of a test's time is what fails.
		it(`reads ${what} in one pass`, () => {
			for (let times = 0; times < 20; times++) assert.ok(!readManifest(text).ok);
		});
	}

	it("counts no bracket within a string", () => {
		const description = `${"[{".repeat(100)}\\"${"]".repeat(100)}`.slice(0, 290);
		const read = readManifest(JSON.stringify({ permissions: [{ name: "a.read", description }] }));
		assert.ok(read.ok);
	});
});
