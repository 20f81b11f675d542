/** The header that links the pages of a list: every form of it, and hostile ones. */
import assert from "node:assert/strict";
import { nextLink } from "../../daemon/issuers/connector/link-header.ts";

describe("the header Link", () => {
	const rows: [header: string | string[] | undefined, next: string | undefined][] = [
		[undefined, undefined],
		["", undefined],
		['</2>; rel="next"', "/2"],
		["</2>;rel=next", "/2"],
		["</2> ; REL = Next ; title=x", "/2"],
		['</1>; rel="first", </2>; rel="next", </9>; rel="last"', "/2"],
		[["</1>; rel=first", "</2>; rel=next"], "/2"],
		['</2>; rel="last  next"', "/2"],
		['</2>; title="a, <b>; rel=\\"next\\""; rel="next"', "/2"],
		['</1>; title="</2>; rel=next"', undefined],
		['</2>; rel="nextcloud"', undefined],
		['</1>; rel="prev"; rel="next"', undefined],
		["</2>; anchor; rel=next", "/2"],
		["</2?a=1,2;b=3>; rel=next", "/2?a=1,2;b=3"],
		["</2>, rel=next", undefined],
		["</2; rel=next", undefined],
		['<>; rel="next"', ""],
	];
	for (const [header, next] of rows) {
		it(`${JSON.stringify(header)} leads to ${JSON.stringify(next)}`, () =>
			assert.equal(nextLink(header), next));
	}

	// In a time that grows with the square of their length, one of them would take minutes.
	const size = 500_000;
	const hostile: [says: string, header: string][] = [
		["blanks after a parameter", `<a>;rel=${" ".repeat(size)}`],
		["blanks after each of many", `<a>;rel=${" ".repeat(1000)}`.repeat(size / 1000)],
		["parameters without end", `<a>${";rel= ".repeat(size / 6)}`],
		["a quote that does not end", `<a>;rel="${"\\".repeat(size)}`],
		["many such quotes", '<a>;b="'.repeat(size / 7)],
		["commas", `<a>${",".repeat(size)}`],
		["brackets", "<".repeat(size)],
		["links without parameters", "<a>".repeat(size / 3)],
	];
	for (const [says, header] of hostile) {
		it(`is read to its end with ${says}`, () => assert.equal(nextLink(header), undefined));
	}
});
