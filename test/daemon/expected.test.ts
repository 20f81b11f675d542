/** What a transaction of a shared server has read in advance, with its own writes: as the database would answer. */
import assert from "node:assert/strict";
import { askedOf, Expected, type Found } from "../../daemon/store/postgres/expected.ts";
import { type Token, unused } from "../../daemon/store/store.ts";
import { tokenOf } from "../postgres/store.ts";

const nothing: Found = { tokens: [], hashes: [], names: [], remoteIds: [] };
const storedOf = (token: Token) => ({ token, usage: unused });
const localToken = tokenOf("local");
const remoteToken: Token = { ...tokenOf("remote"), issuer: "acme", connectionId: "c1", remoteId: "r1" };

describe("what many tokens are asked about", () => {
	it("is each one's id and hash, and each name and each id at a system once", () => {
		const same = { ...remoteToken, id: "same", hash: "sha256:same" };
		const lessKnown = [
			{ ...remoteToken, id: "no connection", connectionId: null },
			{ ...remoteToken, id: "no id there", remoteId: null },
		];
		assert.deepEqual(askedOf([localToken, remoteToken, same, ...lessKnown]), {
			ids: ["local", "remote", "same", "no connection", "no id there"],
			hashes: ["sha256:local", "sha256:remote", "sha256:same", "sha256:remote", "sha256:remote"],
			names: [
				["local", "local"],
				["name of local", "name of remote"],
			],
			remoteIds: [["c1"], ["r1"]],
		});
	});

	it("are names apart in each profile, and ids at each system", () => {
		const { names, remoteIds } = askedOf([
			remoteToken,
			{ ...remoteToken, profile: "acme" },
			{ ...remoteToken, connectionId: "c2" },
		]);
		assert.deepEqual(names, [
			["local", "acme"],
			["name of remote", "name of remote"],
		]);
		assert.deepEqual(remoteIds, [
			["c1", "c2"],
			["r1", "r1"],
		]);
	});
});

describe("what a transaction expects", () => {
	let expected: Expected;
	const tokens = [localToken, remoteToken];
	beforeEach(() => {
		expected = new Expected();
		expected.replace(askedOf(tokens), nothing);
	});
	const isNameTaken = (name: string, exceptId = "", profile = "local") =>
		expected.isNameTaken({ profile, name, exceptId });
	const isRemoteIdKnown = (remoteId: string, connectionId = "c1") =>
		expected.isRemoteIdKnown({ connectionId, remoteId });

	it("is nothing about what was not asked", () => {
		for (const [profile, name] of [
			["local", "another"],
			["acme", "name of local"],
		] as const)
			assert.equal(isNameTaken(name, "", profile), undefined);
		assert.deepEqual([isRemoteIdKnown("r2"), isRemoteIdKnown("r1", "c2")], [undefined, undefined]);
		assert.deepEqual([expected.token("another"), expected.isHashKnown("another")], [undefined, undefined]);
	});

	it("is that there is none where none was found", () => {
		assert.deepEqual(expected.token("local"), { stored: undefined });
		const known = [expected.isHashKnown("sha256:local"), isNameTaken("name of local"), isRemoteIdKnown("r1")];
		assert.deepEqual(known, [false, false, false]);
	});

	it("is what was found", () => {
		const stored = storedOf(localToken);
		expected.replace(askedOf(tokens), {
			tokens: [stored],
			hashes: [localToken.hash],
			names: [{ profile: "local", name: "name of local", id: "local" }],
			remoteIds: [{ connectionId: "c1", remoteId: "r1", id: "another" }],
		});
		assert.deepEqual(expected.token("local"), { stored });
		assert.deepEqual(
			[localToken, remoteToken].map(({ hash }) => expected.isHashKnown(hash)),
			[true, false],
		);
		assert.deepEqual([isNameTaken("name of local"), isNameTaken("name of local", "local")], [true, false]);
		assert.equal(isRemoteIdKnown("r1"), true);
	});

	it("is only what was asked last", () => {
		expected.note(storedOf(localToken));
		expected.replace(askedOf([]), nothing);
		assert.deepEqual(
			[expected.token("local"), expected.isHashKnown(localToken.hash)],
			[undefined, undefined],
		);
		assert.deepEqual([isNameTaken("name of local"), isRemoteIdKnown("r1")], [undefined, undefined]);
	});

	it("includes what it has written itself", () => {
		for (const token of tokens) expected.note(storedOf(token));
		assert.deepEqual(expected.token("local"), { stored: storedOf(localToken) });
		assert.equal(expected.isHashKnown(localToken.hash), true);
		assert.deepEqual([isNameTaken("name of local"), isNameTaken("name of local", "local")], [true, false]);
		assert.equal(isRemoteIdKnown("r1"), true);
		assert.equal(isNameTaken("name of remote"), false, "names are unique here alone");
	});

	it("includes of a token that was not asked about what meets a name or an id that was", () => {
		expected.note(storedOf({ ...localToken, id: "new", hash: "sha256:new" }));
		expected.note(storedOf({ ...remoteToken, id: "there", hash: remoteToken.hash }));
		assert.deepEqual([isNameTaken("name of local"), isRemoteIdKnown("r1")], [true, true]);
		assert.deepEqual([expected.token("new"), expected.isHashKnown("sha256:new")], [undefined, undefined]);
		assert.equal(expected.isHashKnown(remoteToken.hash), true);
	});

	for (const [what, change] of [
		["is revoked", { revokedDate: "2026-03-10T12:00:00.000Z" }],
		["has another name, or another id there", { name: "renamed", remoteId: "r2" }],
	] as const)
		it(`gives free what a token had that ${what}`, () => {
			for (const token of tokens) expected.note(storedOf(token));
			for (const token of tokens) expected.note(storedOf({ ...token, ...change }));
			assert.deepEqual([isNameTaken("name of local"), isRemoteIdKnown("r1")], [false, false]);
		});

	it("gives free the name of a rotated token", () => {
		expected.note(storedOf(localToken));
		expected.note(storedOf({ ...localToken, successorId: "next" }));
		assert.equal(isNameTaken("name of local"), false);
	});

	it("has the new name of a token, where it was asked about", () => {
		expected.replace(askedOf([localToken, { ...localToken, name: "renamed" }]), nothing);
		expected.note(storedOf(localToken));
		expected.note(storedOf({ ...localToken, name: "renamed" }));
		assert.deepEqual([isNameTaken("name of local"), isNameTaken("renamed")], [false, true]);
	});
});
