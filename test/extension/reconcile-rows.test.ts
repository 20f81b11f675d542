import assert from "node:assert/strict";
import type { Reconciliation } from "../../daemon/contract.ts";
import { groupsOf } from "../../extension/systems/reconcile-rows.ts";
import { riskyAmong } from "../../extension/systems/risky-tokens.ts";
import { aConnection } from "./a-connection.ts";
import { aToken } from "./a-token.ts";

const same: Reconciliation = {
	same: 3,
	...{ unknown: [], missing: [], dead: [], changed: [], unmatched: [], applied: [] },
};

describe("the differences between a system and the list", () => {
	it("are none when all is the same", () => {
		assert.deepEqual(groupsOf(same), []);
	});

	it("are named in four groups, each with what Enter does", () => {
		const groups = groupsOf({
			...same,
			unknown: [{ id: "7", name: "deploy", expiry: null, permissions: ["read"] }],
			missing: [aToken({ id: "m", name: "gone" })],
			changed: [
				{
					token: aToken({ id: "c", name: "renamed" }),
					remote: { id: "8" },
					fields: [{ field: "expiry", here: null, there: "2026-05-01T12:00:00.000Z" }],
				},
			],
			dead: [aToken({ id: "d", name: "dead" })],
		});
		assert.deepEqual(
			groups.map(({ title, action }) => `${title}: ${action}`),
			[
				"at the system, and not here: Import",
				"here, and no longer at the system: Mark as Revoked",
				"changed at the system: Accept Change",
				"refused by the system: Mark as Revoked",
			],
		);
		const rows = groups.flatMap((group) => group.rows);
		assert.deepEqual(
			rows.map(({ difference, tokenId }) => [difference?.kind, difference?.ids[0], tokenId]),
			[
				["import", "7", undefined],
				["mark-dead", "m", "m"],
				["accept", "c", "c"],
				["mark-dead", "d", "d"],
			],
		);
		assert.deepEqual([rows[0]?.description, rows[0]?.detail], ["never expires", "read"]);
		assert.match(rows[2]?.detail ?? "", /^expiry: never → Fri, 1 May 2026/);
		assert.deepEqual(
			groups.map(({ all }) => all),
			[undefined, undefined, undefined, undefined],
		);
	});

	it("say where an expiry is not known, here or at the system", () => {
		const changed = [
			{
				token: aToken({ id: "c", expiryKnown: false }),
				remote: { id: "8" },
				fields: [{ field: "expiry", here: null, there: null }],
			},
		];
		const groups = groupsOf({ ...same, unknown: [{ id: "7" }], changed });
		const [unknown, own] = groups.flatMap(({ rows }) => rows);
		assert.equal(unknown?.description, "expiry not known");
		assert.equal(own?.detail, "expiry: not known → never");
	});

	it("name every changed field, and what the token may do first", () => {
		const token = aToken({ id: "c", partialToken: "ab…yz" });
		const fields = [
			{ field: "name", here: "a", there: "b" },
			{ field: "permissions", here: ["read", "admin"], there: ["read", "write"] },
			{ field: "resources", here: ["a/1", "a/2"], there: ["a/2", "a/1"] },
		];
		const [group] = groupsOf({ ...same, changed: [{ token, remote: { id: "8" }, fields }] });
		const [row] = group?.rows ?? [];
		assert.equal(row?.description, "permissions, resources, name · ab…yz");
		assert.equal(row?.detail, "permissions: +write, −admin · resources: a/1, a/2 → a/2, a/1 · name: a → b");
	});

	it("have the titles of an option and its values", () => {
		const options = [{ name: "role", title: "Role", values: { "20": "Reporter", "40": "Maintainer" } }];
		const changed = [
			{
				token: aToken({ id: "c" }),
				remote: { id: "8" },
				fields: [
					{ field: "role", here: null, there: "40" },
					{ field: "constructor", here: "a", there: "b" },
				],
			},
		];
		const [group] = groupsOf({ ...same, changed }, options);
		assert.equal(group?.rows[0]?.detail, "Role: None → Maintainer · constructor: a → b");
	});

	it("name last what was not compared, of which nothing can be done here", () => {
		const [group, ...more] = groupsOf({
			...same,
			same: 0,
			unmatched: [aToken({ id: "u", name: "by hand" })],
		});
		assert.deepEqual(more, []);
		assert.equal(group?.all, undefined);
		const [row] = group?.rows ?? [];
		assert.deepEqual([row?.name, row?.difference, row?.tokenId], ["by hand", undefined, "u"]);
		assert.match(row?.detail ?? "", /recorded without its ID/);
	});

	it("can be settled for a whole group with several", () => {
		const unknown = [{ id: "7", name: "deploy" }, { id: "8" }, { id: "9", partial: "npm_…k2" }];
		const [group] = groupsOf({ ...same, unknown });
		assert.deepEqual(group?.all, {
			label: "Import all 3",
			difference: { kind: "import", ids: ["7", "8", "9"] },
		});
		assert.deepEqual(
			group?.rows.map(({ name }) => name),
			["deploy", "8", "npm_…k2"],
		);
	});
});

describe("risky tokens", () => {
	const now = Date.now();
	const systemOf = () => "Registry";

	it("are those that work and never expire, or may, here and at systems", () => {
		const tokens = [
			aToken({ id: "e", name: "eternal" }),
			aToken({ id: "r", name: "revoked", revokedDate: "2026-02-03T00:00:00.000Z" }),
			aToken({ id: "t", name: "temporary", expiry: new Date(now + 9e9).toISOString() }),
			aToken({ id: "u", name: "untold", expiryKnown: false }),
		];
		const listed = {
			...{ connection: aConnection(), identity: "creator" as const },
			tokens: [
				{ id: "7", name: "deploy", expiry: null },
				{ id: "8", name: "unknown expiry" },
			],
		};
		const [group, unknown, ...others] = riskyAmong(tokens, [listed], systemOf, now);
		assert.deepEqual(others, []);
		assert.equal(unknown?.title, "may never expire: their expiry is not known");
		assert.deepEqual(
			unknown?.rows.map(({ name }) => name),
			["untold", "unknown expiry"],
		);
		assert.deepEqual(
			group?.rows.map(({ name, show }) => [name, show]),
			[
				["eternal", { token: "e" }],
				["deploy", { connection: aConnection().id }],
			],
		);
	});

	it("are those of unknown owners where a token outlives the person who made it", () => {
		const listed = {
			...{ connection: aConnection(), identity: "company" as const },
			tokens: [{ id: "7", name: "deploy", expiry: new Date(now + 9e9).toISOString() }],
		};
		const [group] = riskyAmong([], [listed], systemOf, now);
		assert.match(group?.title ?? "", /unknown owners/);
		assert.deepEqual(riskyAmong([], [{ ...listed, identity: "creator" }], systemOf, now), []);
	});
});
