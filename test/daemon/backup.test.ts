/** A backup holds all but secrets, and a restore takes it whole or not at all. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { apiPermissions } from "../../daemon/contract.ts";
import { record } from "../../daemon/rules/audit.ts";
import {
	audit,
	backup,
	changeTokens,
	everything,
	type Line,
	linesOf,
	list,
	policyWith,
	restore,
	restored,
	signed,
	twoDaemonsOfEach,
	verdict,
} from "./backups.ts";
import { assertProblem, ownerKey, policyEvent, type TestDaemon, until } from "./harness.ts";
import { acmeProfile } from "./systems/acme.ts";

describe("a backup", () => {
	let here: TestDaemon;
	let there: TestDaemon;
	twoDaemonsOfEach((one, other) => {
		[here, there] = [one, other];
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
		await here.call("PUT", "/v1/policy", { body: await policyWith(here, { maximumExpiryDays: 77 }) });
		const { id: profile } = acmeProfile;
		assert.equal((await here.call("PUT", `/v1/profiles/${profile}`, { body: acmeProfile })).status, 200);

		const report = await restored(there, await backup(here));

		assert.deepEqual([report.into, report.audit, report.conflicts], ["empty", "restored", []]);
		assert.deepEqual([report.tokens.added, report.settings.policy, report.settings.profiles], [6, true, 1]);
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

	it("holds each of more changes while it is written than are read at once", async () => {
		const { id, token } = await here.create();
		const { store } = here;
		const ends = store.chainEnds.bind(store);
		let asked = 0;
		store.chainEnds = async () => {
			if (++asked === 2) {
				await here.call("DELETE", `/v1/api-tokens/${id}`);
				const later = Array.from({ length: 450 }, () => policyEvent);
				await store.write((transaction) => record(transaction, here.now.toISOString(), later));
			}
			return ends();
		};
		assert.equal((await restored(there, await backup(here))).audit, "restored");
		assertProblem(await there.verify(token), "token-revoked");
	});

	it("ends where changes never pause", async () => {
		const { id, token } = await here.create();
		const { store } = here;
		const ends = store.chainEnds.bind(store);
		let changes = 0;
		store.chainEnds = async () => {
			await here.patch(id, { tags: [`${changes++}`] });
			return ends();
		};
		const text = await backup(here);
		assert.equal((await restored(there, text)).audit, "restored");
		assert.ok((await audit(there)).chain.intact);
		assert.equal((await there.verify(token)).status, 200);
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
		[
			"with a token whose id no request can name",
			(text) => signed(changeTokens(text, { id: "" })),
			/Line \d+ \(token\/id\)/,
		],
		[
			"with a token whose version can't increase",
			(text) => signed(changeTokens(text, { version: Number.MAX_SAFE_INTEGER })),
			/Line \d+ \(token\/version\)/,
		],
		[
			"with a token whose permission no header can hold",
			(text) => signed(changeTokens(text, { permissions: ["orders.read\n"] })),
			/Line \d+ \(token\/permissions\/0\)/,
		],
		[
			"with a token whose resource no header can hold",
			(text) => signed(changeTokens(text, { resources: ["channel/é"] })),
			/Line \d+ \(token\/resources\/0\)/,
		],
		[
			"with a token whose user no header can hold",
			(text) => signed(changeTokens(text, { userId: "a\nb" })),
			/Line \d+ \(token\/userId\)/,
		],
		[
			"with a token whose address is none",
			(text) => signed(changeTokens(text, { allowedAddresses: ["10.0.0.0/8", "x"] })),
			/Line \d+ \(token\/allowedAddresses\/1\)/,
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

	it("leaves nothing where its client goes away, and is then no failure of the daemon", async () => {
		const { host, port } = new URL(there.url);
		const socket = connect({ port: Number(port), host: "127.0.0.1" });
		const head = ["POST /v1/restore HTTP/1.1", `Host: ${host}`, `Authorization: Bearer ${ownerKey}`];
		socket.write(
			`${head.join("\r\n")}\r\nContent-Type: application/jsonl\r\nContent-Length: 1000\r\n\r\n{"kind`,
		);
		const uploads = () => readdirSync(there.directory).filter((name) => name.startsWith("upload-"));
		await until(() => uploads().length === 1);
		socket.destroy();
		await until(() => uploads().length === 0 && there.connections === 0);
		assert.deepEqual(there.failures, []);
	});

	it("tells in a preview what a restore then does, and changes nothing", async () => {
		const one = await here.create({ name: "one" });
		const text = await backup(here);
		const before = await everything(there);
		const preview = (await restore(there, text, "?preview=true")).body;
		assert.deepEqual(await everything(there), before);
		assertProblem(await there.verify(one.token), "token-unknown");
		assert.deepEqual(await restored(there, text), { ...preview, preview: false });
	});

	const breaks: [what: string, breakAudit: (lines: Line[]) => void][] = [
		[
			"with a changed event",
			(lines) => {
				const event = lines.find(({ kind }) => kind === "event")?.event as Line;
				event.date = "2020-01-01T00:00:00.000Z";
			},
		],
		[
			"that begins twice",
			(lines) => void lines.push({ kind: "chain", tail: { sequence: 1000, hash: "0".repeat(64) } }),
		],
	];
	for (const [what, breakAudit] of breaks) {
		it(`of an audit ${what} restores the tokens, and leaves the events in the file`, async () => {
			const { token } = await here.create();
			const lines = linesOf(await backup(here));
			breakAudit(lines);
			const report = await restored(there, signed(lines));
			assert.equal(report.audit, "broken");
			assert.equal((await there.verify(token)).status, 200);
			assert.ok((await audit(there)).chain.intact);
		});
	}
});

async function open(daemon: TestDaemon): Promise<ReadableStream<Uint8Array>> {
	const { body } = await fetch(`${daemon.url}/v1/backup`, {
		headers: { authorization: `Bearer ${ownerKey}` },
	});
	assert.ok(body);
	return body;
}

function changeHeader(text: string, change: object): Line[] {
	const [header, ...rest] = linesOf(text);
	return [{ ...header, ...change } as Line, ...rest];
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
