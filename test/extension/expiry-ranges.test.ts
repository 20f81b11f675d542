import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { rangesOf } from "../../extension/rotation/expiry-ranges.ts";
import { tokenRecord } from "./a-token.ts";

/** In the middle of a month of 31 days, in the machine's own time zone. */
const now = new Date(2026, 2, 10, 12);
const monthsEnd = new Date(2026, 3, 1).getTime();
const day = 86_400_000;
const endsIn = (milliseconds: number) => new Date(now.getTime() + milliseconds).toISOString();
const expiring = (id: string, milliseconds: number, more: Partial<TokenRecord> = {}) =>
	tokenRecord(id, { expiry: endsIn(milliseconds), ...more });

function check(tokens: readonly TokenRecord[], expected: [words: string, ids: string][]): void {
	const found = rangesOf(tokens, now).map((range) => [
		range.words,
		range.tokens.map(({ id }) => id).join(" "),
	]);
	assert.deepEqual(found, expected);
}

describe("the ranges of tokens that expire soon", () => {
	it("go from a day to a year, each with what the shorter ones have", () => {
		const tokens = [365, 90, 30, 7, 1].map((days) => expiring(String(days), days * day));
		check(tokens, [
			["Within 1 day", "1"],
			["Within 7 days", "1 7"],
			["Within 30 days", "1 7 30"],
			["Within 90 days", "1 7 30 90"],
			["Within 365 days", "1 7 30 90 365"],
		]);
	});

	it("contain a token up to their very end", () => {
		check(
			[expiring("a", day), expiring("b", day + 1)],
			[
				["Within 1 day", "a"],
				["Within 7 days", "a b"],
			],
		);
		check([expiring("a", 365 * day + 1)], []);
	});

	it("have the month's end where it is due", () => {
		const last = monthsEnd - now.getTime();
		check(
			[expiring("a", last), expiring("b", last + 1)],
			[
				["This month", "a"],
				["Within 30 days", "a b"],
			],
		);
	});

	it("leave out tokens that have ended, are disabled or rotated, or never expire", () => {
		const date = endsIn(-day);
		check(
			[
				expiring("expired", -1),
				expiring("revoked", day, { revokedDate: date }),
				expiring("disabled", day, { disabledDate: date }),
				expiring("doubtful", day, { inDoubtDate: date }),
				expiring("rotated", day, { successorId: "x", retiresDate: endsIn(day) }),
				expiring("replaced", day, { successorId: "x" }),
				tokenRecord("never"),
			],
			[],
		);
	});

	it("have those that expire first at their head, and no range without a further token", () => {
		check([expiring("b", 3 * day), expiring("a", 2 * day)], [["Within 7 days", "a b"]]);
	});
});
