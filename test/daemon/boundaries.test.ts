/** Every rule with a limit in it, at the limit itself and one step beyond. */
import assert from "node:assert/strict";
import { apiPermissions } from "../../daemon/contract.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

const hour = 3_600_000;

describe("at its very limit", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	const later = (milliseconds: number) => new Date(daemon.now.getTime() + milliseconds).toISOString();
	const pass = (milliseconds: number) => {
		daemon.now = new Date(daemon.now.getTime() + milliseconds);
	};

	it("a token ends at the millisecond of its expiry, for verify, list and counts alike", async () => {
		const { token } = await daemon.create({ expiry: later(hour) });
		pass(hour - 1);
		assert.equal((await daemon.verify(token)).status, 200);
		assert.deepEqual(await counts(), { active: 1, expired: 0 });
		pass(1);
		assert.equal((await daemon.verify(token)).body.code, "token-expired");
		assert.deepEqual(await counts(), { active: 0, expired: 1 });
	});

	it("a token lives for 30 days, or as asked for up to a year", async () => {
		assert.equal((await daemon.create()).expiry, later(30 * 24 * hour));
		const expiry = later(365 * 24 * hour);
		assert.equal((await daemon.create({ expiry })).expiry, expiry);
		const tooLate = { name: "x", permissions: ["api.api-tokens.read"], expiry: later(365 * 24 * hour + 1) };
		const refused = await daemon.call("POST", "/v1/api-tokens", { body: tooLate });
		assert.deepEqual(
			refused.body.errors.map(({ pointer }: { pointer: string }) => pointer),
			["/expiry"],
		);
	});

	it("an overlap ends at its millisecond, and can be neither undone nor ended any more", async () => {
		const { id, token } = await daemon.create();
		await daemon.rotate(id, { overlapSeconds: 60 });
		pass(59_999);
		assert.equal((await daemon.verify(token)).status, 200);
		assert.equal(await listed("retiring"), 1);
		assert.deepEqual(await counts(), { active: 1, expired: 0 });
		pass(1);
		assert.equal((await daemon.verify(token)).body.code, "token-expired");
		assert.equal(await listed("retiring"), 0);
		assert.deepEqual(await counts(), { active: 1, expired: 1 });
		for (const verb of ["undo-rotation", "end-overlap"]) {
			const refused = await daemon.call("POST", `/v1/api-tokens/${id}/${verb}`);
			assert.equal(refused.body.code, "not-rotated", verb);
		}
	});

	it("an overlap may be as long as the longest, and reach to the token's own expiry", async () => {
		const longest = 7 * 24 * 3600;
		const one = await daemon.create({ expiry: later(longest * 1000) });
		assert.equal((await daemon.tryRotate(one.id, { overlapSeconds: longest + 1 })).status, 400);
		assert.equal((await daemon.tryRotate(one.id, { overlapSeconds: longest })).status, 201);
		const two = await daemon.create({ expiry: later(60_000) });
		assert.equal((await daemon.tryRotate(two.id, { overlapSeconds: 61 })).status, 400);
		assert.equal((await daemon.tryRotate(two.id, { overlapSeconds: 60 })).status, 201);
	});

	it("a rotated token keeps its expiry or ends sooner, never later", async () => {
		const expiry = later(24 * hour);
		const { id } = await daemon.create({ expiry });
		await daemon.rotate(id, { overlapSeconds: 60 });
		assert.equal((await daemon.patch(id, { expiry })).status, 200);
		assert.equal((await daemon.patch(id, { expiry: later(24 * hour + 1) })).status, 400);
		assert.equal((await daemon.patch(id, { expiry: later(24 * hour - 1) })).status, 200);
	});

	it("a token is granted two hundred resources and not one more", async () => {
		const resources = Array.from({ length: 199 }, (_, index) => `channel/c${index}`);
		const { id } = await daemon.create({ resources });
		const grant = (resource: string) => daemon.call("PUT", `/v1/resources/${resource}/grants/${id}`);
		assert.equal((await grant("channel/last")).status, 200);
		assert.equal((await grant("channel/more")).status, 400);
		assert.equal((await daemon.record(id)).resources.length, 200);
	});

	it("an incident tells what was used within the hour, to the millisecond", async () => {
		const [before, within, unused] = [await daemon.create(), await daemon.create(), await daemon.create()];
		await daemon.verify(before.token);
		pass(1);
		await daemon.verify(within.token);
		pass(hour);
		const { body } = await daemon.call("POST", "/v1/incidents", { body: { reason: "leak", all: true } });
		const used = body.revoked.map((one: { token: { id: string }; usedInLastHour: boolean }) => [
			one.token.id,
			one.usedInLastHour,
		]);
		const expected = [
			[before.id, false],
			[within.id, true],
			[unused.id, false],
		];
		assert.deepEqual(new Map(used), new Map(expected as [string, boolean][]));
	});

	it("a filter by date leaves out what ends or was used at that date", async () => {
		const expiry = later(hour);
		const { token } = await daemon.create({ expiry });
		await daemon.verify(token);
		await daemon.call("GET", "/v1/usage");
		const count = async (query: string) =>
			(await daemon.call("GET", `/v1/api-tokens?${query}`)).body.tokens.length;
		assert.deepEqual(
			[await count(`expiresBefore=${expiry}`), await count(`expiresBefore=${later(hour + 1)}`)],
			[0, 1],
		);
		const used = later(0);
		assert.deepEqual([await count(`unusedSince=${used}`), await count(`unusedSince=${later(1)}`)], [0, 1]);
	});

	it("audit events are listed from and up to a date, both included", async () => {
		await daemon.create();
		const at = later(0);
		const count = async (query: string) =>
			(await daemon.call("GET", `/v1/audit-events?${query}`)).body.events.length;
		assert.deepEqual([await count(`since=${at}`), await count(`since=${later(1)}`)], [1, 0]);
		assert.deepEqual([await count(`until=${at}`), await count(`until=${later(-1)}`)], [1, 0]);
	});

	it("an audit event is kept for all of the days that it is to be kept", async () => {
		await daemon.create();
		const owner = { userId: "owner", userName: "ada" };
		const actionsAfterPurge = async () => {
			await daemon.records.purge(30, daemon.now, owner);
			const { body } = await daemon.call("GET", "/v1/audit-events");
			return body.events.map(({ action }: { action: string }) => action);
		};
		// Day by day: a clock that jumps far ahead is not believed at once.
		for (let days = 0; days < 30; days++) {
			pass(24 * hour);
			assert.deepEqual(await actionsAfterPurge(), ["create"]);
		}
		pass(1);
		assert.deepEqual(await actionsAfterPurge(), ["purge"]);
	});

	/** A use of a revoked token, which answers how often one was told so far. */
	async function deadTokenInUse(): Promise<() => Promise<number>> {
		const { id, token } = await daemon.create();
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		return async () => {
			await daemon.verify(token);
			await daemon.authority.access.settled();
			return (await daemon.call("GET", "/v1/audit-events?action=dead-token-used")).body.events.length;
		};
	}

	it("the use of a dead token is told again after an hour", async () => {
		const told = await deadTokenInUse();
		assert.equal(await told(), 1);
		pass(hour - 1);
		assert.equal(await told(), 1);
		pass(1);
		assert.equal(await told(), 2);
	});

	it("the use of a dead token is told when the clock was set back since", async () => {
		const told = await deadTokenInUse();
		pass(24 * hour);
		assert.equal(await told(), 1);
		pass(-24 * hour);
		assert.equal(await told(), 2);
		assert.equal(await told(), 2);
	});

	it("a token is quiet at the millisecond at which its time of quiet ends", async () => {
		const { id } = await daemon.create();
		await daemon.rotate(id, { overlapSeconds: 600, quietSeconds: 60 });
		// Silence counts only while a daemon listens.
		for (let second = 0; second < 59; second++) {
			pass(1000);
			await daemon.authority.rotations.endQuiet();
		}
		pass(999);
		await daemon.authority.rotations.endQuiet();
		assert.equal((await daemon.record(id)).status, "retiring");
		pass(1);
		await daemon.authority.rotations.endQuiet();
		assert.equal((await daemon.record(id)).status, "expired");
	});

	it("one of several permissions is held by what covers it, never by what it covers", async () => {
		const { token: wide } = await daemon.create({ permissions: ["orders.*"] });
		const { token: narrow } = await daemon.create({ permissions: ["orders.read"] });
		const query = "?anyPermission=orders.read&anyPermission=invoices.read";
		assert.equal((await daemon.verify(wide, query)).status, 200);
		assert.equal((await daemon.verify(narrow, query)).status, 200);
		assert.equal((await daemon.verify(narrow, "?anyPermission=orders.*")).status, 403);
		assert.equal((await daemon.verify(narrow, "?anyPermission=*")).status, 403);
	});

	it("a token can't widen the addresses that it is allowed from, by a single bit", async () => {
		const parent = await daemon.create({
			permissions: [apiPermissions.write, "orders.read"],
			allowedAddresses: ["127.0.0.0/8"],
		});
		const child = (range: string) =>
			daemon.call("POST", "/v1/api-tokens", {
				secret: parent.token,
				body: { name: "child", permissions: ["orders.read"], allowedAddresses: [range] },
			});
		assert.equal((await child("126.0.0.0/7")).body.code, "exceeds-caller");
		assert.equal((await child("127.0.0.0/8")).status, 201);
		assert.equal((await child("::ffff:127.0.0.0/103")).body.code, "exceeds-caller");
		assert.equal((await child("::ffff:127.0.0.0/104")).status, 201);
	});

	async function counts(): Promise<{ active: number; expired: number }> {
		const { body } = await daemon.call("GET", "/metrics");
		const of = (status: string) =>
			Number(new RegExp(`^tokensmith_tokens\\{status="${status}"\\} (\\d+)`, "m").exec(body)?.[1] ?? 0);
		const found = { active: await listed("active"), expired: await listed("expired") };
		assert.deepEqual({ active: of("active"), expired: of("expired") }, found, "metrics and list agree");
		return found;
	}

	async function listed(status: string): Promise<number> {
		const { body } = await daemon.call("GET", `/v1/api-tokens?status=${status}`);
		return body.tokens.length;
	}
});
