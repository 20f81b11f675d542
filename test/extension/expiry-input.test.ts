import assert from "node:assert/strict";
import type { Profile } from "../../daemon/contract.ts";
import { loadDateWords, type ReadDateWords } from "../../extension/create/date-words.ts";
import {
	addDuration,
	durationInWords,
	expiryEcho,
	expiryInstant,
	expiryInWords,
	expiryPresets,
	parseExpiry,
} from "../../extension/create/expiry-input.ts";

const now = new Date("2026-03-01T12:00:00.000Z");
const rules: Profile["expiry"] = {
	never: true,
	default: { days: 30 },
	maximum: { days: 365 },
	presets: [{ days: 7 }, { days: 30 }, { days: 60 }, { days: 90 }],
	presetsOnly: false,
};

describe("expiry input", () => {
	let zone: string | undefined;
	let readWords: ReadDateWords;
	before(async () => {
		readWords = await loadDateWords();
		zone = process.env.TZ;
		process.env.TZ = "Europe/Berlin";
	});
	after(() => {
		if (zone === undefined) delete process.env.TZ;
		else process.env.TZ = zone;
	});

	const good: [text: string, instant: string][] = [
		["2026-05-31", "2026-05-31T21:59:00.000Z"],
		["2026-5-3", "2026-05-03T21:59:00.000Z"],
		["2026-05-31 14:00", "2026-05-31T12:00:00.000Z"],
		["  2026-05-31   9:05 ", "2026-05-31T07:05:00.000Z"],
		["2026-05-31T14:00:30", "2026-05-31T12:00:30.000Z"],
		["2026-05-31T14:00Z", "2026-05-31T14:00:00.000Z"],
		["2026-05-31T14:00:00.000Z", "2026-05-31T14:00:00.000Z"],
		["2026-05-31 14:00 UTC", "2026-05-31T14:00:00.000Z"],
		["2026-05-31 14:00 +05:30", "2026-05-31T08:30:00.000Z"],
		["2026-05-31 14:00-0300", "2026-05-31T17:00:00.000Z"],
		["2026-12-01 14:00", "2026-12-01T13:00:00.000Z"],
		["today", "2026-03-01T22:59:00.000Z"],
		["Tomorrow 8:30", "2026-03-02T07:30:00.000Z"],
		["10 days", "2026-03-11T12:00:00.000Z"],
		["in 2 weeks", "2026-03-15T12:00:00.000Z"],
		["36h", "2026-03-03T00:00:00.000Z"],
		["15 min", "2026-03-01T12:15:00.000Z"],
		["6 months", "2026-09-01T12:00:00.000Z"],
		["1y", "2027-03-01T12:00:00.000Z"],
		["45 days", "2026-04-15T12:00:00.000Z"],
		["31 March", "2026-03-31T21:59:00.000Z"],
		["until 31st of March", "2026-03-31T21:59:00.000Z"],
		["March 31, 2026", "2026-03-31T21:59:00.000Z"],
		["1 February", "2027-02-01T22:59:00.000Z"],
		["31 March 14:00", "2026-03-31T12:00:00.000Z"],
		["31 March 14:00 +05:30", "2026-03-31T08:30:00.000Z"],
		["31 March 2pm", "2026-03-31T12:00:00.000Z"],
		["tomorrow 9:00", "2026-03-02T08:00:00.000Z"],
		["tomorrow at 9am", "2026-03-02T08:00:00.000Z"],
		["Friday", "2026-03-06T22:59:00.000Z"],
		["next Friday 17:00", "2026-03-06T16:00:00.000Z"],
		["2026-05-31 2pm", "2026-05-31T12:00:00.000Z"],
		["in 2 months", "2026-05-01T12:00:00.000Z"],
		["in two months", "2026-05-01T12:00:00.000Z"],
		["45 Tage", "2026-04-15T12:00:00.000Z"],
		["in 45 Tagen", "2026-04-15T12:00:00.000Z"],
		["2 Wochen", "2026-03-15T12:00:00.000Z"],
		["in 2 Monaten", "2026-05-01T12:00:00.000Z"],
		["in zwei Monaten", "2026-05-01T12:00:00.000Z"],
		["1 Jahr", "2027-03-01T12:00:00.000Z"],
		["31. März", "2026-03-31T21:59:00.000Z"],
		["31 März", "2026-03-31T21:59:00.000Z"],
		["31 märz 14 Uhr", "2026-03-31T12:00:00.000Z"],
		["bis zum 31. März", "2026-03-31T21:59:00.000Z"],
		["31.05.2026", "2026-05-31T21:59:00.000Z"],
		["05.06.2026", "2026-06-05T21:59:00.000Z"],
		["31. März um 14:00", "2026-03-31T12:00:00.000Z"],
		["31. März 14 Uhr", "2026-03-31T12:00:00.000Z"],
		["morgen 9:00", "2026-03-02T08:00:00.000Z"],
		["morgen um 9 Uhr", "2026-03-02T08:00:00.000Z"],
		["übermorgen", "2026-03-03T22:59:00.000Z"],
		["nächsten Freitag 17:30", "2026-03-06T16:30:00.000Z"],
	];
	for (const [text, instant] of good) {
		it(`reads ${JSON.stringify(text)}`, () => {
			const read = parseExpiry(text, rules, now, readWords);
			assert.deepEqual(read, { ok: true, instant: new Date(instant) });
		});
	}

	const bad: [text: string, problem: RegExp][] = [
		["", /Write a date/],
		["soon", /Write a date/],
		["5/6/2026", /Write a date/],
		["31 March or 1 April", /Write a date/],
		["from 1 March to 3 April", /Write a date/],
		["nonsense 31 March", /Write a date/],
		["31 March 25:00", /Write a date/],
		["31 March 14:00 CET", /Write a date/],
		["31 February", /Write a date/],
		["30. Februar", /Write a date/],
		["March", /Write a date/],
		["March 2027", /Write a date/],
		["9:00", /Write a date/],
		["12", /Write a date/],
		["last Friday", /Write a date/],
		["letzten Freitag", /Write a date/],
		["vor 3 Tagen", /Write a date/],
		["yesterday", /in the past/],
		["31 March 2020", /in the past/],
		["31 March 2030", /At most 365 days/],
		["x".repeat(10_000), /Write a date/],
		["2026-02-29", /not a valid date/],
		["2026-13-01", /not a valid date/],
		["2026-05-31 12:00+25:00", /not a valid date/],
		["2026-05-31 12:00 +02:60", /not a valid date/],
		["0099-05-31", /not a valid date/],
		["2026-05-31 24:00", /not a valid date/],
		["2026-05-31 12:60", /not a valid date/],
		["2026-02-28", /in the past/],
		["2026-03-01 13:00", /in the past/],
		["0 days", /in the past/],
		["366 days", /At most 365 days from now: until Mon, 1 Mar 2027, 13:00 CET/],
		["99999 years", /not in the calendar|At most/],
	];
	for (const [text, problem] of bad) {
		it(`explains what is wrong with ${JSON.stringify(text)}`, () => {
			const read = parseExpiry(text, rules, now, readWords);
			assert.ok(!read.ok);
			assert.match(read.problem, problem);
		});
	}

	it("knows no date that the daemon can't write", () => {
		const any = { ...rules, maximum: null };
		for (const text of [
			"9999 years",
			"99999 months",
			"9999-12-31 23:59 -05:00",
			"31 December 9999 23:59 -01:00",
		]) {
			const read = parseExpiry(text, any, now, readWords);
			assert.match(read.ok ? read.instant.toISOString() : read.problem, /is not a valid date/, text);
		}
		assert.ok(parseExpiry("9999-12-31", any, now).ok);
	});

	it("repeats a distance as it was typed, though seconds have passed since", () => {
		const typedAt = new Date("2026-03-01T12:00:12.000Z");
		const read = parseExpiry("20 hours", rules, typedAt);
		assert.ok(read.ok);
		const later = new Date("2026-03-01T12:00:37.000Z");
		assert.match(expiryEcho(read.instant, later), /, in 20 hours$/);
		assert.match(expiryEcho(read.instant, new Date("2026-03-01T12:01:00.000Z")), /, in 19 hours$/);
	});

	it("echoes how it was understood, with the time zone", () => {
		assert.equal(
			expiryEcho(new Date("2026-05-31T12:00:00Z"), now),
			"Sun, 31 May 2026, 14:00 CEST, in 91 days",
		);
	});

	it("accepts any date if the profile sets no maximum", () => {
		assert.ok(parseExpiry("2099-01-01", { ...rules, maximum: null }, now).ok);
	});

	it("offers the presets within the maximum and marks the default, also one that is no preset", () => {
		const offered = expiryPresets({ ...rules, maximum: { days: 60 }, default: { days: 45 } }, now);
		assert.deepEqual(
			offered.map(({ words, isDefault }) => (isDefault ? `${words} *` : words)),
			["7 days", "30 days", "45 days *", "60 days"],
		);
	});

	it("ends with this editor's own token of a server, of which the user is told", () => {
		const limited = { ...rules, never: false, ownEnd: "2026-03-31T11:59:00.000Z" };
		assert.deepEqual(
			expiryPresets(limited, now).map(({ words }) => words),
			["7 days"],
		);
		assert.deepEqual(parseExpiry("2026-04-05", limited, now), {
			ok: false,
			problem: "At most until Tue, 31 Mar 2026, 13:59 CEST, when your own token of the server expires.",
		});
		assert.ok(parseExpiry("2026-03-20", limited, now).ok);
		const shorter = { ...limited, maximum: { days: 10 } };
		assert.match(JSON.stringify(parseExpiry("2026-03-20", shorter, now)), /At most 10 days from now/);
	});

	it("counts a duration from the creation and clamps it to the month's end", () => {
		const choice = { kind: "after", duration: { months: 2 } } as const;
		assert.equal(expiryInstant(choice, new Date("2026-12-31T10:00:00Z")), "2027-02-28T10:00:00.000Z");
		assert.equal(expiryInstant({ kind: "never" }, now), null);
		assert.equal(
			expiryInstant({ kind: "at", instant: "2026-05-31T12:00:00.000Z" }, now),
			"2026-05-31T12:00:00.000Z",
		);
	});

	it("does not depend on daylight saving", () => {
		assert.equal(addDuration(now, { days: 60 }).getTime() - now.getTime(), 60 * 86_400_000);
	});

	it("describes choices in words", () => {
		assert.equal(durationInWords({ years: 1, months: 6 }), "1 year and 6 months");
		assert.equal(expiryInWords({ kind: "never" }, now), "Never");
		assert.equal(
			expiryInWords({ kind: "after", duration: { days: 7 } }, now),
			"In 7 days: Sun, 8 Mar 2026, 13:00 CET",
		);
	});
});
