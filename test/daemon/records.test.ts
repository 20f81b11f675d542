/** The audit that can't be changed unseen, and the usage that is gathered in memory. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent, UsageDay } from "../../daemon/contract.ts";
import { TokenUsage, UsageCounts } from "../../daemon/rules/usage.ts";
import { nothingAsked } from "../../daemon/rules/verify.ts";
import { listAuditFiles } from "../../daemon/store/sqlite/audit-files.ts";
import { daemonOfEach, TestDaemon, until } from "./harness.ts";

describe("the audit", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("has every change with who, when, before and after, and never a secret or its hash", async () => {
		const created = await daemon.create({ name: "one" });
		daemon.now = new Date("2026-03-11T00:00:00.000Z");
		const body = { name: "two" };
		await daemon.call("PATCH", `/v1/api-tokens/${created.id}`, { body, headers: { "if-match": "*" } });
		await daemon.call("POST", `/v1/api-tokens/${created.id}/disable`);
		await daemon.call("POST", `/v1/api-tokens/${created.id}/enable`);
		const rotated = await daemon.call("POST", `/v1/api-tokens/${created.id}/rotate`, {
			body: { overlapSeconds: 60 },
		});
		await daemon.call("PUT", `/v1/resources/channel/soc/grants/${rotated.body.id}`);
		await daemon.call("DELETE", `/v1/resources/channel/soc/grants/${rotated.body.id}`);
		await daemon.call("POST", "/v1/incidents", { body: { reason: "x", all: true } });
		const events = await audit();
		const actions = [
			"create",
			"update",
			"disable",
			"enable",
			"rotate",
			"create",
			"grant",
			"withdraw",
			"incident",
			"revoke",
			"revoke",
		];
		assert.deepEqual(events.map((event) => event.action).reverse(), actions);
		const update = events.find((event) => event.action === "update");
		assert.deepEqual(
			[update?.before, update?.after, update?.tokenId],
			[{ name: "one" }, { name: "two" }, created.id],
		);
		assert.deepEqual(
			[update?.actor, update?.date],
			[{ userId: "owner", userName: "ada" }, "2026-03-11T00:00:00.000Z"],
		);
		const told = JSON.stringify(events);
		for (const secret of [created.token, rotated.body.token]) assert.ok(!told.includes(secret));
		assert.doesNotMatch(told, /sha256:/);
	});

	it("has no event of what was refused", async () => {
		const { id } = await daemon.create();
		await daemon.call("PATCH", `/v1/api-tokens/${id}`, {
			body: { permissions: ["x.y"] },
			headers: { "if-match": "*" },
		});
		await daemon.call("POST", "/v1/api-tokens", { body: { name: "" } });
		assert.equal((await audit()).length, 1);
	});

	it("attributes what a token does to its token user", async () => {
		const writer = await daemon.create({ name: "ci", permissions: ["api.api-tokens.write", "orders.read"] });
		await daemon.create({}, writer.token);
		assert.deepEqual((await audit())[0]?.actor, { userId: writer.userId, userName: "ci" });
		assert.equal((await audit(`actor=${writer.userId}`)).length, 1);
		assert.equal((await audit("actor=ci")).length, 1);
	});

	it("tells of the policy's changes", async () => {
		const policy = {
			secretPrefix: "acme",
			defaultExpiryDays: 7,
			maximumExpiryDays: 14,
			allowNever: false,
			permissions: [],
		};
		await daemon.call("PUT", "/v1/policy", { body: policy });
		await daemon.call("PUT", "/v1/policy", { body: policy });
		const [event, ...more] = await audit("action=policy");
		assert.deepEqual(
			[event?.before.secretPrefix, event?.after.secretPrefix, more.length],
			["tks", "acme", 0],
		);
	});

	it("filters, and goes on from page to page without losing or repeating an event", async () => {
		for (let count = 0; count < 7; count++) {
			daemon.now = new Date(Date.UTC(2026, 2, 10 + count));
			await daemon.create({ name: `token ${count}` });
		}
		const sequences: number[] = [];
		let cursor: string | null = "";
		while (cursor !== null) {
			const path: string = `/v1/audit-events?limit=3${cursor && `&cursor=${cursor}`}`;
			const { body } = await daemon.call("GET", path);
			sequences.push(...body.events.map((event: AuditEvent) => event.sequence));
			cursor = body.nextCursor;
		}
		assert.deepEqual(sequences, [7, 6, 5, 4, 3, 2, 1]);
		assert.equal((await audit("since=2026-03-12T00:00:00Z&until=2026-03-13T00:00:00Z")).length, 2);
		assert.equal((await audit("action=revoke")).length, 0);
		const { body } = await daemon.call("GET", "/v1/audit-events?limit=1");
		const other = await daemon.call(
			"GET",
			`/v1/audit-events?limit=1&action=create&cursor=${body.nextCursor}`,
		);
		assert.deepEqual([other.status, other.body.errors[0].pointer], [400, "?cursor"]);
	});

	it("exports all of it as JSON lines", async () => {
		for (let count = 0; count < 5; count++) await daemon.create();
		const answer = await daemon.call("GET", "/v1/audit-events?format=jsonl&limit=2");
		assert.match(answer.headers.get("content-type") ?? "", /^application\/jsonl/);
		const events = String(answer.body)
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		assert.deepEqual(
			events.map((event) => event.sequence),
			[5, 4, 3, 2, 1],
		);
	});

	it("says what is wrong with an export's query rather than breaking off", async () => {
		const answer = await daemon.call("GET", "/v1/audit-events?format=jsonl&cursor=bnVsbA");
		assert.deepEqual([answer.status, answer.body.errors[0].pointer], [400, "?cursor"]);
	});

	const tampering: [what: string, change: (lines: string[]) => string[], brokenAt: number][] = [
		[
			"a row is changed",
			(lines) => lines.map((line, at) => (at === 1 ? line.replace('"ada"', '"eve"') : line)),
			2,
		],
		["a row is removed", (lines) => lines.toSpliced(2, 1), 3],
		["the first row is removed", (lines) => lines.slice(1), 1],
		["the last row is removed", (lines) => lines.slice(0, -1), 5],
		["two rows change places", ([one = "", two = "", ...rest]) => [two, one, ...rest], 1],
		["a row is unreadable", (lines) => lines.with(3, "{"), 4],
		["everything is removed", () => [], 1],
	];
	for (const [what, change, brokenAt] of tampering) {
		it(`detects that ${what}`, async () => {
			for (let count = 0; count < 5; count++) await daemon.create();
			assert.deepEqual(await chain(), { intact: true, checked: 5, brokenAt: null });
			await daemon.close();
			await daemon.open({ compactAtCloseBytes: 0 });
			assert.deepEqual(await chain(), { intact: true, checked: 5, brokenAt: null });
			await daemon.close();
			const [file = ""] = listAuditFiles(daemon.directory).map(({ name }) => join(daemon.directory, name));
			const lines = readFileSync(file, "utf8").trimEnd().split("\n");
			assert.equal(lines.length, 5);
			writeFileSync(
				file,
				change(lines)
					.map((line) => `${line}\n`)
					.join(""),
			);
			await daemon.open();
			const { intact, brokenAt: found } = await chain();
			assert.deepEqual([intact, found], [false, brokenAt]);
			await until(() =>
				daemon.store.notices.some(({ detail }) => detail.includes("audit events was damaged")),
			);
		});
	}

	it("reports that a file of it is gone", async () => {
		await daemon.create();
		await daemon.close();
		await daemon.open({ compactAtCloseBytes: 0 });
		await chain();
		await daemon.close();
		for (const { name } of listAuditFiles(daemon.directory)) rmSync(join(daemon.directory, name));
		await daemon.open();
		assert.equal((await chain()).intact, false);
		assert.match(daemon.store.notices[0]?.detail ?? "", /part of the audit is missing/);
	});

	it("is the same list from files and from memory, by token, actor, date and page", async () => {
		const tokens = [];
		for (let round = 0; round < 3; round++) {
			for (let count = 0; count < 4; count++) tokens.push(await daemon.create({ name: `${round}.${count}` }));
			if (round === 2) break;
			await daemon.close();
			await daemon.open({ compactAtCloseBytes: 0 });
		}
		assert.equal(listAuditFiles(daemon.directory).length, 1);
		const first = tokens[0] ?? assert.fail();
		await daemon.call("DELETE", `/v1/api-tokens/${first.id}`);
		assert.deepEqual(
			(await audit(`tokenId=${first.id}`)).map(({ sequence }) => sequence),
			[13, 1],
		);
		const all = (await audit("actor=ada")).map(({ sequence }) => sequence);
		assert.deepEqual(
			all,
			Array.from({ length: 13 }, (_, index) => 13 - index),
		);
		const paged: number[] = [];
		for (let cursor: string | null = ""; cursor !== null; ) {
			const query = cursor === "" ? "limit=3" : `limit=3&cursor=${cursor}`;
			const { body } = await daemon.call("GET", `/v1/audit-events?${query}`);
			paged.push(...body.events.map((event: AuditEvent) => event.sequence));
			cursor = body.nextCursor;
		}
		assert.deepEqual(paged, all);
	});

	it("holds after a restart", async () => {
		await daemon.create();
		await daemon.close();
		await daemon.open();
		await daemon.create();
		assert.deepEqual(await chain(), { intact: true, checked: 2, brokenAt: null });
	});

	it("stays whole when many change at once", async () => {
		await Promise.all(Array.from({ length: 40 }, () => daemon.create()));
		assert.deepEqual(await chain(), { intact: true, checked: 40, brokenAt: null });
	});

	it("lets go of what is older than the set number of days, says so, and stays whole", async () => {
		await daemon.create();
		await daemon.create();
		daemon.now = new Date("2026-05-10T12:00:00.000Z");
		await daemon.create();
		const owner = { userId: "owner", userName: "ada" };
		await daemon.records.purge(30, daemon.now, owner);
		await daemon.records.purge(30, daemon.now, owner);
		const events = await audit();
		assert.deepEqual(
			events.map((event) => [event.sequence, event.action]),
			[
				[4, "purge"],
				[3, "create"],
			],
		);
		assert.equal(events[0]?.after.purged, 2);
		assert.deepEqual(await chain(), { intact: true, checked: 2, brokenAt: null });
	});

	describe("of dead tokens", () => {
		it("tells of each use of one, once an hour and address, and never of live or unknown ones", async () => {
			const live = await daemon.create({ name: "live" });
			const revoked = await daemon.create({ name: "revoked" });
			await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
			const rotated = await daemon.create({ name: "rotated" });
			await daemon.call("POST", `/v1/api-tokens/${rotated.id}/rotate`, { body: { overlapSeconds: 0 } });
			for (let count = 0; count < 3; count++) {
				await daemon.verify(live.token);
				await daemon.verify(revoked.token);
				await daemon.verify("tks_nonsense");
				await daemon.call("GET", "/v1/api-tokens", { secret: rotated.token });
			}
			const events = await audit("action=dead-token-used");
			const told = events.map((event) => [event.actor.userName, event.after.reason, event.after.address]);
			assert.deepEqual(told.sort(), [
				["revoked", "revoked", "127.0.0.1"],
				["rotated", "expired", "127.0.0.1"],
			]);
			daemon.now = new Date(daemon.now.getTime() + 3_600_000);
			await daemon.verify(revoked.token);
			assert.equal((await audit("action=dead-token-used")).length, 3);
		});
	});

	it("is not filled by a thief who comes from ever new addresses", async () => {
		const many = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
		const { token, id } = await many.create();
		await many.call("DELETE", `/v1/api-tokens/${id}`);
		for (let count = 0; count < 60; count++) {
			const headers = { "x-forwarded-for": `10.0.0.${count}` };
			await many.call("GET", "/v1/verify", { secret: token, headers });
		}
		const { body } = await many.call("GET", "/v1/audit-events?action=dead-token-used&limit=1000");
		assert.equal(body.events.length, 20);
		await many.remove();
	});

	async function audit(query = ""): Promise<AuditEvent[]> {
		return (await daemon.call("GET", `/v1/audit-events?${query}`)).body.events;
	}

	async function chain() {
		return (await daemon.call("GET", "/v1/audit-events?verify=true&limit=1")).body.chain;
	}
});

describe("the usage", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("counts per token and day: verifications, refusals by reason, permissions that were asked for", async () => {
		const { token, id } = await daemon.create({ permissions: ["orders.*"] });
		await daemon.verify(token, "?permission=orders.read");
		await daemon.verify(token, "?permission=orders.read&permission=orders.write");
		await daemon.verify(token, "?permission=invoices.read");
		daemon.now = new Date("2026-03-11T00:00:00.000Z");
		await daemon.verify(token);
		assert.deepEqual(await usage(`tokenId=${id}`), [
			day(id, "2026-03-10", {
				verifications: 2,
				refusals: { permission: 1 },
				permissions: { "orders.read": 2, "orders.write": 1 },
			}),
			day(id, "2026-03-11", { verifications: 1 }),
		]);
		assert.equal((await usage("from=2026-03-11")).length, 1);
		assert.equal((await usage("to=2026-03-09")).length, 0);
	});

	it("adds up what comes in at several times, and has it after a restart", async () => {
		const { token, id } = await daemon.create();
		for (let count = 0; count < 3; count++) {
			await daemon.verify(token, "?permission=orders.read");
			await daemon.authority.saveUsage();
		}
		await daemon.close();
		await daemon.open();
		await daemon.verify(token, "?permission=orders.read");
		assert.deepEqual(await usage(), [
			day(id, "2026-03-10", { verifications: 4, permissions: { "orders.read": 4 } }),
		]);
	});

	it("is not filled up over time by a caller that asks for ever new permissions", async () => {
		const { token } = await daemon.create();
		for (let flush = 0; flush < 4; flush++) {
			for (let count = 0; count < 80; count++) {
				await daemon.verify(
					token,
					`?permission=orders.read&anyPermission=orders.read&anyPermission=p${flush}.${count}`,
				);
			}
			await daemon.verify(token, `?anyPermission=orders.read&anyPermission=${"x".repeat(5000)}`);
			await daemon.authority.saveUsage();
		}
		const names = Object.keys((await usage())[0]?.permissions ?? {});
		assert.equal(names.length, 200);
		assert.ok(names.every((name) => name.length <= 200));
	});

	it("counts the refusals of a dead token too", async () => {
		const { token, id } = await daemon.create();
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		await daemon.verify(token);
		assert.deepEqual(await usage(), [day(id, "2026-03-10", { refusals: { revoked: 1 }, addresses: [] })]);
	});

	for (const query of ["from=2026-13-01", "from=yesterday", "unknown=1"]) {
		it(`says what is wrong with ?${query}`, async () => {
			assert.equal((await daemon.call("GET", `/v1/usage?${query}`)).body.code, "invalid-request");
		});
	}

	async function usage(query = ""): Promise<UsageDay[]> {
		return (await daemon.call("GET", `/v1/usage?${query}`)).body.usage;
	}
});

describe("the usage of one token", () => {
	const noon = Date.UTC(2026, 2, 10, 12);

	it("keeps the last five addresses, newest first", () => {
		const one = new TokenUsage("t");
		for (const address of ["a", "b", "c", "d", "e", "f", "b", "b"])
			one.countVerification(nothingAsked, address, noon);
		assert.deepEqual(one.increment().days[0]?.addresses, ["b", "f", "e", "d", "c"]);
		assert.deepEqual(one.uses, { useCount: 8, lastUsed: noon, lastUsedAddress: "b" });
	});

	it("loses nothing that could not be written", async () => {
		const counts = new UsageCounts();
		const stored = { useCount: 5, lastUsed: 1, lastUsedAddress: null };
		counts.of("t").countVerification({ ...nothingAsked, permissions: ["p"] }, "a", noon);
		const { promise, reject } = Promise.withResolvers<void>();
		const failing = counts.save(() => promise);
		await new Promise(setImmediate);
		counts.of("t").countVerification({ ...nothingAsked, permissions: ["p"] }, "b", noon);
		assert.deepEqual(counts.totalOf("t", stored), { useCount: 7, lastUsed: noon, lastUsedAddress: "b" });
		// Requested while the first is being written; it has to wait for what that gives back.
		const failingToo = counts.save(async ([one]) => {
			assert.equal(one?.uses.useCount, 2);
			throw new Error("full");
		});
		reject(new Error("full"));
		await assert.rejects(failing, /full/);
		await assert.rejects(failingToo, /full/);
		counts.of("t").countVerification(nothingAsked, "b", noon + 86_400_000);
		assert.equal(counts.totalOf("t", stored).useCount, 8);
		const [{ days, uses } = assert.fail()] = await counts.save(async () => {});
		const kept = { overlapSuccessorId: null };
		assert.deepEqual(days, [
			{
				...day("t", "2026-03-10", { verifications: 2, permissions: { p: 2 }, addresses: ["b", "a"] }),
				...kept,
			},
			{ ...day("t", "2026-03-11", { verifications: 1, addresses: ["b"] }), ...kept },
		]);
		assert.equal(uses.useCount, 3);
	});

	it("is not filled up by ever new permissions, whatever they are called", () => {
		const one = new TokenUsage("t");
		for (let count = 0; count < 1000; count++)
			one.countVerification({ ...nothingAsked, permissions: [`p${count}`] }, "a", noon);
		one.countVerification({ ...nothingAsked, permissions: ["__proto__", "constructor"] }, "a", noon);
		assert.equal(Object.keys(one.increment().days[0]?.permissions ?? {}).length, 200);
	});
});

function day(tokenId: string, name: string, change: Partial<UsageDay>): UsageDay {
	return {
		tokenId,
		day: name,
		verifications: 0,
		refusals: {},
		permissions: {},
		addresses: ["127.0.0.1"],
		overlapAddresses: {},
		...change,
	};
}
