import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { urgencyOf } from "../../extension/tokens/time-left.ts";
import {
	factsOf,
	lastUse,
	stateInFewWords,
	stateInWords,
	worksUntil,
} from "../../extension/tokens/token-facts.ts";
import { tokenRecord } from "./a-token.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const token = tokenRecord("1");

const facts = (more: Partial<TokenRecord>, secret: "kept" | "absent" = "kept") =>
	new Map(factsOf({ ...token, ...more }, secret, now).map(({ label, value }) => [label, value]));

describe("facts of a token", () => {
	it("include permissions, addresses, expiry, and where its secret is", () => {
		const known = facts({});
		assert.equal(known.get("Expires"), "Never");
		assert.equal(known.get("Permissions"), "orders.read");
		assert.equal(known.get("Allowed addresses"), "Any address");
		const some = facts({ allowedAddresses: ["::1", "10.0.0.0/8"] });
		assert.equal(some.get("Allowed addresses"), "::1, 10.0.0.0/8");
		assert.equal(known.get("Last used"), "never");
		assert.match(known.get("Created") ?? "", /^Sun, 1 Feb 2026, .* by ann$/);
		assert.equal(known.get("Secret"), "tks_…abcd, stored in SecretStorage");
		assert.equal(facts({}, "absent").get("Secret"), "tks_…abcd, not stored in this editor");
	});

	it("claim nothing about a token of another system that is not in its record", () => {
		const theirs = { issuer: "github", connectionId: null, permissions: [], expiryKnown: false };
		const noted = facts(theirs);
		for (const label of ["Expires", "Permissions", "Allowed addresses", "Last used"])
			assert.equal(noted.get(label), "not known here", label);
		assert.equal(noted.get("Issuer"), "github");
		assert.equal(worksUntil("a", { ...token, ...theirs }), "a, whose expiry is not known");
		const known = facts({ ...theirs, permissions: ["contents:read"], allowedAddresses: ["::1"] });
		assert.equal(known.get("Permissions"), "contents:read");
		assert.equal(known.get("Allowed addresses"), "::1");
		assert.equal(facts({ ...theirs, connectionId: "c" }).get("Permissions"), "None listed");
		assert.equal(facts({ permissions: [] }).get("Permissions"), "None");
	});

	it("don't call a noted token created or revoked here", () => {
		const revokedDate = "2026-02-20T12:00:00.000Z";
		const noted = { issuer: "github", connectionId: null, revokedDate };
		assert.match(facts(noted).get("Marked as revoked") ?? "", /20 Feb 2026/);
		assert.match(facts(noted).get("Added here") ?? "", /^Sun, 1 Feb 2026, .* by ann$/);
		for (const label of ["Created", "Revoked"]) assert.ok(!facts(noted).has(label), label);
		const state = (more: object) => stateInWords({ ...token, ...more }, "revoked", now);
		assert.equal(state(noted), "marked as revoked 9 days ago");
		assert.equal(state({ ...noted, connectionId: "c" }), "revoked 9 days ago");
		assert.ok(facts({ ...noted, connectionId: "c" }).has("Revoked"));
	});

	it("name the connection of a token, since several can be to the same issuer", () => {
		const theirs = { ...token, issuer: "npm", connectionId: "c" };
		const issuer = (system?: string) =>
			factsOf(theirs, "kept", now, system).find(({ label }) => label === "Issuer")?.value;
		assert.deepEqual([issuer("Registry"), issuer()], ["Registry (npm)", "npm"]);
	});

	it("include when and why it was revoked, or that it is disabled", () => {
		const revokedDate = "2026-02-20T12:00:00.000Z";
		assert.match(
			facts({ revokedDate, revokedReason: "leaked" }).get("Revoked") ?? "",
			/20 Feb 2026.*: leaked$/,
		);
		assert.match(facts({ disabledDate: revokedDate }).get("Disabled") ?? "", /20 Feb 2026/);
	});

	it("include that its system has not confirmed the end of a revoked one, as long as its secret is kept", () => {
		const revoked = { revokedDate: "2026-02-20T12:00:00.000Z" };
		const theirs = { ...revoked, connectionId: "c" };
		assert.match(facts(theirs).get("At its system") ?? "", /^not yet confirmed dead/);
		assert.ok(!facts(theirs, "absent").has("At its system"));
		assert.ok(!facts(revoked).has("At its system"));
		assert.ok(!facts({ connectionId: "c" }).has("At its system"));
	});

	it("include its end, and how far away that is", () => {
		const end = (expiry: string, more: Partial<TokenRecord> = {}) =>
			/\((.*)\)$/.exec(facts({ expiry, ...more }).get("Expires") ?? "")?.[1];
		assert.equal(end("2026-03-13T12:00:00.000Z"), "12 days left");
		assert.equal(end("2026-03-02T08:00:00.000Z"), "in 20 hours");
		assert.equal(end("2026-02-26T12:00:00.000Z"), "3 days ago");
		assert.equal(end("2026-03-13T12:00:00.000Z", { revokedDate: "2026-02-20T12:00:00.000Z" }), undefined);
	});

	it("include when, from where and how often it was used", () => {
		const used = { lastUsedDate: "2026-02-27T12:00:00.000Z", lastUsedAddress: "::1", useCount: 15 };
		assert.equal(lastUse({ ...token, ...used }, now), "2 days ago from ::1, 15 times in total");
		assert.equal(lastUse({ ...token, ...used, lastUsedAddress: null, useCount: 1 }, now), "2 days ago, once");
	});

	const states: [more: Partial<TokenRecord>, words: string][] = [
		[{}, "no expiry"],
		[{ expiryKnown: false }, "expiry not known"],
		[{ expiryKnown: false, retiresDate: "2026-03-04T12:00:00.000Z" }, "rotated, 3 days left"],
		[{ expiry: "2026-03-13T12:00:00.000Z" }, "12 days left"],
		[{ disabledDate: "2026-02-20T12:00:00.000Z" }, "disabled"],
		[{ inDoubtDate: "2026-02-20T12:00:00.000Z" }, "in doubt after damage: enable or revoke it"],
		[{ revokedDate: "2026-02-19T12:00:00.000Z" }, "revoked 10 days ago"],
		[{ retiresDate: "2026-03-04T12:00:00.000Z" }, "rotated, 3 days left"],
		[{ retiresDate: "2026-02-26T12:00:00.000Z" }, "rotated away 3 days ago"],
	];
	it("follow the name of a rotated token as time left, however near its end", () => {
		const words = (retiresDate: string) => {
			const changed = { ...token, retiresDate };
			return stateInFewWords(changed, urgencyOf(changed, [], now), now);
		};
		assert.equal(words("2026-03-04T12:00:00.000Z"), "rotated, 3 days left");
		assert.equal(words("2026-03-02T07:00:00.000Z"), "rotated, 19 hours left");
		assert.equal(words("2026-03-01T12:00:10.000Z"), "rotated, expires in less than a minute");
	});

	for (const [more, words] of states) {
		it(`follow the name as ${JSON.stringify(words)}`, () => {
			const changed = { ...token, ...more };
			assert.equal(stateInWords(changed, urgencyOf(changed, [], now), now), words);
		});
	}
});
