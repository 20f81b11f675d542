/** How long a service relies on an acceptance. */
import assert from "node:assert/strict";
import type { VerifiedToken } from "../../daemon/client/verification.ts";
import { VerifiedTokens } from "../../daemon/client/verified-tokens.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const question = { permissions: ["orders.read"] };

describe("a kept acceptance", () => {
	let now: number;
	beforeEach(() => {
		now = start;
	});

	const tokenWith = (fields: Partial<VerifiedToken>) =>
		({ status: "active", expiry: null, ...fields }) as VerifiedToken;

	function kept(seconds: number, fields: Partial<VerifiedToken> = {}): VerifiedTokens {
		const tokens = new VerifiedTokens(seconds, () => now);
		tokens.keep("secret", question, tokenWith(fields));
		return tokens;
	}

	for (const [what, fields, milliseconds] of [
		["to the end of its time", {}, 5000],
		["to the token's expiry where that is sooner", { expiry: new Date(start + 3000).toISOString() }, 3000],
		[
			"no longer than its time where the expiry is later",
			{ expiry: new Date(start + 9000).toISOString() },
			5000,
		],
	] as const) {
		it(`counts ${what}, to the millisecond`, () => {
			const tokens = kept(5, fields);
			now = start + milliseconds - 1;
			assert.ok(tokens.get("secret", question) !== undefined);
			now++;
			assert.equal(tokens.get("secret", question), undefined);
		});
	}

	it("does not count while the clock is before the time when it was kept", () => {
		const tokens = kept(5);
		now = start - 1;
		assert.equal(tokens.get("secret", question), undefined);
	});

	it("is not there without a time to keep it, or of a token in its overlap", () => {
		assert.equal(kept(0).get("secret", question), undefined);
		assert.equal(kept(5, { status: "retiring" }).get("secret", question), undefined);
	});

	it("counts for the same secret and question only", () => {
		const tokens = kept(5);
		assert.equal(tokens.get("other", question), undefined);
		assert.equal(tokens.get("secret", { permissions: ["orders.write"] }), undefined);
	});

	it("is one of a thousand at most", () => {
		const tokens = kept(5);
		for (let count = 1; count < 1000; count++) tokens.keep(`secret ${count}`, question, tokenWith({}));
		assert.ok(tokens.get("secret", question) !== undefined);
		tokens.keep("one more", question, tokenWith({}));
		assert.equal(tokens.get("secret", question), undefined);
		assert.ok(tokens.get("one more", question) !== undefined);
	});
});
