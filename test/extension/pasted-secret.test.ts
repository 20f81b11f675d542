import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanSecret, isSendable, isWebPage } from "../../extension/connections/pasted-secret.ts";

describe("a pasted secret", () => {
	const cases: [pasted: string, secret: string][] = [
		["abc", "abc"],
		["  abc\r\n", "abc"],
		["\u200Babc\uFEFF\u00A0", "abc"],
		['"abc"', "abc"],
		["'abc'", "abc"],
		["`abc`", "abc"],
		["“abc”", "abc"],
		["Bearer abc", "abc"],
		["bearer   abc", "abc"],
		["Authorization: Bearer abc", "abc"],
		['"Authorization: token abc"', "abc"],
		["'\"Bearer  abc\" '", "abc"],
		["Bearerabc", "Bearerabc"],
		["a'b\"c", "a'b\"c"],
		['"', '"'],
		['""', ""],
		["Bearer", "Bearer"],
		["ldg8uuGibVJNHI9s+dcdIQ==", "ldg8uuGibVJNHI9s+dcdIQ=="],
	];
	for (const [pasted, secret] of cases)
		it(`reads ${JSON.stringify(pasted)} as ${JSON.stringify(secret)}`, () => {
			assert.equal(cleanSecret(pasted), secret);
		});

	it("is not changed when it has nothing around it, and reading it twice changes nothing", () => {
		const plain = fc.stringMatching(/^[A-Za-z0-9._~+/=-]{1,80}$/);
		const wrap = fc.constantFrom("", " ", "\n", '"', "'", "`");
		fc.assert(
			fc.property(
				plain,
				wrap,
				fc.constantFrom("", "Bearer ", "authorization: bearer "),
				(secret, mark, words) => {
					assert.equal(cleanSecret(`${mark}${words}${secret}${mark}`), secret);
				},
			),
		);
		fc.assert(
			fc.property(fc.string({ unit: "grapheme" }), (text) => {
				const once = cleanSecret(text);
				assert.equal(cleanSecret(once), once);
			}),
		);
	});

	it("is no web page", () => {
		for (const page of [
			"<html><head><title>401</title></head></html>",
			"\n<!DOCTYPE html><p>x",
			"<HTML lang=de>",
		])
			assert.ok(isWebPage(page), page);
		for (const other of ["abc", "<abc>", "title", "a<html"]) assert.ok(!isWebPage(other), other);
	});

	it("can be sent only as printable ASCII without blanks", () => {
		assert.deepEqual(["abc", "a b", "a\nb", "ä", "", "a\u200Bb"].map(isSendable), [
			true,
			...[false, false, false, false, false],
		]);
	});
});
