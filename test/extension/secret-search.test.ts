import assert from "node:assert/strict";
import fc from "fast-check";
import { type FoundSecret, SecretSearch } from "../../extension/env/secret-search.ts";

describe("the search for many secrets", () => {
	const letters = (least: number, most: number) =>
		fc.string({ unit: fc.constantFrom("a", "b", "😀"), minLength: least, maxLength: most });

	it("covers what a look at each place for each secret covers", () => {
		fc.assert(
			fc.property(fc.array(letters(0, 6), { maxLength: 8 }), letters(0, 60), (secrets, text) => {
				assert.deepEqual(new SecretSearch(secrets).cover(text), covered(secrets, text));
			}),
			{ numRuns: 2000 },
		);
	});

	it("knows which end of a text could be the start of a secret", () => {
		fc.assert(
			fc.property(fc.array(letters(0, 6), { maxLength: 8 }), letters(0, 30), (secrets, text) => {
				const isOpen = (length: number) =>
					secrets.some(
						(secret) => secret.length > length && secret.startsWith(text.slice(text.length - length)),
					);
				let longest = Math.min(text.length, 12);
				while (longest > 0 && !isOpen(longest)) longest--;
				assert.equal(new SecretSearch(secrets).openLength(text), longest);
			}),
			{ numRuns: 2000 },
		);
	});

	it("replaces each place once, however secrets overlap", () => {
		const search = new SecretSearch(["abab", "bab", "babab", "zz"]);
		assert.equal(
			search.replace("-abababab-zz-zzz-", (secret) => `[${secret.length}]`),
			"-[4]-[2]-[2]-",
		);
		assert.equal(
			new SecretSearch([""]).replace("text", () => "x"),
			"text",
		);
	});

	it("reads a long text once, although hundreds of secrets begin as it goes on", function () {
		// Each secret at each place would take an hour.
		this.timeout(60_000);
		const start = "a".repeat(2000);
		const search = new SecretSearch(Array.from({ length: 500 }, (_, index) => `${start}${index}`));
		const text = "a".repeat(1_000_000);
		assert.deepEqual(search.cover(text), []);
		assert.equal(search.openLength(text), start.length);
		assert.deepEqual(search.cover(`${text}499`), [
			{ start: text.length - start.length, end: text.length + 3, secret: `${start}499` },
		]);
	});
});

/** Every occurrence in text order, the longest first, joined with those that it overlaps. */
function covered(secrets: readonly string[], text: string): FoundSecret[] {
	const longestFirst = [...new Set(secrets)].sort((one, other) => other.length - one.length);
	const joined: FoundSecret[] = [];
	for (let start = 0; start < text.length; start++)
		for (const secret of longestFirst) {
			if (secret === "" || !text.startsWith(secret, start)) continue;
			const [last, end] = [joined.at(-1), start + secret.length];
			if (last === undefined || start >= last.end) joined.push({ start, end, secret });
			else if (end > last.end) joined[joined.length - 1] = { ...last, end };
		}
	return joined;
}
