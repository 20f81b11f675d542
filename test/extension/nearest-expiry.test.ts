import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { nearestExpiry, needingAttention } from "../../extension/tokens/nearest-expiry.ts";
import { groupTokens } from "../../extension/tokens/token-groups.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const inDays = (days: number) => new Date(now + days * 86_400_000).toISOString();
const token = (name: string, days: number | null, more: Partial<TokenRecord> = {}) =>
	aToken({ name, expiry: days === null ? null : inDays(days), ...more }, now);

const doubt = { inDoubtDate: inDays(-1) };

describe("the nearest expiry", () => {
	const cases: [what: string, tokens: TokenRecord[], shown: string | undefined][] = [
		["nothing, without tokens", [], undefined],
		["nothing, with endless and far tokens", [token("a", null), token("b", 8)], undefined],
		["a token that expires soon", [token("a", 7), token("b", 80)], "near: 7 days: a"],
		["the soonest of several", [token("a", 6), token("b", 3)], "near: 3 days: b"],
		["an urgent one as that", [token("a", 0.5)], "urgent: 12 hours: a"],
		["an expired one first", [token("a", 0.5), token("b", -3)], "expired: Expired: b"],
		["how many have expired", [token("a", -5), token("b", -3)], "expired: 2 tokens expired"],
		["what expired as long ago as the longest distance", [token("a", -30)], "expired: Expired: a"],
		["what expired a moment before that", [token("a", -30 - 1 / 86_400_000)], "long-expired: Expired: a"],
		["what is in doubt first", [token("a", -1), token("b", null, doubt)], "in-doubt: In doubt: b"],
		["how many are in doubt", [token("a", 3, doubt), token("b", 3, doubt)], "in-doubt: 2 tokens in doubt"],
		["what expires at this moment, as expired", [token("a", 0)], "expired: Expired: a"],
		[
			"what expires in a moment, as urgent",
			[token("a", 1 / 86_400_000)],
			"urgent: expires in less than a minute: a",
		],
		["what expired long ago, without urgency", [token("a", -31)], "long-expired: Expired: a"],
		["the next one before what expired long ago", [token("a", -31), token("b", 6)], "near: 6 days: b"],
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

	const alone: [name: string, count: number, token: TokenRecord][] = [
		["beyond the second distance", 0, token("a", 7.001)],
		["at the second distance", 1, token("a", 7)],
		["at the smallest distance", 1, token("a", 1)],
		["within the smallest distance", 1, token("a", 0.001)],
		["at its expiry", 1, token("a", 0)],
		["expired long ago", 1, token("a", -400)],
		["endless", 0, token("a", null)],
		["in doubt", 1, token("a", null, doubt)],
		["retiring", 0, token("a", 20, { retiresDate: inDays(0.5) })],
		["rotated", 0, token("a", 20, { retiresDate: inDays(-0.5) })],
		["disabled", 0, token("a", 0.5, { disabledDate: inDays(-1) })],
		["revoked", 0, token("a", 0.5, { revokedDate: inDays(-1) })],
	];
	for (const [name, count, one] of [...alone, ["of every kind", 6, null] as const])
		it(`counts the same as the groups and the badge for a token ${name}`, () => {
			const tokens = one === null ? alone.map(([id, , each]) => ({ ...each, id })) : [one];
			const distances = [30, 7, 1];
			const none = { linesOf: () => [], fileOf: () => "", issuerName: () => "", servers: [] };
			const groups = groupTokens(tokens, "status", { now, warningDays: distances, ...none });
			const listed = groups
				.filter(({ kind }) => kind === "expired" || kind === "soon" || kind === "doubted")
				.map(({ entries }) => entries.length);
			assert.equal(
				listed.reduce((sum, length) => sum + length, 0),
				count,
			);
			assert.equal(needingAttention(tokens, distances, now).length, count);
			assert.equal(nearestExpiry(tokens, distances, now)?.tokens.length ?? 0, count);
		});

	it("names all tokens that expire soon, soonest first", () => {
		const nearest = nearestExpiry([token("a", 6), token("b", -1), token("c", 60)], [30, 7, 1], now);
		assert.deepEqual(
			nearest?.tokens.map(({ name }) => name),
			["b", "a"],
		);
	});
});
