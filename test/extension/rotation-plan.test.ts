import assert from "node:assert/strict";
import fc from "fast-check";
import { type Profile, rotateTokenRequest } from "../../daemon/contract.ts";
import {
	type Overlap,
	overlapChoices,
	overlapEnd,
	overlapInWords,
	quietChoices,
	quietInWords,
	type RotationPlan,
	requestFor,
	sameExpiry,
	usualOverlap,
} from "../../extension/rotation/rotation-plan.ts";

const now = new Date("2026-03-10T12:00:00.000Z");
const hour = 3600;
const day = 24 * hour;
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();

/** The limits of a token that ends after so many seconds. */
function limits(endSeconds: number | null, maximumOverlapSeconds = 7 * day, issuer = "local") {
	const expiry = endSeconds === null ? null : inSeconds(endSeconds);
	const token = { expiry, retiresDate: null, creationDate: inSeconds(-30 * day), issuer };
	return { token, maximumOverlapSeconds };
}

const short = (overlap: Overlap) => (overlap.kind === "for" ? overlap.seconds / hour : overlap.kind);

function checkChoices(endSeconds: number | null, maximumOverlapSeconds: number, expected: unknown[]): void {
	assert.deepEqual(overlapChoices(limits(endSeconds, maximumOverlapSeconds), now).map(short), expected);
}

describe("the overlaps to choose from", () => {
	it("stay within policy, and offer its maximum", () => {
		checkChoices(null, 7 * day, [1, 24, 72, 168, "none"]);
		checkChoices(null, 2 * day, [1, 24, 48, "none"]);
		checkChoices(null, 600, [1 / 6, "none"]);
		checkChoices(null, 30 * day, [1, 24, 72, 168, 720, "none"]);
		checkChoices(null, 31 * day, [1, 24, 72, 168, 720, 744, "none"]);
		checkChoices(null, 0, ["none"]);
	});

	it("stay within the lifetime of the token, and offer all of it", () => {
		checkChoices(30 * hour, 7 * day, [1, 24, "until-expiry", "none"]);
		checkChoices(600, 7 * day, ["until-expiry", "none"]);
		checkChoices(50 * hour + 5, 50 * hour, [1, 24, "until-expiry", "none"]);
		checkChoices(50 * hour + 6, 50 * hour, [1, 24, 50, "none"]);
		checkChoices(30 * day, 7 * day, [1, 24, 72, 168, "none"]);
	});

	it("are none for a token that no longer works", () => {
		checkChoices(-1, 7 * day, ["none"]);
		checkChoices(2, 7 * day, ["none"]);
	});

	it("default to a day, or to the longest possible", () => {
		const usual = (endSeconds: number | null, most = 7 * day) =>
			short(usualOverlap(overlapChoices(limits(endSeconds, most), now)));
		assert.deepEqual(
			[usual(null), usual(null, 2 * hour), usual(600), usual(-1)],
			[24, 2, "until-expiry", "none"],
		);
	});

	it("can end early, after a time without use", () => {
		const quiet = (seconds: number) => quietChoices({ kind: "for", seconds }, limits(null), now);
		assert.deepEqual(quiet(day), [15 * 60, hour]);
		assert.deepEqual(quiet(600), []);
		assert.deepEqual(quietChoices({ kind: "none" }, limits(null), now), []);
	});

	it("can't end early at another system, where uses are not seen", () => {
		const theirs = limits(null, 7 * day, "npm");
		assert.deepEqual(quietChoices({ kind: "for", seconds: day }, theirs, now), []);
	});

	it("are described with their end", () => {
		const words = (overlap: Overlap, end: number | null) =>
			overlapInWords(overlap, limits(end), now).join(": ");
		assert.match(words({ kind: "for", seconds: 3 * day }, null), /^3 days: until .*13 Mar 2026/);
		assert.match(words({ kind: "for", seconds: 2 * hour }, null), /^2 hours: until/);
		assert.match(words({ kind: "for", seconds: 90 * 60 }, null), /^90 minutes: until/);
		assert.match(words({ kind: "until-expiry" }, hour), /worked: until .*10 Mar 2026/);
		assert.match(words({ kind: "none" }, null), /^None: /);
		assert.match(quietInWords(15 * 60), /not used for 15 minutes$/);
		assert.equal(quietInWords(null), "At its deadline");
	});
});

describe("the request for a rotation", () => {
	const plan = (more: Partial<RotationPlan>): RotationPlan => ({
		overlap: { kind: "for", seconds: day },
		quietSeconds: null,
		expiry: "same",
		...more,
	});

	it("contains what was chosen, and omits what stays the same", () => {
		assert.deepEqual(requestFor(plan({}), limits(null), now), { overlapSeconds: day });
		const expiry = { kind: "after", duration: { days: 10 } } as const;
		assert.deepEqual(requestFor(plan({ quietSeconds: hour, expiry }), limits(null), now), {
			overlapSeconds: day,
			quietSeconds: hour,
			expiry: inSeconds(10 * day),
		});
		assert.equal(requestFor(plan({ expiry: { kind: "never" } }), limits(null), now).expiry, null);
	});

	it("has a short overlap for an end at once, if there is time", () => {
		const overlap = { kind: "none" } as const;
		assert.deepEqual(requestFor(plan({ overlap, quietSeconds: hour }), limits(null), now), {
			overlapSeconds: day,
		});
		assert.equal(requestFor(plan({ overlap }), limits(null, 60), now).overlapSeconds, 60);
		assert.equal(requestFor(plan({ overlap }), limits(-day), now).overlapSeconds, 0);
	});

	it("never exceeds policy or the token's own end", () => {
		const overlaps = fc.oneof(
			fc.record({ kind: fc.constant("for" as const), seconds: fc.integer({ min: 1, max: 400 * day }) }),
			fc.constantFrom({ kind: "until-expiry" } as const, { kind: "none" } as const),
		);
		const ends = fc.option(fc.integer({ min: -day, max: 400 * day }));
		fc.assert(
			fc.property(overlaps, ends, fc.integer({ min: 0, max: 365 * day }), (overlap, end, most) => {
				const { overlapSeconds } = requestFor(plan({ overlap }), limits(end, most), now);
				assert.ok(rotateTokenRequest.safeParse({ overlapSeconds }).success);
				assert.ok(overlapSeconds <= most && (end === null || overlapSeconds === 0 || overlapSeconds < end));
				const shown = overlapEnd(overlap, limits(end, most), now);
				if (shown !== undefined) assert.equal(shown.getTime() - now.getTime(), overlapSeconds * 1000);
			}),
		);
	});
});

describe("the same lifetime as before", () => {
	const rules: Profile["expiry"] = {
		never: true,
		default: { days: 30 },
		maximum: { days: 365 },
		presets: [],
		presetsOnly: false,
	};
	const token = (lifeDays: number | null) => ({
		creationDate: inSeconds(-5 * day),
		expiry: lifeDays === null ? null : inSeconds((lifeDays - 5) * day),
	});
	const days = (end: Date | null) => end && (end.getTime() - now.getTime()) / day / 1000;

	it("counts from now, within the current limit of the profile", () => {
		assert.equal(days(sameExpiry(token(90), rules, now)), 90);
		assert.equal(days(sameExpiry(token(900), rules, now)), 365);
		assert.equal(days(sameExpiry(token(900), { ...rules, maximum: null }, now)), 900);
	});

	it("is no expiry for a token without one, if that is allowed", () => {
		assert.equal(sameExpiry(token(null), rules, now), null);
		assert.equal(days(sameExpiry(token(null), { ...rules, never: false }, now)), 30);
		assert.equal(days(sameExpiry(token(null), { ...rules, never: false, default: null }, now)), 365);
	});
});
