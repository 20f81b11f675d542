import assert from "node:assert/strict";
import type { Profile } from "../../daemon/contract.ts";
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
	before(() => {
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
	];
	for (const [text, instant] of good) {
		it(`reads ${JSON.stringify(text)}`, () => {
			const read = parseExpiry(text, rules, now);
			assert.deepEqual(read, { ok: true, instant: new Date(instant) });
		});
	}

	const bad: [text: string, problem: RegExp][] = [
		["", /Write a date/],
		["soon", /Write a date/],
		["31.05.2026", /Write a date/],
		["2026-05-31 2pm", /Write a date/],
		["2026-02-29", /not a valid date/],
		["2026-13-01", /not a valid date/],
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
			const read = parseExpiry(text, rules, now);
			assert.ok(!read.ok);
			assert.match(read.problem, problem);
		});
	}

	it("echoes how it was understood, with the time zone", () => {
		assert.equal(
			expiryEcho(new Date("2026-05-31T12:00:00Z"), now),
			"Sun, 31 May 2026, 14:00 CEST: 91 days left",
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
