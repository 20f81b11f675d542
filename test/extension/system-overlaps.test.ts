import assert from "node:assert/strict";
import { endingsAmong, isConfirmationOver, pauseAfter } from "../../extension/rotation/system-overlaps.ts";
import { aToken } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const connected = { connectionId: "c", issuer: "verdaccio", profile: "verdaccio" };

const endings = (token: Parameters<typeof aToken>[0], stored: string[] = []) =>
	endingsAmong([aToken({ id: "1", ...token }, now)], new Set(stored), now).map(({ kind }) => kind);

describe("the tokens to end at their systems", () => {
	const rotated = { ...connected, successorId: "2", retiresDate: ago(1) };

	it("are rotated ones whose overlap is over", () => {
		assert.deepEqual(endings(rotated), ["delete"]);
		assert.deepEqual(endings({ ...rotated, retiresDate: ago(-1) }), []);
		assert.deepEqual(endings({ ...rotated, retiresDate: ago(0.1) }), [], "a command may be at it");
	});

	it("are never local ones, and none that was not rotated", () => {
		assert.deepEqual(endings({ ...rotated, connectionId: null }), []);
		assert.deepEqual(endings({ ...connected, expiry: ago(5) }), []);
	});

	it("are confirmed to be dead while their secret is stored, after the command had its time", () => {
		const revoked = { ...connected, revokedDate: ago(3) };
		assert.deepEqual(endings(revoked, ["1"]), ["confirm"]);
		assert.deepEqual(endings(revoked), []);
		assert.deepEqual(endings({ ...revoked, revokedDate: ago(1) }, ["1"]), []);
	});

	it("are due at the very end of the time that a command has", () => {
		const [overlap, revocation] = [10_000, 120_000];
		const since = (milliseconds: number) => new Date(now - milliseconds).toISOString();
		assert.deepEqual(endings({ ...rotated, retiresDate: since(overlap) }), ["delete"]);
		assert.deepEqual(endings({ ...rotated, retiresDate: since(overlap - 1) }), []);
		assert.deepEqual(endings({ ...connected, revokedDate: since(revocation) }, ["1"]), ["confirm"]);
		assert.deepEqual(endings({ ...connected, revokedDate: since(revocation - 1) }, ["1"]), []);
	});

	it("are asked about for a day", () => {
		assert.equal(isConfirmationOver({ revokedDate: ago(24 * 60) }, now), true);
		assert.equal(isConfirmationOver({ revokedDate: ago(24 * 60 - 0.001) }, now), false);
		assert.equal(isConfirmationOver({ revokedDate: ago(60) }, now), false);
		assert.equal(isConfirmationOver({ revokedDate: ago(25 * 60) }, now), true);
		assert.equal(isConfirmationOver({ revokedDate: null }, now), false);
	});

	it("are tried again after ever longer pauses of at most an hour", () => {
		assert.deepEqual(
			[1, 2, 3, 20].map((failures) => pauseAfter(failures) / 60_000),
			[1, 2, 4, 60],
		);
	});
});
