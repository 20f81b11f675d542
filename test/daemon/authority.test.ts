/** What a caller may do, and what verify says, with the clock in the test's hands. */
import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { untouched } from "../untouched.ts";
import { daemonOfEach, TestDaemon } from "./harness.ts";

describe("the authority", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("gives a token its own token user, the profile's default expiry and the facts that were asked for", async () => {
		const created = await daemon.create({
			name: "  orders-api ",
			allowedAddresses: ["127.0.0.0/8"],
			tags: ["ci"],
		});
		const { token: secret, id, userId, ...rest } = created;
		assert.match(secret, /^tks_[0-9A-Za-z]{38}$/);
		assert.notEqual(userId, id);
		const owner = { userId: "owner", userName: "ada" };
		const date = "2026-03-10T12:00:00.000Z";
		assert.deepEqual(rest, {
			...untouched,
			creationDate: date,
			lastModifiedDate: date,
			createdUserInfo: owner,
			lastModifiedUserInfo: owner,
			name: "orders-api",
			issuer: "local",
			profile: "local",
			partialToken: `tks_…${secret.slice(-4)}`,
			expiry: "2026-04-09T12:00:00.000Z",
			permissions: ["orders.read"],
			allowedAddresses: ["127.0.0.0/8"],
			tags: ["ci"],
		});
	});

	it("answers a secret in its creation and nowhere else", async () => {
		const { token: secret, id } = await daemon.create();
		for (const path of ["/v1/api-tokens", `/v1/api-tokens/${id}`, "/v1/profiles"]) {
			assert.doesNotMatch(JSON.stringify((await daemon.call("GET", path)).body), new RegExp(secret));
		}
		assert.doesNotMatch(JSON.stringify((await daemon.verify(secret)).body), new RegExp(secret));
	});

	it("creates a token without an expiry only at an explicit request", async () => {
		assert.equal((await daemon.create({ expiry: null })).expiry, null);
		assert.notEqual((await daemon.create({})).expiry, null);
	});

	it("answers an expiry that was given in any zone in UTC", async () => {
		assert.equal(
			(await daemon.create({ expiry: "2026-03-11T00:30:00+05:30" })).expiry,
			"2026-03-10T19:00:00.000Z",
		);
	});

	it("ends a token at its expiry, to the millisecond", async () => {
		const { token: secret, id } = await daemon.create({ expiry: "2026-03-10T12:00:01.000Z" });
		daemon.now = new Date("2026-03-10T12:00:00.999Z");
		assert.equal((await daemon.verify(secret)).status, 200);
		daemon.now = new Date("2026-03-10T12:00:01.000Z");
		assert.equal((await daemon.verify(secret)).body.reason, "expired");
		assert.equal((await record(id)).status, "expired");
	});

	it("refuses a revoked token at the very next request, whatever else is wrong with it", async () => {
		const { token: secret, id } = await daemon.create({ expiry: "2026-03-10T12:00:01.000Z" });
		assert.equal((await daemon.verify(secret)).status, 200);
		const revoked = await daemon.call("DELETE", `/v1/api-tokens/${id}?reason=leaked`);
		assert.deepEqual(
			[revoked.status, revoked.body.status, revoked.body.revokedReason, revoked.body.version],
			[200, "revoked", "leaked", 2],
		);
		daemon.now = new Date("2026-03-11T12:00:00.000Z");
		const answer = await daemon.verify(secret, "?permission=nothing");
		assert.deepEqual([answer.status, answer.body.reason], [401, "revoked"]);
	});

	it("revokes once: a second time changes nothing", async () => {
		const { id } = await daemon.create();
		const answers = await Promise.all(
			["one", "two", "three"].map((reason) => daemon.call("DELETE", `/v1/api-tokens/${id}?reason=${reason}`)),
		);
		assert.deepEqual(new Set(answers.map(({ body }) => `${body.version} ${body.revokedReason}`)).size, 1);
	});

	it("checks permissions and resources last, and names the missing ones", async () => {
		const { token: secret } = await daemon.create({ permissions: ["orders.*"], resources: ["channel/soc"] });
		assert.equal(
			(await daemon.verify(secret, "?permission=orders.read&permission=orders.write")).status,
			200,
		);
		assert.equal((await daemon.verify(secret, "?permission=orders.read&resource=channel/soc")).status, 200);
		const permission = await daemon.verify(secret, "?permission=orders.read&permission=invoices.read");
		assert.deepEqual([permission.status, permission.body.reason], [403, "permission"]);
		assert.match(permission.body.detail, /invoices\.read/);
		const resource = await daemon.verify(secret, "?permission=orders.read&resource=channel/hr");
		assert.deepEqual([resource.status, resource.body.reason], [403, "resource"]);
	});

	it("lets a token be used from its allowed addresses only", async () => {
		const { token: here } = await daemon.create({ allowedAddresses: ["127.0.0.1"] });
		const { token: elsewhere } = await daemon.create({ allowedAddresses: ["10.0.0.0/8"] });
		assert.equal((await daemon.verify(here)).status, 200);
		const refused = await daemon.verify(elsewhere, "?permission=nothing");
		assert.deepEqual([refused.status, refused.body.reason], [403, "address"]);
	});

	it("distinguishes a truncated secret from an unknown one without a lookup", async () => {
		const { token: secret } = await daemon.create();
		assert.equal((await daemon.verify(secret.slice(0, -1))).body.reason, "malformed");
		const other = await TestDaemon.start();
		const { token: foreign } = await other.create();
		await other.remove();
		assert.equal((await daemon.verify(foreign)).body.reason, "unknown");
	});

	it("has all tokens, their fates and their usage after a restart", async () => {
		const kept = await daemon.create({ name: "kept" });
		const revoked = await daemon.create({ name: "revoked" });
		await daemon.verify(kept.token);
		await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
		await daemon.authority.saveUsage();
		await daemon.close();
		await daemon.open();
		assert.equal((await daemon.verify(kept.token)).status, 200);
		assert.equal((await daemon.verify(revoked.token)).body.reason, "revoked");
		const { useCount, lastUsedAddress, lastUsedDate } = await record(kept.id);
		assert.deepEqual([useCount, lastUsedAddress, lastUsedDate], [2, "127.0.0.1", "2026-03-10T12:00:00.000Z"]);
	});

	describe("for a caller that is a token", () => {
		const api = ["api.api-tokens.read", "api.api-tokens.write", "api.api-tokens.delete"];

		it("does what its permissions allow and no more", async () => {
			const { id } = await daemon.create();
			const { token: reader } = await daemon.create({ permissions: ["api.api-tokens.read"] });
			assert.equal((await daemon.call("GET", `/v1/api-tokens/${id}`, { secret: reader })).status, 200);
			const denied = await daemon.call("DELETE", `/v1/api-tokens/${id}`, { secret: reader });
			assert.deepEqual([denied.status, denied.body.code], [403, "permission-missing"]);
			assert.equal((await record(id)).status, "active");
		});

		it("attributes what it does to its token user", async () => {
			const writer = await daemon.create({ name: "ci", permissions: ["api.api-tokens.*", "orders.*"] });
			const created = await daemon.create({}, writer.token);
			assert.deepEqual(created.createdUserInfo, { userId: writer.userId, userName: "ci" });
		});

		it("can't create a token that may do more than itself", async () => {
			const { token: writer } = await daemon.create({
				permissions: [...api, "orders.read"],
				resources: ["channel/soc"],
				allowedAddresses: ["127.0.0.0/8"],
				expiry: "2026-03-20T00:00:00.000Z",
			});
			const within = { permissions: ["orders.read"], allowedAddresses: ["127.0.0.1"] };
			assert.equal((await daemon.create(within, writer)).expiry, "2026-03-20T00:00:00.000Z");
			const beyond: [change: object, pointer: string][] = [
				[{ permissions: ["orders.write"] }, "/permissions/0"],
				[{ permissions: ["orders.read", "orders.*"] }, "/permissions/1"],
				[{ resources: ["channel/hr"] }, "/resources/0"],
				[{ allowedAddresses: [] }, "/allowedAddresses"],
				[{ allowedAddresses: ["0.0.0.0/0"] }, "/allowedAddresses"],
				[{ expiry: "2026-03-20T00:00:00.001Z" }, "/expiry"],
				[{ expiry: null }, "/expiry"],
			];
			for (const [change, pointer] of beyond) {
				const body = { name: "beyond", ...within, ...change };
				const answer = await daemon.call("POST", "/v1/api-tokens", { secret: writer, body });
				assert.deepEqual(
					[answer.status, answer.body.code, answer.body.errors?.[0]?.pointer],
					[403, "exceeds-caller", pointer],
				);
			}
			const { body } = await daemon.call("GET", "/v1/api-tokens?q=beyond");
			assert.deepEqual(body.tokens, [], "nothing was created");
		});

		it("can describe what may do more than itself, and change nothing that it may do", async () => {
			const writer = await daemon.create({ permissions: api });
			const { id } = await daemon.create({ permissions: ["orders.*"], resources: ["channel/hr"] });
			const patch = (body: object) =>
				daemon.call("PATCH", `/v1/api-tokens/${id}`, {
					...{ secret: writer.token, body, headers: { "if-match": "*" } },
				});
			const described = await patch({ name: "billing", description: "for the report", tags: ["team-a"] });
			assert.deepEqual([described.status, described.body.tags], [200, ["team-a"]]);
			for (const change of [
				{ permissions: ["orders.read"] },
				{ resources: [] },
				{ expiry: "2026-03-11T00:00:00.000Z" },
				{ allowedAddresses: ["127.0.0.1"] },
				{ defaultSource: "elsewhere" },
				{ tags: [], expiry: null },
			]) {
				const { status, body } = await patch(change);
				assert.deepEqual([status, body.code], [403, "exceeds-caller"], JSON.stringify(change));
			}
		});

		it("is refused once it is dead, like at every other door", async () => {
			const { token: secret, id } = await daemon.create({ permissions: api });
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			const answer = await daemon.call("GET", "/v1/api-tokens", { secret });
			assert.deepEqual([answer.status, answer.body.code], [401, "token-revoked"]);
		});

		it("can't act as the owner", async () => {
			const { token: secret } = await daemon.create({ permissions: ["*"] });
			assert.equal((await daemon.call("PUT", "/v1/policy", { secret, body: {} })).body.code, "owner-only");
			assert.equal((await daemon.call("POST", "/v1/shutdown", { secret })).body.code, "owner-only");
			assert.equal(daemon.shutdowns, 0);
		});
	});

	describe("under the owner's policy", () => {
		const policy = {
			secretPrefix: "acme",
			defaultExpiryDays: 7,
			maximumExpiryDays: 14,
			allowNever: false,
		};

		it("creates by it from the next request on, and after a restart", async () => {
			const before = await daemon.create({ expiry: null });
			assert.equal((await daemon.call("PUT", "/v1/policy", { body: policy })).status, 204);
			for (let start = 0; start < 2; start++) {
				const created = await daemon.create();
				assert.match(created.token, /^acme_[0-9A-Za-z]{38}$/);
				assert.equal(created.expiry, "2026-03-17T12:00:00.000Z");
				assert.equal((await daemon.verify(created.token)).status, 200);
				for (const expiry of [null, "2026-03-24T12:00:00.001Z"]) {
					const body = { name: "x", permissions: ["orders.read"], expiry };
					const answer = await daemon.call("POST", "/v1/api-tokens", { body });
					assert.deepEqual([answer.status, answer.body.errors[0].pointer], [400, "/expiry"]);
				}
				await daemon.close();
				await daemon.open();
			}
			assert.equal((await record(before.id)).expiry, null, "what exists keeps what it has");
			assert.equal((await daemon.verify(before.token)).status, 200, "under its old prefix too");
		});

		it("is shown in the local profile", async () => {
			await daemon.call("PUT", "/v1/policy", { body: policy });
			const { body } = await daemon.call("GET", "/v1/profiles");
			const [local] = body.profiles;
			assert.deepEqual(
				[local.id, local.expiry.default, local.expiry.maximum],
				["local", { days: 7 }, { days: 14 }],
			);
		});

		it("tells whether it has been set, also to what it is by default, and keeps that over a restart", async () => {
			const { body: first } = await daemon.call("GET", "/v1/policy");
			assert.deepEqual([first.isSet, first.policy.maximumExpiryDays], [false, 365]);
			assert.equal((await daemon.call("PUT", "/v1/policy", { body: first.policy })).status, 204);
			await daemon.close();
			await daemon.open();
			assert.deepEqual((await daemon.call("GET", "/v1/policy")).body, { ...first, isSet: true });
			const { body: audit } = await daemon.call("GET", "/v1/audit-events?action=policy");
			assert.deepEqual(audit.events, [], "nothing has changed");
		});

		it("refuses one that contradicts itself", async () => {
			const body = { ...policy, defaultExpiryDays: 30 };
			const answer = await daemon.call("PUT", "/v1/policy", { body });
			assert.deepEqual([answer.status, answer.body.errors[0].pointer], [400, "/defaultExpiryDays"]);
		});
	});

	async function record(id: string): Promise<TokenRecord> {
		return (await daemon.call("GET", `/v1/api-tokens/${id}`)).body;
	}
});
