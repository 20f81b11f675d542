/** The typed client, against a daemon in this process. */
import assert from "node:assert/strict";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { Question, Verification } from "../../daemon/client/verification.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { ownerKey, TestDaemon } from "./harness.ts";

const unknownSecret = "tks_000000000000000000000000000000004cQ2wm";

describe("the client", () => {
	let daemon: TestDaemon;
	let client: TokensmithClient;
	before(async () => {
		daemon = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
	});
	beforeEach(() => {
		client = createTokensmithClient({ url: daemon.url, ownerKey });
	});
	after(() => daemon.remove());

	it("returns the record of a good token", async () => {
		const created = await client.create({ name: "good", permissions: ["orders.read"] });
		const verification = await client.verify(created.token, { permissions: ["orders.read"] });
		assert.ok(verification.valid);
		assert.equal(verification.token.id, created.id);
		assert.deepEqual(verification.token.permissions, ["orders.read"]);
	});

	const refusals: [why: string, reason: string, question: Question][] = [
		["a permission it lacks", "permission", { permissions: ["orders.write"] }],
		["one of two that it lacks", "permission", { anyPermissions: ["orders.write", "files.read"] }],
		["a resource it was not granted", "resource", { resources: ["channel/board"] }],
		["an address it is not allowed from", "address", { address: "203.0.113.9" }],
	];
	for (const [why, reason, question] of refusals) {
		it(`refuses, with the daemon's problem and challenge, ${why}`, async () => {
			const { token } = await client.create({
				name: "narrow",
				permissions: ["orders.read"],
				resources: ["channel/soc"],
				allowedAddresses: ["198.51.100.0/24"],
			});
			const verification = refused(await client.verify(token, { address: "198.51.100.7", ...question }));
			assert.equal(verification.reason, reason);
			assert.equal(verification.problem.status, 403);
			assert.match(verification.challenge, /^Bearer realm="tokensmith", error="/);
		});
	}

	it("names the permissions that are missing", async () => {
		const { token } = await client.create({ name: "narrow", permissions: ["orders.read"] });
		const question = { permissions: ["orders.read", "orders.write", "files.read"] };
		assert.deepEqual(refused(await client.verify(token, question)).missing, ["orders.write", "files.read"]);
	});

	it("lets one of several permissions do", async () => {
		const { token } = await client.create({ name: "narrow", permissions: ["orders.read"] });
		assert.ok((await client.verify(token, { anyPermissions: ["orders.write", "orders.read"] })).valid);
	});

	for (const [what, secret, reason] of [
		["an unknown secret", generateSecret("tks"), "unknown"],
		["a secret with a wrong checksum", unknownSecret, "malformed"],
		["nothing", "", "malformed"],
		["a line break", "tks_a\nX-Injected: yes", "malformed"],
		["what no header can hold", "tks_\u{1F511}", "malformed"],
		["what is longer than a header may be", "x".repeat(100_000), "malformed"],
	] as const) {
		it(`refuses ${what}`, async () => {
			const verification = refused(await client.verify(secret));
			assert.equal(verification.reason, reason);
			assert.equal(verification.problem.code, `token-${reason}`);
			assert.match(verification.challenge, /error="invalid_token"/);
		});
	}

	it("rejects a question that would let every token pass, or that is invalid", async () => {
		await assert.rejects(client.verify(unknownSecret, { anyPermissions: [] }), TypeError);
		await assert.rejects(client.verify(unknownSecret, { address: "198.51.100.7, 127.0.0.1" }), TypeError);
		await assert.rejects(client.verify(unknownSecret, { permissions: [""] }), TokensmithProblemError);
	});

	it("lists all tokens that match, on however many pages", async () => {
		for (let made = 0; made < 1005; made += 67) {
			const names = Array.from({ length: 67 }, (_, index) => `page ${made + index}`);
			await Promise.all(
				names.map((name) => client.create({ name, permissions: ["orders.read"], tags: ["paged"] })),
			);
		}
		const tokens = await client.list({ tag: "paged" });
		assert.equal(new Set(tokens.map(({ id }) => id)).size, 1005);
		assert.deepEqual(await client.list({ tag: "nothing-has-this" }), []);
	}).timeout(60_000);

	it("changes a token unless it has changed since", async () => {
		const { id, version } = await client.create({ name: "before", permissions: ["orders.read"] });
		const changed = await client.update(id, version, { name: "after" });
		assert.equal(changed.name, "after");
		await assert.rejects(client.update(id, version, { name: "late" }), isProblem("version-stale"));
		assert.equal((await client.get(id)).name, "after");
	});

	it("rotates, disables, enables and revokes", async () => {
		const { id, token } = await client.create({ name: "lives", permissions: ["orders.read"] });
		const rotated = await client.rotate(id, { overlapSeconds: 60 });
		assert.equal(rotated.predecessor.id, id);
		assert.equal(rotated.predecessorId, id);
		assert.ok((await client.verify(token)).valid);
		assert.ok((await client.verify(rotated.token)).valid);
		assert.equal((await client.disable(rotated.id)).status, "disabled");
		assert.equal(refused(await client.verify(rotated.token)).reason, "disabled");
		assert.equal((await client.enable(rotated.id)).status, "active");
		assert.ok((await client.verify(rotated.token)).valid);
		assert.equal((await client.revoke(rotated.id, { reason: "leaked" })).revokedReason, "leaked");
		assert.equal(refused(await client.verify(rotated.token)).reason, "revoked");
	});

	it("undoes a rotation, or ends its overlap", async () => {
		const { id, token } = await client.create({ name: "turns", permissions: ["orders.read"] });
		const first = await client.rotate(id, { overlapSeconds: 3600, quietSeconds: 60 });
		assert.equal(first.predecessor.quietSeconds, 60);
		const undone = await client.undoRotation(id);
		assert.deepEqual([undone.token.status, undone.successor.status], ["active", "revoked"]);
		assert.equal(refused(await client.verify(first.token)).reason, "revoked");
		await assert.rejects(client.endOverlap(id), isProblem("not-rotated"));
		await client.rotate(id, { overlapSeconds: 3600 });
		assert.equal((await client.endOverlap(id)).status, "expired");
		assert.equal(refused(await client.verify(token)).reason, "expired");
		await assert.rejects(client.undoRotation(id), isProblem("not-rotated"));
	});

	it("records another system's token, and sends only its secret's hash and ends", async () => {
		const secret = "ghp_0123456789abcdefghijklmnop";
		const recorded = await client.register(secret, {
			name: "deploy",
			issuer: "github",
			permissions: ["repo"],
		});
		assert.deepEqual([recorded.issuer, recorded.partialToken], ["github", "ghp_…mnop"]);
		assert.equal((await client.identify([secret]))[0]?.id, recorded.id);
		assert.equal(refused(await client.verify(secret)).reason, "unknown");
		await assert.rejects(client.register(secret, { name: "x", issuer: "other" }), isProblem("already-known"));
		for (const short of ["hunter2hunter2", "🗝🗝🗝🗝🗝🗝🗝🗝🗝🗝"]) {
			assert.equal((await client.register(short, { name: "x", issuer: "other" })).partialToken, "…");
		}
	});

	it("identifies secrets by their hashes, in their order, however many", async () => {
		const one = await client.create({ name: "one", permissions: ["orders.read"] });
		const other = await client.create({ name: "other", permissions: ["orders.read"] });
		const strangers = Array.from({ length: 1200 }, (_, index) => `stranger-${index}`);
		const found = await client.identify([one.token, ...strangers, other.token, one.token]);
		assert.equal(found.length, 1203);
		const known = found.flatMap((record, index) => (record === undefined ? [] : [[index, record.id]]));
		assert.deepEqual(known, [
			[0, one.id],
			[1201, other.id],
			[1202, one.id],
		]);
	});

	it("acts with a token, within its permissions", async () => {
		const reader = await client.create({ name: "reader", permissions: ["api.api-tokens.read"] });
		const acting = createTokensmithClient({ url: daemon.address, token: reader.token });
		assert.equal((await acting.whoami()).id, reader.id);
		const attempt = acting.create({ name: "more", permissions: ["orders.read"] });
		await assert.rejects(attempt, isProblem("permission-missing"));
	});

	it("verifies the given secret, and not the token or the key that it acts with", async () => {
		const { token } = await client.create({ name: "reader", permissions: ["api.api-tokens.read"] });
		const acting = createTokensmithClient({ url: daemon.address, token });
		for (const one of [acting, client])
			assert.equal(refused(await one.verify(generateSecret("tks"))).reason, "unknown");
	});

	it("lets a token revoke itself only with `self`", async () => {
		const permissions = ["api.api-tokens.read", "api.api-tokens.delete"];
		const { id, token } = await client.create({ name: "mortal", permissions });
		const acting = createTokensmithClient({ url: daemon.address, token });
		await assert.rejects(acting.revoke(id), isProblem("own-token"));
		await acting.revoke(id, { self: true });
		assert.equal(refused(await client.verify(token)).reason, "revoked");
	});

	for (const [what, options] of [
		["no address", { url: "nowhere" }],
		["another protocol", { url: "file:///etc/passwd" }],
		["an empty data directory", { dataDir: "" }],
		["an empty address", { url: "" }],
		["a password in the address", { url: "http://user:password@127.0.0.1" }],
		["a query in the address", { url: "http://127.0.0.1/?token=x" }],
		["a token with a line break", { url: "http://127.0.0.1", token: "tks_secret\n" }],
	] as const) {
		it(`can't be created with ${what}, and the error repeats nothing`, () => {
			assert.throws(
				() => createTokensmithClient(options),
				(error) => error instanceof TypeError && !/password@|tks_secret/.test(error.message),
			);
		});
	}
});

function refused(verification: Verification): Extract<Verification, { valid: false }> {
	assert.ok(!verification.valid);
	return verification;
}

function isProblem(code: string): (error: unknown) => boolean {
	return (error) =>
		error instanceof TokensmithProblemError &&
		error.name === "TokensmithProblemError" &&
		[error.code, error.problem.code].every((one) => one === code) &&
		error.message === error.problem.detail;
}
