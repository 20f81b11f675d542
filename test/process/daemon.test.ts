/** The bundled daemon's life: start, race, death, recovery, end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";

describe("the bundled daemon", () => {
	const daemons = daemonsOfEach();

	it("says in one line where it is, never the key, and keeps its files to its owner", async () => {
		const daemon = await daemons.start();
		assert.deepEqual(daemon.first, {
			event: "ready",
			url: daemon.file.url,
			pid: daemon.child.pid,
			identity: daemon.file.identity,
		});
		assert.deepEqual(Object.keys(daemon.file).sort(), [
			"identity",
			"idleSeconds",
			"isService",
			"ownerKey",
			"pid",
			"protocol",
			"startedDate",
			"url",
			"version",
		]);
		await daemon.create("x");
		assert.equal(statSync(daemons.directory).mode & 0o777, 0o700);
		const files = readdirSync(daemons.directory, { withFileTypes: true }).filter((entry) => entry.isFile());
		for (const { name } of files)
			assert.equal(statSync(join(daemons.directory, name)).mode & 0o777, 0o600, name);
	});

	it("has the same identity at each start, also after a crash, so that services know it", async () => {
		const first = await daemons.start();
		const { address } = first;
		await first.kill("SIGKILL");
		const second = await daemons.start(["--port", new URL(address).port]);
		assert.equal(second.address, address);
		const { token } = await second.create("x");
		assert.ok((await createTokensmithClient({ url: address }).verify(token)).valid);
	});

	it("has another owner key at each start, so that an old one is worth nothing", async () => {
		const first = await daemons.start();
		const { ownerKey } = first.file;
		await first.kill();
		const second = await daemons.start();
		assert.notEqual(second.file.ownerKey, ownerKey);
		const headers = { authorization: `Bearer ${ownerKey}` };
		assert.equal((await second.fetch("/v1/api-tokens", { headers })).status, 401);
	});

	it("is one, however many start at once, and the others name it", async () => {
		const rivals = await Promise.all(Array.from({ length: 8 }, () => daemons.start()));
		const ready = rivals.filter((daemon) => daemon.first.event === "ready");
		assert.equal(ready.length, 1);
		const holder = ready[0]?.child.pid;
		for (const daemon of rivals) {
			if (daemon === ready[0]) continue;
			assert.deepEqual(daemon.first, { event: "held", pid: holder });
			assert.equal(await daemon.exited, 3);
			assert.match(daemon.errors, new RegExp(`${holder}`));
		}
		assert.equal(ready[0]?.file.pid, holder);
	});

	it("is one again when many start at once after it was killed", async () => {
		await (await daemons.start()).kill("SIGKILL");
		const rivals = await Promise.all(Array.from({ length: 8 }, () => daemons.start()));
		assert.equal(rivals.filter((daemon) => daemon.first.event === "ready").length, 1);
		assert.equal(rivals.filter((daemon) => daemon.first.event === "held").length, 7);
	});

	it("replaces an unreadable lock", async () => {
		mkdirSync(daemons.directory);
		writeFileSync(join(daemons.directory, "lock-7"), "");
		assert.equal((await daemons.start()).first.event, "ready");
	});

	it("leaves the directory to one that has no file left to answer with", async () => {
		const crowded = await daemons.start(["--port", "0"], "ulimit -n 40;");
		const { port } = new URL(crowded.file.url);
		const sockets = Array.from({ length: 60 }, () =>
			connect(Number(port), "127.0.0.1").on("error", () => {}),
		);
		await until(() => sockets.filter((socket) => !socket.connecting).length >= 40);
		const second = await daemons.start();
		assert.deepEqual(second.first, { event: "held", pid: crowded.child.pid });
		for (const socket of sockets) socket.destroy();
	});

	it("continues, and stops on request, when its log can't be written", async () => {
		mkdirSync(daemons.directory, { mode: 0o700 });
		symlinkSync("/dev/full", join(daemons.directory, "daemon.log"));
		const daemon = await daemons.start();
		for (let count = 0; count < 60; count++) await daemon.create("x");
		const { token } = await daemon.create("y");
		assert.equal(await daemon.verify(token), 200);
		assert.equal(await daemon.kill(), 0);
	});

	it("leaves the directory to one that hangs", async () => {
		const hanging = await daemons.start();
		hanging.child.kill("SIGSTOP");
		assert.deepEqual((await daemons.start()).first, { event: "held", pid: hanging.child.pid });
	});

	for (const creates of [5, 60, 900]) {
		it(`loses no answered create when it is killed after about ${creates}`, async () => {
			const daemon = await daemons.start();
			const answered: CreatedToken[] = [];
			let stopped = false;
			const client = async () => {
				while (!stopped) {
					const created = await daemon.create("kept").catch(() => undefined);
					if (created !== undefined) answered.push(created);
					if (answered.length >= creates) {
						stopped = true;
						daemon.child.kill("SIGKILL");
					}
				}
			};
			await Promise.all(Array.from({ length: 16 }, client));
			await daemon.exited;
			assert.ok(answered.length >= creates);
			const reborn = await daemons.start();
			for (const { token } of answered) assert.equal(await reborn.verify(token), 200);
			assert.deepEqual(await reborn.notices(), []);
		});
	}

	it("keeps what was undone, ended, left to go quiet and recorded when it is killed", async () => {
		const daemon = await daemons.start();
		const [undone, ended, quiet] = await Promise.all(
			["undone", "ended", "quiet"].map((name) => daemon.create(name)),
		);
		const post = async (path: string, body: object) => {
			const headers = { "content-type": "application/json" };
			const response = await daemon.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
			assert.ok(response.ok, await response.clone().text());
			return (await response.json()) as TokenRecord;
		};
		const rotation = { overlapSeconds: 3600, quietSeconds: 3600 };
		for (const one of [undone, ended, quiet]) await post(`/v1/api-tokens/${one?.id}/rotate`, rotation);
		await post(`/v1/api-tokens/${undone?.id}/undo-rotation`, {});
		await post(`/v1/api-tokens/${ended?.id}/end-overlap`, {});
		const foreign = {
			name: "foreign",
			issuer: "other",
			hash: hashOf("foreign-secret"),
			partialToken: "fore…cret",
		};
		await post("/v1/api-tokens/register", foreign);
		const before = await tokensOf(daemon);
		await daemon.kill("SIGKILL");
		const reborn = await daemons.start();
		assert.deepEqual(await tokensOf(reborn), before);
		assert.deepEqual(await reborn.notices(), []);
		const statuses = [undone, ended, quiet].map((one) => before.find(({ id }) => id === one?.id)?.status);
		assert.deepEqual(statuses, ["active", "expired", "retiring"]);
		for (const [one, status] of [
			[undone, 200],
			[ended, 401],
			[quiet, 200],
		] as const)
			assert.equal(await reborn.verify(one?.token ?? ""), status);
		assert.equal(await reborn.verify("foreign-secret"), 401);
	});

	it("ends a quiet overlap by itself, and notifies listeners", async () => {
		const daemon = await daemons.start();
		const { id, token } = await daemon.create("quiet");
		const abort = new AbortController();
		const events = await daemon.fetch("/v1/events", { signal: abort.signal });
		const headers = { "content-type": "application/json" };
		const body = JSON.stringify({ overlapSeconds: 3600, quietSeconds: 1 });
		await daemon.fetch(`/v1/api-tokens/${id}/rotate`, { method: "POST", headers, body });
		let told = "";
		for await (const chunk of events.body ?? []) {
			told += Buffer.from(chunk).toString();
			if (told.includes("end-overlap")) break;
		}
		abort.abort();
		assert.equal(await daemon.verify(token), 401);
	});

	it("has more than one snapshot behind it by then", async () => {
		const daemon = await daemons.start();
		for (let round = 0; round < 90; round++) {
			await Promise.all(Array.from({ length: 40 }, () => daemon.create("many")));
		}
		await until(
			() => readdirSync(daemons.directory).filter((name) => name.startsWith("snapshot-")).length === 2,
		);
		await daemon.kill("SIGKILL");
		const reborn = await daemons.start();
		let listed = 0;
		let cursor: string | null = "";
		while (cursor !== null) {
			const page: Response = await reborn.fetch(`/v1/api-tokens?limit=1000${cursor && `&cursor=${cursor}`}`);
			const body = (await page.json()) as { tokens: unknown[]; nextCursor: string | null };
			listed += body.tokens.length;
			cursor = body.nextCursor;
		}
		assert.equal(listed, 3600);
	});

	it("uses any free port when another program holds the preferred one", async () => {
		const stranger = createServer().listen(0, "127.0.0.1");
		await once(stranger, "listening");
		const { port } = stranger.address() as AddressInfo;
		const daemon = await daemons.start(["--port", String(port)]);
		stranger.close();
		assert.equal(daemon.first.event, "ready");
		const { url } = daemon.file;
		assert.notEqual(new URL(url).port, String(port));
		await daemon.kill();
		const log = readFileSync(join(daemons.directory, "daemon.log"), "utf8").split("\n");
		const told = log.find((line) => line.includes("another program holds the preferred port")) ?? "{}";
		assert.deepEqual([JSON.parse(told).port, JSON.parse(told).url], [port, url]);
	});

	it("says what to do when its directory can't be made", async () => {
		writeFileSync(join(daemons.folder, "file"), "");
		daemons.directory = join(daemons.folder, "file", "data");
		const daemon = await daemons.start();
		assert.deepEqual([daemon.first.event, daemon.first.code], ["failed", "data-unwritable"]);
		assert.match(daemon.first.detail ?? "", /choose another/);
		assert.equal(await daemon.exited, 1);
	});

	it("refuses a create that the disk has no room for, loses nothing, and goes on", async () => {
		const daemon = await daemons.start(["--port", "0"], "ulimit -f 512;");
		const kept: CreatedToken[] = [];
		let refused: Response | undefined;
		while (refused === undefined && kept.length < 2000) {
			const response = await daemon.tryToCreate("x");
			if (response.status === 201) kept.push((await response.json()) as CreatedToken);
			else refused = response;
		}
		assert.ok(refused !== undefined, "the disk never said no");
		assert.ok(kept.length > 20, `a disk too full to write ahead still took only ${kept.length}`);
		assert.equal(refused.status, 507);
		assert.match(((await refused.json()) as { detail: string }).detail, /nothing was changed/);
		for (const { token } of kept) assert.equal(await daemon.verify(token), 200, "verifications go on");
		assert.equal((await daemon.tryToCreate("again")).status, 507);
		await daemon.kill();
		const roomy = await daemons.start();
		for (const { token } of kept) assert.equal(await roomy.verify(token), 200);
		assert.deepEqual(await roomy.notices(), []);
		await roomy.create("there is room again");
	});

	it("sets a damaged log aside only when its sound part is safe, so a start that fails half-way loses nothing", async () => {
		const first = await daemons.start();
		const { token, id } = await first.create("kept");
		await first.create("damaged");
		await first.kill("SIGKILL");
		const logs = readdirSync(daemons.directory).filter((name) => /^(changes|copy)-/.test(name));
		for (const log of logs) {
			const path = join(daemons.directory, log);
			writeFileSync(path, readFileSync(path, "latin1").replace(/"damaged"/, '"DAMAGED"'), "latin1");
		}
		// Too little room for the snapshot that has to be written first.
		const cramped = await daemons.start(["--port", "0"], "ulimit -f 24;");
		assert.equal(cramped.first.event, "failed");
		for (const log of logs) assert.ok(existsSync(join(daemons.directory, log)), "the log is where it was");
		const roomy = await daemons.start();
		assert.equal(await roomy.verify(token), 401, "a change after it cannot be read");
		const [told] = await roomy.notices();
		assert.equal(told?.code, "data-lost");
		assert.match(told?.detail ?? "", /in doubt, and refused: 1\. Enable those/);
		let audited = "";
		while (!audited.includes(id)) audited = await (await roomy.fetch("/v1/audit-events?action=doubt")).text();
		assert.match(audited, /"userName":"Tokensmith"/);
		for (const log of logs) assert.ok(existsSync(join(daemons.directory, `${log}.damaged`)));
	});

	it("reports to listeners that a damaged file was set aside", async () => {
		const first = await daemons.start();
		const { token } = await first.create("x");
		await first.kill();
		const name = readdirSync(daemons.directory).find((file) => file.startsWith("snapshot-")) ?? "";
		writeFileSync(join(daemons.directory, name), "damaged");
		const second = await daemons.start();
		assert.equal((await second.notices())[0]?.code, "data-recovered");
		assert.equal(readFileSync(join(daemons.directory, `${name}.damaged`), "utf8"), "damaged");
		assert.equal(await second.verify(token), 200, "what stood in the log is there");
	});

	it("writes the usage that it gathered, and takes daemon.json away, when it is asked to stop", async () => {
		const first = await daemons.start();
		const { token, id } = await first.create("x");
		await first.verify(token);
		assert.equal((await first.fetch("/v1/shutdown", { method: "POST" })).status, 202);
		assert.equal(await first.exited, 0);
		assert.ok(!existsSync(join(daemons.directory, "daemon.json")));
		const second = await daemons.start();
		const record = (await (await second.fetch(`/v1/api-tokens/${id}`)).json()) as CreatedToken;
		assert.deepEqual([record.useCount, record.lastUsedAddress], [1, "127.0.0.1"]);
	});

	it("stops by itself when requests cease, but not while a window listens", async () => {
		const daemon = await daemons.start(["--port", "0", "--idle-seconds", "1"]);
		const abort = new AbortController();
		const window = await daemon.fetch("/v1/events", { signal: abort.signal });
		const reader = (window.body as ReadableStream<Uint8Array>).getReader();
		await reader.read();
		const watched = Date.now();
		await until(() => Date.now() - watched > 2500);
		assert.equal(daemon.child.exitCode, null);
		abort.abort();
		assert.equal(await daemon.exited, 0);
	});

	it("is kept by requests, not ended early by a clock that jumps ahead, nor kept by one that jumps back", async () => {
		const jump = join(daemons.folder, "jump.cjs");
		// A day ahead, and then two days back, for everything that asks for the time of day.
		writeFileSync(
			jump,
			"const now = Date.now; let by = 0; Date.now = () => now() + by;" +
				'process.on("SIGUSR2", () => { by = by === 0 ? 864e5 : -864e5; });',
		);
		const args = ["--port", "0", "--idle-seconds", "3"];
		const daemon = await daemons.start(args, `export NODE_OPTIONS="--require ${jump}";`);
		daemon.child.kill("SIGUSR2");
		const { token } = await daemon.create("after the jump");
		// Longer in all than to be idle, but not between two requests.
		for (let asked = 0; asked < 6; asked++) {
			const last = performance.now();
			await until(() => performance.now() - last > 1000);
			assert.equal(await daemon.verify(token), 200);
		}
		daemon.child.kill("SIGUSR2");
		assert.equal(await daemon.exited, 0);
	});

	it("keeps secrets and the owner key out of every file but daemon.json", async () => {
		const daemon = await daemons.start();
		const { token } = await daemon.create("x");
		await daemon.verify(token);
		await daemon.fetch(`/v1/api-tokens/${token}`);
		await daemon.fetch(`/v1/verify?secret=${token}`);
		const { ownerKey } = daemon.file;
		await daemon.kill();
		const entries = readdirSync(daemons.directory, { withFileTypes: true, recursive: true });
		for (const entry of entries.filter((one) => one.isFile())) {
			const { name } = entry;
			const contents = readFileSync(join(entry.parentPath, name), "latin1");
			assert.ok(!contents.includes(token), name);
			assert.ok(!contents.includes(ownerKey), name);
		}
	});

	it("refuses a body in another character set", async () => {
		const daemon = await daemons.start();
		const headers = { "content-type": "application/json; charset=utf-16" };
		const response = await daemon.fetch("/v1/api-tokens", { method: "POST", headers, body: "{}" });
		assert.equal(response.status, 415);
	});
});

async function tokensOf(daemon: DaemonChild): Promise<TokenRecord[]> {
	const { tokens } = (await (await daemon.fetch("/v1/api-tokens?limit=1000")).json()) as {
		tokens: TokenRecord[];
	};
	return tokens;
}

async function until(satisfied: () => boolean): Promise<void> {
	const deadline = Date.now() + 15_000;
	while (!satisfied()) {
		assert.ok(Date.now() < deadline, "the condition was not met in time");
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}
