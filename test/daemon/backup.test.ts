/** A backup holds all but secrets; a restore takes it whole or not at all, and brings no dead token back to life. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import type { RestoreReport } from "../../daemon/contract.ts";
import { apiPermissions } from "../../daemon/contract.ts";
import { type Answer, assertProblem, daemonOfEach, ownerKey, type TestDaemon } from "./harness.ts";
import { acmeProfile } from "./systems/acme.ts";

type Line = { kind: string } & Record<string, unknown>;

describe("a backup", () => {
	let here: TestDaemon;
	let there: TestDaemon;
	daemonOfEach((daemon) => {
		here = daemon;
	});
	daemonOfEach((daemon) => {
		there = daemon;
	});

	it("is restored into an empty place with the same list, verdicts, settings, usage and audit", async () => {
		const kept = await here.create({ name: "kept", resources: ["channel/soc"], tags: ["ci"] });
		const limited = await here.create({ name: "limited", allowedAddresses: ["10.0.0.0/8"] });
		const revoked = await here.create({ name: "revoked" });
		const disabled = await here.create({ name: "disabled" });
		await here.verify(kept.token, "?permission=orders.read");
		await here.call("DELETE", `/v1/api-tokens/${revoked.id}`);
		await here.call("POST", `/v1/api-tokens/${disabled.id}/disable`);
		const rotated = await here.rotate((await here.create({ name: "rotated" })).id, { overlapSeconds: 600 });
		await here.call("PUT", "/v1/policy", { body: await policyWith({ maximumExpiryDays: 77 }) });
		const { id: profile } = acmeProfile;
		assert.equal((await here.call("PUT", `/v1/profiles/${profile}`, { body: acmeProfile })).status, 200);

		const report = await restored(there, await backup(here));

		assert.deepEqual([report.into, report.audit, report.conflicts], ["empty", "restored", []]);
		assert.equal(report.tokens.added, 6);
		assert.deepEqual(await list(there), await list(here));
		for (const path of ["/v1/policy", "/v1/permissions", "/v1/profiles", "/v1/usage"])
			assert.deepEqual((await there.call("GET", path)).body, (await here.call("GET", path)).body, path);
		const [events, earlier] = [await audit(there), await audit(here)];
		assert.ok(events.chain.intact);
		assert.deepEqual(events.events.slice(1), earlier.events);
		assert.equal(events.events[0].action, "restore");
		for (const { token } of [kept, limited, revoked, disabled, rotated])
			assert.deepEqual(await verdict(there, token), await verdict(here, token));
	});

	it("stays as it was restored after a restart, and its audit goes on", async () => {
		const { token } = await here.create();
		await restored(there, await backup(here));
		await there.close();
		await there.open();
		assert.equal((await there.verify(token)).status, 200);
		await there.create({ name: "later" });
		const { chain, events } = await audit(there);
		assert.deepEqual([chain.intact, events[0].action, events[1].action], [true, "create", "restore"]);
	});

	it("restores an audit whose older events were purged", async () => {
		await here.create();
		here.now = new Date(here.now.getTime() + 2 * 86_400_000);
		const late = await here.create({ name: "late" });
		await here.records.purge(1, here.now, { userId: "owner", userName: "ada" });
		await restored(there, await backup(here));
		await there.close();
		await there.open();
		assert.ok((await audit(there)).chain.intact);
		assert.equal((await there.verify(late.token)).status, 200);
	});

	it("holds no secret", async () => {
		const { token } = await here.create();
		const text = await backup(here);
		assert.ok(!text.includes(token) && !/tks_[0-9A-Za-z]{38}|tko_/.test(text));
	});

	it("is only for the owner, and so is a restore", async () => {
		const { token } = await here.create({ permissions: [...Object.values(apiPermissions), "*"] });
		assertProblem(await here.call("GET", "/v1/backup", { secret: token }), "owner-only");
		assertProblem(await here.call("POST", "/v1/restore", { secret: token, body: "" }), "owner-only");
	});

	it("holds 20,000 tokens, each as it was last, whatever changes while it is written", async function () {
		this.timeout(120_000);
		const { id, token } = await here.create();
		await addTokens(here, 20_000, id);
		const reader = (await open(here)).getReader();
		const pieces = [await reader.read()];
		await here.call("DELETE", `/v1/api-tokens/${id}`);
		while (!pieces.at(-1)?.done) pieces.push(await reader.read());
		const text = Buffer.concat(pieces.flatMap(({ value }) => value ?? [])).toString();
		assert.equal(linesOf(text).filter((line) => (line.token as Line | undefined)?.id === id).length, 2);
		assert.equal((await restored(there, text)).tokens.added, 20_001);
		assertProblem(await there.verify(token), "token-revoked");
		assert.ok((await audit(there)).chain.intact);
		assert.equal(
			await there.store.countByStatus(there.now.toISOString()).then((counts) => counts.get("active")),
			20_000,
		);
	});

	const damages: [what: string, damage: (text: string) => string, words: RegExp][] = [
		["empty", () => "", /empty/],
		["cut in half", (text) => text.slice(0, text.length / 2), /cut off/],
		["cut by its last line", (text) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`, /cut off/],
		["cut by its last character", (text) => text.slice(0, -1), /cut off/],
		["changed in one character", (text) => text.replace("orders-api", "orders-apj"), /checksum/],
		["without one of its lines", (text) => text.replace(/^.*"kind":"token".*\n/m, ""), /checksum/],
		["followed by more", (text) => `${text}${text}`, /after its end/],
		["other JSON", () => '{"tokens":[]}', /no backup/],
		["other JSON lines", () => '{"tokens":[]}\n{"tokens":[]}\n', /no backup/],
		["no text", () => "\u0000\u0001\uFFFD".repeat(1000), /no backup/],
		["endless", () => "x".repeat(5 << 20), /no backup/],
		["of a newer version", (text) => signed(changeHeader(text, { version: 2 })), /newer version/],
		["of no version", (text) => signed(changeHeader(text, { version: "1" })), /no version/],
		[
			"with an unknown line",
			(text) => signed([{ kind: "lease" }, ...linesOf(text)].reverse()),
			/no backup|Line/,
		],
		[
			"with an unknown field",
			(text) => signed(changeTokens(text, { lease: 1 })),
			/Line \d+ \(token.*update Tokensmith/,
		],
		[
			"with a token without a hash",
			(text) => signed(changeTokens(text, { hash: "x" })),
			/Line \d+ \(token\/hash\)/,
		],
	];
	for (const [what, damage, words] of damages) {
		it(`is refused when it is ${what}, and nothing is touched`, async () => {
			await here.create();
			const mine = await there.create({ name: "mine" });
			const before = await everything(there);
			for (const query of ["", "?preview=true"]) {
				const answer = await restore(there, damage(await backup(here)), query);
				assertProblem(answer, "backup-refused");
				assert.match(answer.body.detail, words);
				assert.match(answer.body.detail, /Nothing was changed/);
			}
			assert.deepEqual(await everything(there), before);
			assert.equal((await there.verify(mine.token)).status, 200);
			assert.deepEqual(
				readdirSync(there.directory).filter((name) => name.startsWith("upload-")),
				[],
			);
		});
	}

	it("tells in a preview what a restore then does, and changes nothing", async () => {
		const one = await here.create({ name: "one" });
		const text = await backup(here);
		const before = await everything(there);
		const preview = (await restore(there, text, "?preview=true")).body;
		assert.deepEqual(await everything(there), before);
		assertProblem(await there.verify(one.token), "token-unknown");
		assert.deepEqual(await restored(there, text), { ...preview, preview: false });
	});

	describe("that is merged", () => {
		it("adds what is missing, leaves what is here, and keeps the audit sound", async () => {
			const mine = await there.create({ name: "mine" });
			const theirs = await here.create({ name: "theirs" });
			const report = await restored(there, await backup(here));
			assert.deepEqual([report.into, report.audit, report.tokens.added], ["merged", "left", 1]);
			for (const { token } of [mine, theirs]) assert.equal((await there.verify(token)).status, 200);
			const { chain, events } = await audit(there);
			assert.ok(chain.intact);
			assert.deepEqual(
				events.map(({ action, tokenId }: Line) => [action, tokenId]),
				[
					["restore", null],
					["restore", theirs.id],
					["create", mine.id],
				],
			);
		});

		it("changes nothing the second time", async () => {
			await here.create();
			const text = await backup(here);
			await restored(there, text);
			const before = await list(there);
			const report = await restored(there, text);
			assert.deepEqual(report.tokens, { added: 0, replaced: 0, revoked: 0, kept: 1, inDoubt: 0 });
			assert.deepEqual(await list(there), before);
		});

		const ends: [state: string, end: (daemon: TestDaemon, id: string) => Promise<unknown>, code: string][] = [
			["revoked", (daemon, id) => daemon.call("DELETE", `/v1/api-tokens/${id}`), "token-revoked"],
			["disabled", (daemon, id) => daemon.call("POST", `/v1/api-tokens/${id}/disable`), "token-disabled"],
			["rotated out", (daemon, id) => daemon.rotate(id, { overlapSeconds: 0 }), "token-expired"],
		];
		for (const [state, end, code] of ends) {
			it(`leaves a token refused that is ${state} here and has a newer, working version in the backup`, async () => {
				const { id, token } = await here.create();
				await restored(there, await backup(here));
				await end(there, id);
				for (const tags of [["a"], ["b"], ["c"], ["d"]]) await here.patch(id, { tags });
				await restored(there, await backup(here));
				assert.equal((await there.verify(token)).body.code, code);
			});

			it(`leaves a token refused that was ${state} here after the backup`, async () => {
				const { id, token } = await here.create();
				const text = await backup(here);
				await end(here, id);
				await restored(here, text);
				assert.equal((await here.verify(token)).body.code, code);
			});
		}

		it("revokes a token that is revoked in the backup, also one that has a newer version here", async () => {
			const { id, token } = await here.create();
			await restored(there, await backup(here));
			for (const tags of [["a"], ["b"], ["c"]]) await there.patch(id, { tags });
			await here.call("DELETE", `/v1/api-tokens/${id}`);
			const report = await restored(there, await backup(here));
			assert.equal(report.tokens.revoked, 1);
			assertProblem(await there.verify(token), "token-revoked");
			assert.deepEqual((await there.record(id)).tags, ["c"]);
		});

		it("takes a newer version", async () => {
			const { id } = await here.create();
			await restored(there, await backup(here));
			await here.patch(id, { tags: ["newer"] });
			await here.patch(id, { tags: ["newest"] });
			assert.equal((await restored(there, await backup(here))).tokens.replaced, 1);
			assert.deepEqual((await there.record(id)).tags, ["newest"]);
		});

		it("does not bring a token back that a clean-up has deleted here", async () => {
			const { id, token } = await here.create();
			const text = await backup(here);
			await here.call("DELETE", `/v1/api-tokens/${id}`);
			here.now = new Date(here.now.getTime() + 400 * 86_400_000);
			await here.store.write((transaction) =>
				transaction.setSetting("seenTime", { date: here.now.toISOString() }),
			);
			const cleaned = await here.call("POST", "/v1/api-tokens/clean-up", { body: {} });
			assert.equal(cleaned.body.tokens.length, 1);
			const report = await restored(here, text);
			assert.deepEqual(
				report.conflicts.map(({ reason }) => reason),
				["deleted"],
			);
			assertProblem(await here.verify(token), "token-unknown");
		});

		it("puts tokens in doubt whose end may have been purged from the audit here", async () => {
			const { id, token } = await here.create();
			const text = await backup(here);
			await there.create({ name: "old" });
			there.now = new Date(there.now.getTime() + 2 * 86_400_000);
			await there.create({ name: "new" });
			await there.records.purge(1, there.now, { userId: "owner", userName: "ada" });
			const report = await restored(there, text);
			assert.equal(report.tokens.inDoubt, 1);
			assertProblem(await there.verify(token), "token-in-doubt");
			await there.call("POST", `/v1/api-tokens/${id}/enable`);
			assert.equal((await there.verify(token)).status, 200);
		});

		it("reports tokens whose secret or name another one has here, and restores the others", async () => {
			await there.create({
				name: "erp",
				profile: "mindbridge",
				permissions: ["api.tasks.read"],
				expiry: later(there),
			});
			const clash = await here.create({
				name: "erp",
				profile: "mindbridge",
				permissions: ["api.tasks.read"],
				expiry: later(here),
			});
			const same = await here.create({ name: "same" });
			const free = await here.create({ name: "free" });
			await restored(there, signed(changeTokens(await backup(here), { id: "other" }, same.id)));
			const report = await restored(there, await backup(here));
			assert.deepEqual(
				report.conflicts.map(({ id, reason }) => [id, reason]).sort(),
				[
					[clash.id, "name-taken"],
					[same.id, "hash-known"],
				].sort(),
			);
			assert.equal((await there.verify(free.token)).status, 200);
		});

		it("leaves a token whose secret is another one in the backup", async () => {
			const { id, token } = await here.create();
			const hash = `sha256:${"0".repeat(64)}`;
			const report = await restored(here, signed(changeTokens(await backup(here), { hash, version: 9 }, id)));
			assert.equal(report.conflicts[0]?.reason, "other-secret");
			assert.equal((await here.verify(token)).status, 200);
		});

		it("leaves the policy and the profiles that are here", async () => {
			await here.call("PUT", "/v1/policy", { body: await policyWith({ maximumExpiryDays: 77 }) });
			await there.call("PUT", "/v1/policy", { body: await policyWith({ maximumExpiryDays: 88 }) });
			const report = await restored(there, await backup(here));
			assert.equal(report.settings.policy, false);
			assert.equal((await there.call("GET", "/v1/policy")).body.policy.maximumExpiryDays, 88);
		});
	});

	it("of a broken audit restores the tokens, and leaves the events in the file", async () => {
		const { token } = await here.create();
		const lines = linesOf(await backup(here));
		const event = lines.find(({ kind }) => kind === "event")?.event as Line;
		event.date = "2020-01-01T00:00:00.000Z";
		const report = await restored(there, signed(lines));
		assert.equal(report.audit, "broken");
		assert.equal((await there.verify(token)).status, 200);
		assert.ok((await audit(there)).chain.intact);
	});

	async function policyWith(change: object): Promise<object> {
		return { ...(await here.call("GET", "/v1/policy")).body.policy, ...change };
	}
});

async function open(daemon: TestDaemon): Promise<ReadableStream<Uint8Array>> {
	const { body } = await fetch(`${daemon.url}/v1/backup`, {
		headers: { authorization: `Bearer ${ownerKey}` },
	});
	assert.ok(body);
	return body;
}

async function backup(daemon: TestDaemon): Promise<string> {
	const { status, body } = await daemon.call("GET", "/v1/backup");
	assert.equal(status, 200);
	return body;
}

function restore(daemon: TestDaemon, text: string, query = ""): Promise<Answer> {
	const headers = { "content-type": "application/jsonl" };
	return daemon.call("POST", `/v1/restore${query}`, { body: text, headers });
}

async function restored(daemon: TestDaemon, text: string): Promise<RestoreReport> {
	const { status, body } = await restore(daemon, text);
	assert.equal(status, 200, JSON.stringify(body));
	return body;
}

async function list(daemon: TestDaemon): Promise<Line[]> {
	return (await daemon.call("GET", "/v1/api-tokens?limit=1000&sort=name")).body.tokens;
}

async function verdict(daemon: TestDaemon, secret: string): Promise<unknown> {
	const { status, body } = await daemon.verify(secret);
	return [status, body.code, body.token];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer
async function audit(daemon: TestDaemon): Promise<any> {
	return (await daemon.call("GET", "/v1/audit-events?verify=true&limit=1000")).body;
}

async function everything(daemon: TestDaemon): Promise<unknown> {
	const paths = ["/v1/policy", "/v1/permissions", "/v1/profiles", "/v1/connections"];
	const settings = await Promise.all(paths.map(async (path) => (await daemon.call("GET", path)).body));
	return [await list(daemon), await audit(daemon), settings];
}

function linesOf(text: string): Line[] {
	return text
		.trimEnd()
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));
}

/** A whole backup of the lines, as a newer version or an attacker would write it. */
function signed(lines: readonly Line[]): string {
	const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
	const sha256 = createHash("sha256").update(text).digest("hex");
	return `${text}${JSON.stringify({ kind: "end", lines: lines.length, sha256 })}\n`;
}

function changeHeader(text: string, change: object): Line[] {
	const [header, ...rest] = linesOf(text);
	return [{ ...header, ...change } as Line, ...rest];
}

function changeTokens(text: string, change: object, id?: string): Line[] {
	return linesOf(text).map((line) => {
		const token = line.token as Line | undefined;
		if (token === undefined || (id !== undefined && token.id !== id)) return line;
		return { ...line, token: { ...token, ...change } };
	});
}

/** Copies of the token with the id. Each is long, so that a reader of the backup is behind. */
async function addTokens(daemon: TestDaemon, count: number, id: string): Promise<void> {
	const stored = await daemon.store.token(id);
	assert.ok(stored);
	await daemon.store.write(async (transaction) => {
		for (let number = 0; number < count; number++) {
			const hash = `sha256:${createHash("sha256").update(`${number}`).digest("hex")}`;
			const copy = { ...stored.token, id: `t${number}`, hash, description: "x".repeat(900) };
			await transaction.insertToken(copy);
		}
	});
}

function later(daemon: TestDaemon): string {
	return new Date(daemon.now.getTime() + 86_400_000).toISOString();
}
