import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import {
	deadUseKey,
	dueNotices,
	isJustRenewed,
	nextDistance,
	noticeInWords,
	overlapKey,
	snoozeKey,
	staleClaims,
} from "../../extension/notices/due-notices.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const day = 86_400_000;
const inDays = (days: number) => new Date(now + days * day).toISOString();
const token = (name: string, days: number | null, more: Partial<TokenRecord> = {}) =>
	aToken({ name, creationDate: inDays(-400), expiry: days === null ? null : inDays(days), ...more }, now);
const distances = [30, 7, 1];

const due = (tokens: readonly TokenRecord[], claimed: readonly string[] = [], at = now) =>
	dueNotices(tokens, { now: at, distances, claimed: new Set(claimed) });
/** The distances alone. */
const told = (one: TokenRecord, claimed?: readonly string[]) =>
	due([one], claimed).map(({ key }) => key.split("~")[1]);

describe("a notice of an expiry", () => {
	const cases: [name: string, token: TokenRecord, distances: string[]][] = [
		["an endless token", token("a", null), []],
		["a token that is far from its end", token("a", 31), []],
		["a token at the farthest distance", token("a", 30), ["30"]],
		["a token between two distances", token("a", 8), ["30"]],
		["a token at the next distance", token("a", 7), ["7"]],
		["a token in its last day", token("a", 0.5), ["1"]],
		["an expired token", token("a", -3), ["expired"]],
		["a token that ends at this moment", token("a", 0), ["expired"]],
		["a revoked token", token("a", 1, { revokedDate: inDays(-1) }), []],
		["a disabled token", token("a", 1, { disabledDate: inDays(-1) }), []],
		["a token in its overlap", token("a", 20, { retiresDate: inDays(0.5) }), []],
		["a token after its overlap", token("a", 20, { retiresDate: inDays(-1) }), []],
		["a token that was made for 30 days just now", token("a", 30, { creationDate: inDays(0) }), []],
		["a token that was made for 20 days", token("a", 10, { creationDate: inDays(-10) }), []],
		[
			"a token that was made for 20 days, at its next distance",
			token("a", 6, { creationDate: inDays(-14) }),
			["7"],
		],
		["a token that was made for a day just now", token("a", 1, { creationDate: inDays(0) }), ["1"]],
		["a token that was made for 12 hours just now", token("a", 0.5, { creationDate: inDays(0) }), ["1"]],
		["a token that was made for 25 hours", token("a", 25 / 24, { creationDate: inDays(0) }), []],
		[
			"a token that was made for 20 hours and expired",
			token("a", -1, { creationDate: inDays(-2) }),
			["expired"],
		],
	];
	for (const [name, one, expected] of cases) {
		it(`is ${expected.length === 0 ? "not due" : `due at ${expected}`} for ${name}`, () =>
			assert.deepEqual(told(one), expected));
	}

	it("is due once at each distance, however long the token stays within it", () => {
		const [first] = due([token("a", 20)]);
		assert.ok(first);
		assert.deepEqual(told(token("a", 20), [first.key]), []);
		const later = due([token("a", 20)], [first.key], now + 10 * day);
		assert.deepEqual(later, []);
		assert.equal(due([token("a", 20)], [first.key], now + 13 * day).length, 1);
	});

	it("is due again for a token with a new expiry", () => {
		const [first] = due([token("a", 5)]);
		assert.ok(first);
		assert.deepEqual(told(token("a", 6), [first.key]), ["7"]);
	});

	it("is no news where the user has just given the token that expiry, except for its last day", () => {
		const isKnown = (before: string | null | undefined, days: number) => {
			const one = token("a", days);
			return isJustRenewed(one, new Map(before === undefined ? [] : [[one.id, before]]), now);
		};
		assert.equal(isKnown(inDays(3), 30), true);
		assert.equal(isKnown(null, 30), true, "it never expired before");
		assert.equal(isKnown(inDays(30), 30), false, "nothing has changed");
		assert.equal(isKnown(undefined, 30), false, "this window sees it for the first time");
		assert.equal(isKnown(inDays(3), 0.5), false);
	});

	it("accepts the distances in any order", () => {
		const facts = { now, claimed: new Set<string>() };
		assert.equal(dueNotices([token("a", 50)], { ...facts, distances: [2, 90] }).length, 1);
		assert.equal(dueNotices([token("a", 5)], { ...facts, distances: [] }).length, 0);
	});

	it("is due once more after a snooze, and only then", () => {
		const [first] = due([token("a", 5)]);
		assert.ok(first);
		const snooze = snoozeKey("a", now + day);
		assert.deepEqual(due([token("a", 5)], [first.key, snooze]), []);
		const [again] = due([token("a", 5)], [first.key, snooze], now + day);
		assert.equal(again?.snooze, snooze);
		assert.equal(again?.key, snooze);
	});

	it("replaces an overdue snooze when the next distance is due too", () => {
		const snooze = snoozeKey("a", now - 1);
		assert.deepEqual(
			due([token("a", 5)], [snooze]).map(({ key, snooze }) => [key.split("~")[1], snooze]),
			[["7", snooze]],
		);
	});

	it("is sorted by the end of the tokens, soonest first", () => {
		const names = due([token("b", 5), token("c", -5), token("a", 20)]).map((notice) => notice.token.name);
		assert.deepEqual(names, ["c", "b", "a"]);
	});

	const next: [days: number, distance: number | "expired" | undefined][] = [
		[20, 7],
		[7, 1],
		[1, "expired"],
		[-1, undefined],
	];
	for (const [days, distance] of next) {
		it(`comes next at ${distance} when ${days} days are left`, () =>
			assert.equal(nextDistance(token("a", days), { now, distances }), distance));
	}
});

describe("claims that have become stale", () => {
	it("are those of tokens that need no more notices", () => {
		const tokens = [
			token("a", 5),
			token("gone", 5, { revokedDate: inDays(-1) }),
			token("old", 5, { retiresDate: inDays(1) }),
		];
		const claimed = ["a~7~1", "gone~7~1", "old~7~1", "unknown~7~1", "a~snooze~1"];
		assert.deepEqual(staleClaims(new Set(claimed), tokens, now), ["gone~7~1", "old~7~1", "unknown~7~1"]);
	});

	it("are those of uses two hours ago, not of the hour before", () => {
		const dead = token("a", 5, { revokedDate: inDays(-1) });
		const keys = [0, 1, 2].map((hours) => deadUseKey("a", now - hours * 3_600_000));
		assert.deepEqual(staleClaims(new Set(keys), [dead], now), keys.slice(2));
	});
});

describe("the claim on an overlap's end", () => {
	it("stays while there is a record of the token", () => {
		const rotated = token("a", 5, { retiresDate: inDays(-1), successorId: "b" });
		const claimed = new Set([overlapKey("a"), overlapKey("gone")]);
		assert.deepEqual(staleClaims(claimed, [rotated], now), [overlapKey("gone")]);
	});
});

describe("the words of a notice", () => {
	const cases: [tokens: TokenRecord[], text: string, tone: string][] = [
		[[token("a", 7)], "The API token “a” expires in 7 days.", "information"],
		[[token("a", 0.5)], "The API token “a” expires in 12 hours.", "warning"],
		[[token("a", -2)], "The API token “a” expired 2 days ago.", "warning"],
		[
			[token("a", -2), token("b", 5)],
			"2 API tokens expire soon or have expired: “a” (2 days ago) and “b” (in 5 days).",
			"warning",
		],
		[
			[token("a", -2), token("b", -5)],
			"2 API tokens have expired: “a” (2 days ago) and “b” (5 days ago).",
			"warning",
		],
		[
			["a", "b", "c", "d"].map((name) => token(name, 5)),
			"4 API tokens expire soon: “a” (in 5 days), “b” (in 5 days), “c” (in 5 days) and one more.",
			"information",
		],
		[
			["a", "b", "c", "d", "e"].map((name) => token(name, 5)),
			"5 API tokens expire soon: “a” (in 5 days), “b” (in 5 days), “c” (in 5 days) and 2 more.",
			"information",
		],
	];
	for (const [tokens, text, tone] of cases)
		it(`are ${JSON.stringify(text)}`, () => assert.deepEqual(noticeInWords(tokens, now), { text, tone }));

	it("contain no link from a name", () => {
		const { text } = noticeInWords([token("[x](command:y)", 5)], now);
		assert.ok(!text.includes("]("), text);
	});
});
