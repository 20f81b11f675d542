import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { nearestExpiry } from "../../extension/tokens/nearest-expiry.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const inDays = (days: number) => new Date(now + days * 86_400_000).toISOString();
const token = (name: string, days: number | null, more: Partial<TokenRecord> = {}) =>
	aToken({ name, expiry: days === null ? null : inDays(days), ...more }, now);

describe("the nearest expiry", () => {
	const cases: [what: string, tokens: TokenRecord[], shown: string | undefined][] = [
		["nothing, without tokens", [], undefined],
		["nothing, with endless and far tokens", [token("a", null), token("b", 8)], undefined],
		["a token that expires soon", [token("a", 7), token("b", 80)], "near: a: 7 days"],
		["the soonest of several", [token("a", 6), token("b", 3)], "near: b: 3 days"],
		["an urgent one as that", [token("a", 0.5)], "urgent: a: 12 hours"],
		["an expired one first", [token("a", 0.5), token("b", -3)], "expired: b expired"],
		["how many have expired", [token("a", -5), token("b", -3)], "expired: 2 tokens expired"],
		["nothing of what expired long ago", [token("a", -31)], undefined],
		["what expired as long ago as the longest distance", [token("a", -30)], "expired: a expired"],
		["nothing of what expired a moment before that", [token("a", -30 - 1 / 86_400_000)], undefined],
		["what expires at this moment, as expired", [token("a", 0)], "expired: a expired"],
		[
			"what expires in a moment, as urgent",
			[token("a", 1 / 86_400_000)],
			"urgent: a: expires in less than a minute",
		],
		["nothing of the revoked", [token("a", 1, { revokedDate: inDays(-1) })], undefined],
		["nothing of the disabled", [token("a", 1, { disabledDate: inDays(-1) })], undefined],
		["nothing of the rotated", [token("a", 9, { retiresDate: inDays(0.5) })], undefined],
	];
	for (const [what, tokens, shown] of cases) {
		it(`is ${what}`, () => {
			const nearest = nearestExpiry(tokens, [30, 7, 1], now);
			assert.equal(nearest && `${nearest.kind}: ${nearest.text}`, shown);
		});
	}

	it("names all tokens that expire soon, soonest first", () => {
		const nearest = nearestExpiry([token("a", 6), token("b", -1), token("c", 60)], [30, 7, 1], now);
		assert.deepEqual(
			nearest?.tokens.map(({ name }) => name),
			["b", "a"],
		);
	});
});
