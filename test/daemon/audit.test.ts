/** The audit: what it records, how it is read, and that tampering is detected. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent } from "../../daemon/contract.ts";
import { record } from "../../daemon/rules/audit.ts";
import { listAuditFiles } from "../../daemon/store/sqlite/audit-files.ts";
import { daemonOfEach, onFiles, TestDaemon, until } from "./harness.ts";

describe("the audit", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("records every change with who, when, before and after, and never a secret or its hash", async () => {
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
		const text = JSON.stringify(events);
		for (const secret of [created.token, rotated.body.token]) assert.ok(!text.includes(secret));
		assert.doesNotMatch(text, /sha256:/);
	});

	it("records of a list only that it has changed", async () => {
		const { id, permissions } = await daemon.create({ permissions: ["orders.read", "orders.write"] });
		const headers = { "if-match": "*" };
		const change = (body: object) => daemon.call("PATCH", `/v1/api-tokens/${id}`, { body, headers });
		await change({ description: "new", permissions });
		await change({ permissions: ["orders.read"] });
		const [second, first] = await audit("action=update");
		assert.deepEqual([first?.before, first?.after], [{ description: "" }, { description: "new" }]);
		assert.deepEqual([second?.before, second?.after], [{ permissions }, { permissions: ["orders.read"] }]);
	});

	it("records no event for a refused request", async () => {
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

	it("records changes of the policy", async () => {
		const policy = {
			secretPrefix: "acme",
			defaultExpiryDays: 7,
			maximumExpiryDays: 14,
			allowNever: false,
		};
		await daemon.call("PUT", "/v1/policy", { body: policy });
		await daemon.call("PUT", "/v1/policy", { body: policy });
		const [event, ...more] = await audit("action=policy");
		assert.deepEqual(
			[event?.before.secretPrefix, event?.after.secretPrefix, more.length],
			["tks", "acme", 0],
		);
	});

	it("filters, and pages without losing or repeating an event", async () => {
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

	it("exports all events as JSON lines", async () => {
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

	it("reports an error in an export's query before it answers any line", async () => {
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
		["two rows are swapped", ([one = "", two = "", ...rest]) => [two, one, ...rest], 1],
		["a row is unreadable", (lines) => lines.with(3, "{"), 4],
		["everything is removed", () => [], 1],
	];
	for (const [what, change, brokenAt] of tampering) {
		onFiles.it(`detects that ${what}`, async () => {
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

	onFiles.it("reports that one of its files is missing", async () => {
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

	onFiles.it("is the same list from files and from memory, by token, actor, date and page", async () => {
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

	for (const [what, query] of [
		["checks", "limit=1&verify=true"],
		["exports", "format=jsonl"],
		["searches that find nothing", "actor=none"],
	] as const) {
		onFiles.it(`leaves turns to verifications between the slices of sixteen ${what}`, async function () {
			this.timeout(60_000);
			const { token } = await daemon.create();
			await recordMany(5000);
			let reading = true;
			const reads = Promise.all(
				Array.from({ length: 16 }, () => daemon.call("GET", `/v1/audit-events?${query}`)),
			).finally(() => {
				reading = false;
			});
			let answered = 0;
			for (; reading; answered++) assert.equal((await daemon.verify(token)).status, 200);
			for (const { status, body } of await reads) {
				assert.equal(status, 200);
				if (what === "checks") assert.deepEqual(body.chain, { intact: true, checked: 5001, brokenAt: null });
			}
			assert.ok(answered > 50, `${answered} verifications were answered meanwhile`);
		});
	}

	it("is intact after a restart", async () => {
		await daemon.create();
		await daemon.close();
		await daemon.open();
		await daemon.create();
		assert.deepEqual(await chain(), { intact: true, checked: 2, brokenAt: null });
	});

	it("stays intact when many changes arrive at once", async () => {
		await Promise.all(Array.from({ length: 40 }, () => daemon.create()));
		assert.deepEqual(await chain(), { intact: true, checked: 40, brokenAt: null });
	});

	it("purges what is older than the set number of days, records that, and stays intact", async () => {
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

	/** In one transaction, as an incident's. */
	async function recordMany(count: number): Promise<void> {
		const actor = { userId: "owner", userName: "ada" };
		const event = {
			action: "policy",
			actor,
			tokenId: null,
			before: {},
			after: { note: "x".repeat(300) },
		} as const;
		const events = Array.from({ length: count }, () => event);
		await daemon.store.write((transaction) => record(transaction, daemon.now.toISOString(), events));
	}

	describe("of dead tokens", () => {
		it("records each use of one, once an hour and address, and never of live or unknown ones", async () => {
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

	it("is not filled by a dead token that is used from ever new addresses", async () => {
		const many = await TestDaemon.start({ trustedProxies: ["127.0.0.1"] });
		const { token, id } = await many.create();
		await many.call("DELETE", `/v1/api-tokens/${id}`);
		for (let count = 0; count < 60; count++) {
			const headers = { "x-forwarded-for": `10.0.0.${count}` };
			await many.call("GET", "/v1/verify", { secret: token, headers });
		}
		await many.authority.access.settled();
		const { body } = await many.call("GET", "/v1/audit-events?action=dead-token-used&limit=1000");
		assert.equal(body.events.length, 20);
		await many.remove();
	});

	async function audit(query = ""): Promise<AuditEvent[]> {
		await daemon.authority.access.settled();
		return (await daemon.call("GET", `/v1/audit-events?${query}`)).body.events;
	}

	async function chain() {
		return (await daemon.call("GET", "/v1/audit-events?verify=true&limit=1")).body.chain;
	}
});
