/** Deleting the records of tokens that ended long ago, for good. */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import type { AuditEvent, CleanUpReport, CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import {
	type Answer,
	assertProblem,
	daemonOfEach,
	openStore,
	type TestDaemon,
	temporaryFolder,
} from "./harness.ts";

const day = 86_400_000;
const path = "/v1/api-tokens/clean-up";

describe("POST /v1/api-tokens/clean-up", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	const cleanUp = (body: object = {}): Promise<Answer> => daemon.call("POST", path, { body });
	const names = ({ tokens }: CleanUpReport) => tokens.map(({ name }) => name);
	const list = async () => {
		const { tokens } = (await daemon.call("GET", "/v1/api-tokens?sort=name")).body;
		return tokens.map(({ name }: TokenRecord) => name);
	};
	const passDays = (days: number) => {
		daemon.now = new Date(daemon.now.getTime() + days * day);
	};

	async function revoked(name = "revoked"): Promise<CreatedToken> {
		const token = await daemon.create({ name });
		await daemon.call("DELETE", `/v1/api-tokens/${token.id}`);
		return token;
	}

	it("deletes what was revoked or expired longer ago than the policy keeps the audit, and nothing else", async () => {
		await revoked();
		await daemon.create({ name: "expired", expiry: "2026-03-11T12:00:00Z" });
		await daemon.create({ name: "lasting", expiry: null });
		const disabled = await daemon.create({ name: "disabled", expiry: null });
		await daemon.call("POST", `/v1/api-tokens/${disabled.id}/disable`);
		const rotated = await daemon.create({ name: "rotated", expiry: null });
		await daemon.rotate(rotated.id, { overlapSeconds: 3600 });
		passDays(300);
		await revoked("lately revoked");
		passDays(64);
		assert.deepEqual(names((await cleanUp()).body), [], "not one is old enough");
		passDays(3);
		const { status, body } = await cleanUp();
		assert.equal(status, 200);
		assert.deepEqual(names(body), ["revoked", "rotated", "expired"], "those that ended first at the front");
		assert.deepEqual([body.endedBefore, body.left], ["2026-03-12T12:00:00.000Z", 0]);
		assert.deepEqual(await list(), ["disabled", "lasting", "lately revoked", "rotated"]);
	});

	it("lists the same in a preview, and deletes nothing", async () => {
		await revoked();
		passDays(366);
		const preview = (await cleanUp({ preview: true })).body;
		assert.deepEqual(names(preview), ["revoked"]);
		assert.deepEqual(await list(), ["revoked"]);
		assert.deepEqual(names((await cleanUp({ endedBefore: preview.endedBefore })).body), ["revoked"]);
		assert.deepEqual(names((await cleanUp()).body), []);
	});

	it("deletes only what ended before the requested time, which must not be later than the policy allows", async () => {
		await revoked("first");
		passDays(2);
		await revoked("second");
		passDays(366);
		assert.deepEqual(names((await cleanUp({ endedBefore: "2026-03-11T00:00:00+02:00" })).body), ["first"]);
		const late = await cleanUp({ endedBefore: daemon.now.toISOString() });
		assertProblem(late, "invalid-request");
		assert.equal(late.body.errors[0].pointer, "/endedBefore");
		assert.deepEqual(await list(), ["second"]);
	});

	it("lets no deleted token verify again: at once, after a restart, after a crash, and from the same data", async () => {
		const ended = await revoked();
		const expired = await daemon.create({ name: "expired", expiry: "2026-03-11T12:00:00Z" });
		// In the caches, and in the index of an orderly stop.
		await daemon.verify(ended.token);
		await daemon.verify(expired.token);
		await daemon.close();
		await daemon.open();
		passDays(400);
		await cleanUp();
		const refused = async () => {
			for (const { token, id } of [ended, expired]) {
				const { status, body } = await daemon.verify(token);
				assert.deepEqual([status, body.reason], [401, "unknown"]);
				const form = new URLSearchParams({ token });
				const headers = { "content-type": "application/x-www-form-urlencoded" };
				const introspected = await daemon.call("POST", "/oauth2/introspect", { body: String(form), headers });
				assert.deepEqual(introspected.body, { active: false });
				assertProblem(await daemon.call("GET", `/v1/api-tokens/${id}`), "not-found");
				assertProblem(await daemon.call("POST", `/v1/api-tokens/${id}/enable`), "not-found");
			}
		};
		await refused();
		// A clock that is set back revives nothing.
		const { now } = daemon;
		daemon.now = new Date("2026-03-10T13:00:00.000Z");
		await refused();
		daemon.now = now;
		const crashed = temporaryFolder();
		cpSync(daemon.directory, crashed, { recursive: true });
		await daemon.close();
		await daemon.open();
		await refused();
		const store = await openStore(crashed);
		assert.deepEqual(await store.tokens([ended.id, expired.id]), []);
		await store.close();
		rmSync(crashed, { recursive: true });
	});

	it("keeps the token's audit events and adds one of the deletion; the chain stays whole", async () => {
		const { id } = await revoked();
		passDays(366);
		await cleanUp();
		const { events, chain } = (await daemon.call("GET", `/v1/audit-events?tokenId=${id}&verify=true`)).body;
		assert.deepEqual(
			events.map(({ action }: AuditEvent) => action),
			["delete", "revoke", "create"],
		);
		assert.deepEqual([events[0].before.name, events[0].after, chain.intact], ["revoked", {}, true]);
		assert.doesNotMatch(JSON.stringify(events), /tks_[0-9A-Za-z]{38}|sha256:/);
	});

	it("takes the usage with it, also what was not written yet", async () => {
		const { id, token } = await daemon.create({ name: "expired", expiry: "2026-03-11T12:00:00Z" });
		await daemon.verify(token);
		await daemon.authority.saveUsage();
		assert.equal((await daemon.verify(token)).status, 200);
		passDays(400);
		await cleanUp();
		await daemon.authority.saveUsage();
		assert.deepEqual((await daemon.call("GET", `/v1/usage?tokenId=${id}`)).body.usage, []);
	});

	it("unlinks a successor that stays from its deleted predecessor", async () => {
		const old = await daemon.create({ expiry: null });
		const successor = await daemon.rotate(old.id, { overlapSeconds: 3600 });
		passDays(366);
		assert.deepEqual(names((await cleanUp()).body), ["orders-api"]);
		const { predecessorId, version, permissions } = await daemon.record(successor.id);
		assert.deepEqual([predecessorId, version, permissions], [null, 2, ["orders.read"]]);
		assert.equal((await daemon.verify(successor.token)).status, 200);
	});

	it("keeps an ended successor as long as its predecessor leads to it", async () => {
		await daemon.call("PUT", "/v1/policy", {
			body: policy({ maximumOverlapSeconds: 31_536_000, auditDays: 1 }),
		});
		const old = await daemon.create({ expiry: null });
		const successor = await daemon.rotate(old.id, { overlapSeconds: 30 * 86_400 });
		const last = await daemon.rotate(successor.id, { overlapSeconds: 0 });
		await daemon.call("DELETE", `/v1/api-tokens/${last.id}`);
		passDays(10);
		assert.deepEqual((await cleanUp()).body.tokens, []);
		passDays(22);
		const ids = (await cleanUp()).body.tokens.map(({ id }: TokenRecord) => id);
		assert.deepEqual(new Set(ids), new Set([old.id, successor.id, last.id]));
	});

	it("tells every listener which tokens are gone", async () => {
		const { id } = await revoked();
		passDays(366);
		const seen: unknown[] = [];
		const notify = daemon.events.notify.bind(daemon.events);
		daemon.events.notify = (name, data) => {
			if (name === "token") seen.push(data());
			notify(name, data);
		};
		await cleanUp();
		assert.deepEqual(
			(seen as { change: string; token: TokenRecord }[]).map(({ change, token }) => [change, token.id]),
			[["deleted", id]],
		);
	});

	it("deletes a record of another system only after its revocation or its own expiry, not with an overlap", async () => {
		const register = (name: string, digit: string, expiry: string | null) =>
			daemon.call("POST", "/v1/api-tokens/register", {
				body: {
					name,
					issuer: "github",
					hash: `sha256:${digit.repeat(64)}`,
					partialToken: "ghp_…abcd",
					expiry,
				},
			});
		const lasting = (await register("lasting", "a", null)).body;
		await register("expired", "b", "2026-03-11T12:00:00Z");
		const { token, usage } = (await daemon.store.token(lasting.id)) ?? assert.fail();
		const retired = { ...token, version: 2, retiresDate: "2026-03-11T12:00:00.000Z" };
		await daemon.store.write((transaction) => transaction.updateToken(retired, usage));
		passDays(400);
		assert.deepEqual(names((await cleanUp()).body), ["expired"]);
	});

	it("deletes at most 1000 at once, and says how many are left", async () => {
		const { token } = (await daemon.store.token((await revoked()).id)) ?? assert.fail();
		await daemon.store.write(async (transaction) => {
			for (let index = 0; index < 1200; index++)
				await transaction.insertToken({ ...token, id: `id-${index}`, hash: `sha256:${index}` });
		});
		passDays(366);
		const first: CleanUpReport = (await cleanUp()).body;
		assert.deepEqual([first.tokens.length, first.left], [1000, 201]);
		const second: CleanUpReport = (await cleanUp()).body;
		assert.deepEqual([second.tokens.length, second.left], [201, 0]);
	});

	it("deletes nothing that changes at the same moment", async () => {
		const record = (
			await daemon.call("POST", "/v1/api-tokens/register", {
				body: {
					...{ name: "ci", issuer: "github", hash: `sha256:${"c".repeat(64)}`, partialToken: "ghp_…abcd" },
					expiry: "2026-03-11T12:00:00Z",
				},
			})
		).body;
		passDays(400);
		const [renewed, report] = await Promise.all([daemon.patch(record.id, { expiry: null }), cleanUp()]);
		const stays = renewed.status === 200;
		assert.equal(report.body.tokens.length, stays ? 0 : 1);
		assert.equal((await daemon.call("GET", `/v1/api-tokens/${record.id}`)).status, stays ? 200 : 404);
	});

	it("needs the permission to delete", async () => {
		const reader = await daemon.create({
			name: "writer",
			permissions: ["api.api-tokens.read", "api.api-tokens.write"],
		});
		const deleter = await daemon.create({ name: "deleter", permissions: ["api.api-tokens.delete"] });
		const call = (secret: string | null) => daemon.call("POST", path, { secret, body: { preview: true } });
		assertProblem(await call(reader.token), "permission-missing");
		assertProblem(await call(null), "credentials-missing");
		assert.equal((await call(deleter.token)).status, 200);
	});

	it("refuses fields and times that it does not know", async () => {
		for (const body of [{ all: true }, { preview: "yes" }, { endedBefore: "yesterday" }])
			assertProblem(await cleanUp(body), "invalid-request");
	});
});

const policy = (more: object) => ({
	...{ secretPrefix: "tks", defaultExpiryDays: 30, maximumExpiryDays: 365, allowNever: true },
	...more,
});
