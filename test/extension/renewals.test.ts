import assert from "node:assert/strict";
import fc from "fast-check";
import { calendarOf, type Renewal, renewalsAmong, unknownAmong } from "../../extension/systems/renewals.ts";
import { aToken } from "./a-token.ts";

const now = new Date("2026-03-01T10:20:30.456Z");
const renewal: Renewal = {
	id: "7f3a",
	name: "orders-api",
	version: 3,
	expiry: "2026-05-01T12:00:00.000Z",
	system: "MindBridge",
};

/** The content lines of a calendar, unfolded as RFC 5545 section 3.1 says. */
const linesOf = (text: string) => text.replaceAll("\r\n ", "").split("\r\n").slice(0, -1);

function valuesOf(text: string, property: string): string[] {
	return linesOf(text)
		.filter((line) => line.startsWith(`${property}:`))
		.map((line) => line.slice(property.length + 1));
}

/** Section 3.3.11. */
const read = (value: string) =>
	value.replace(/\\([\\;,nN])/g, (_, escaped: string) => (/n/i.test(escaped) ? "\n" : escaped));

describe("the calendar of renewals", () => {
	it("has an event for each renewal, with a reminder a week before", () => {
		assert.deepEqual(linesOf(calendarOf([{ ...renewal, url: "https://example.com/keys" }], now)), [
			...["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tokensmith//Renewals//EN"],
			...["CALSCALE:GREGORIAN", "METHOD:PUBLISH", "BEGIN:VEVENT", "UID:7f3a@tokensmith", "SEQUENCE:3"],
			...["DTSTAMP:20260301T102030Z", "DTSTART:20260501T120000Z"],
			"SUMMARY:Renew the API token orders-api",
			"DESCRIPTION:The token of MindBridge expires at this time.",
			...["URL:https://example.com/keys", "TRANSP:TRANSPARENT", "BEGIN:VALARM", "ACTION:DISPLAY"],
			...["TRIGGER:-P7D", "DESCRIPTION:Renew the API token orders-api", "END:VALARM", "END:VEVENT"],
			"END:VCALENDAR",
		]);
	});

	it("keeps any name, in lines of at most 75 octets that end with CRLF", () => {
		const name = fc.string({ unit: "grapheme", maxLength: 200 });
		fc.assert(
			fc.property(name, name, (one, system) => {
				const text = calendarOf([{ ...renewal, name: one, system }], now);
				for (const line of text.split("\r\n")) {
					assert.ok(Buffer.byteLength(line) <= 75, line);
					assert.ok(!/[\p{Cc}]/u.test(line), JSON.stringify(line));
					assert.ok(line.isWellFormed());
				}
				const plain = (value: string) =>
					value.replace(/\r\n?|[\u2028\u2029]/g, "\n").replace(/(?!\n)\p{Cc}/gu, "");
				assert.equal(read(valuesOf(text, "SUMMARY")[0] ?? ""), `Renew the API token ${plain(one)}`);
			}),
		);
	});

	it("never lets a name begin a line of its own", () => {
		const hostile = "x\r\nBEGIN:VALARM\nATTACH:https://hostile.example\u2028END:VEVENT";
		const text = calendarOf([{ ...renewal, name: hostile }], now);
		assert.equal(valuesOf(text, "ATTACH").length, 0);
		assert.equal(valuesOf(text, "END").filter((value) => value === "VEVENT").length, 1);
	});

	it("lists tokens that work and expire, soonest first, and none that is replaced", () => {
		const at = now.getTime();
		const tokens = [
			aToken({ name: "late", expiry: "2026-09-01T00:00:00.000Z" }, at),
			aToken({ name: "soon", expiry: "2026-03-02T00:00:00.000Z" }, at),
			aToken({ name: "never", expiry: null }, at),
			aToken({ name: "over", expiry: "2026-02-02T00:00:00.000Z" }, at),
			aToken(
				{ name: "revoked", expiry: "2026-09-01T00:00:00.000Z", revokedDate: "2026-02-03T00:00:00.000Z" },
				at,
			),
			aToken({ name: "replaced", expiry: "2026-09-01T00:00:00.000Z", successorId: "late" }, at),
		];
		const renewals = renewalsAmong(tokens, () => ({ system: "MindBridge" }), at);
		assert.deepEqual(
			renewals.map(({ name }) => name),
			["soon", "late"],
		);
	});

	it("lacks tokens that work and whose expiry is not known, which are counted", () => {
		const at = now.getTime();
		const unknown = { expiry: null, expiryKnown: false };
		const tokens = [
			aToken({ name: "never", expiry: null }, at),
			aToken({ name: "untold", ...unknown }, at),
			aToken({ name: "revoked", ...unknown, revokedDate: "2026-02-03T00:00:00.000Z" }, at),
			aToken({ name: "replaced", ...unknown, successorId: "late" }, at),
		];
		assert.equal(unknownAmong(tokens, at), 1);
	});
});
