import assert from "node:assert/strict";
import {
	dateInWords,
	needsAttention,
	soonestFirst,
	timeLeft,
	timeLeftBriefly,
	timeSince,
	type Urgency,
	urgencyOf,
} from "../../extension/tokens/time-left.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

const dates = (
	left: number | null,
	more: { retires?: number; disabled?: true; inDoubt?: true; revoked?: true } = {},
) => ({
	expiry: left === null ? null : iso(now + left),
	expiryKnown: true,
	retiresDate: more.retires === undefined ? null : iso(now + more.retires),
	inDoubtDate: more.inDoubt ? iso(now - day) : null,
	disabledDate: more.disabled ? iso(now - day) : null,
	revokedDate: more.revoked ? iso(now - day) : null,
});

describe("time left", () => {
	const cases: [left: number | null, words: string][] = [
		[null, "no expiry"],
		[0, "expired just now"],
		[1, "expires in less than a minute"],
		[minute - 1, "expires in less than a minute"],
		[minute, "expires in 1 minute"],
		[2 * hour - 1, "expires in 119 minutes"],
		[2 * hour, "expires in 2 hours"],
		[3 * hour + 59 * minute, "expires in 3 hours"],
		[2 * day - 1, "expires in 47 hours"],
		[2 * day, "2 days left"],
		[12 * day + hour, "12 days left"],
		[30 * day - second, "30 days left"],
		[365 * day, "365 days left"],
		[731 * day, "2 years left"],
		[-30 * second, "expired just now"],
		[-minute, "expired 1 minute ago"],
		[-5 * hour, "expired 5 hours ago"],
		[-2 * day, "expired 2 days ago"],
		[-800 * day, "expired 2 years ago"],
	];
	for (const [left, words] of cases) {
		it(`says ${JSON.stringify(words)} at ${left} ms`, () => assert.equal(timeLeft(dates(left), now), words));
	}

	it("counts to the end of the overlap of a rotated token, not to its expiry", () => {
		assert.equal(timeLeft(dates(20 * day, { retires: 3 * hour }), now), "expires in 3 hours");
		assert.equal(timeLeft(dates(null, { retires: -3 * hour }), now), "expired 3 hours ago");
	});

	it("never shows more hours or minutes than are left", () => {
		for (let left = minute; left < 2 * day; left += 7 * minute + 13 * second) {
			const [, count, unit] = /(\d+) (minute|hour)/.exec(timeLeft(dates(left), now)) ?? [];
			assert.ok(Number(count) * (unit === "hour" ? hour : minute) <= left, `at ${left} ms`);
		}
	});

	const brief: [left: number | null, words: string][] = [
		[null, "no expiry"],
		[-2 * day, "expired 2 days ago"],
		[minute - 1, "expires in less than a minute"],
		[minute, "1 minute"],
		[20 * hour, "20 hours"],
		[12 * day, "12 days"],
	];
	for (const [left, words] of brief) {
		it(`says ${JSON.stringify(words)} in the short form`, () =>
			assert.equal(timeLeftBriefly(dates(left), now), words));
	}

	it("shows how long ago something was", () => {
		assert.equal(timeSince(iso(now - 30 * second), now), "just now");
		assert.equal(timeSince(iso(now - 3 * day), now), "3 days ago");
	});
});

describe("urgency", () => {
	const cases: [name: string, urgency: string, left: number | null, more?: Parameters<typeof dates>[1]][] = [
		["revoked", "revoked", 5 * day, { revoked: true }],
		["revoked and expired", "revoked", -day, { revoked: true }],
		["in doubt and disabled", "in-doubt", 5 * day, { disabled: true, inDoubt: true }],
		["disabled", "disabled", 5 * day, { disabled: true }],
		["expired", "expired", -1],
		["in its overlap, even in its last minute", "retiring", 5 * day, { retires: minute }],
		["at the end of its overlap", "rotated", 5 * day, { retires: 0 }],
		["expired in its overlap", "rotated", 0, { retires: minute }],
		["within a day", "urgent", day],
		["within a week", "soon", 7 * day],
		["further away", "calm", 7 * day + 1],
		["fresh with the default expiry", "calm", 30 * day],
		["endless", "never", null],
	];
	for (const [name, urgency, left, more] of cases) {
		it(`is ${urgency} for a token that is ${name}`, () =>
			assert.equal(urgencyOf(dates(left, more), [30, 7, 1], now), urgency));
	}

	it("accepts the distances in any order, one of them, and none", () => {
		assert.equal(urgencyOf(dates(2 * day), [1, 7, 30], now), "soon");
		assert.equal(urgencyOf(dates(2 * day), [3], now), "urgent");
		assert.equal(urgencyOf(dates(4 * day), [3], now), "calm");
		assert.equal(urgencyOf(dates(1), [], now), "calm");
	});

	it("needs attention when a token has expired or is about to, unless it was rotated", () => {
		const all = [
			"expired",
			"urgent",
			"soon",
			"calm",
			"never",
			"retiring",
			"rotated",
			"disabled",
			"revoked",
		].concat("in-doubt");
		assert.deepEqual(
			(all as Urgency[]).filter(needsAttention), //
			["expired", "urgent", "soon", "in-doubt"],
		);
	});
});

describe("order of tokens", () => {
	it("has the soonest end first, tokens without an end last, and equals by name", () => {
		const token = (name: string, left: number | null, retires?: number) => ({
			name,
			...dates(left, retires === undefined ? {} : { retires }),
		});
		const tokens = [
			token("endless b", null),
			token("next month", 30 * day),
			token("endless a", null),
			token("expired", -day),
			token("tomorrow", day),
			token("retiring", 60 * day, hour),
		];
		assert.deepEqual(
			tokens.toSorted(soonestFirst).map(({ name }) => name),
			["expired", "retiring", "tomorrow", "next month", "endless a", "endless b"],
		);
	});
});

describe("a date in words", () => {
	it("has day, time and time zone", () => {
		assert.equal(dateInWords("2026-03-01T12:00:00Z", "UTC"), "Sun, 1 Mar 2026, 12:00 UTC");
		assert.equal(dateInWords(now, "Europe/Berlin"), "Sun, 1 Mar 2026, 13:00 CET");
	});
});
