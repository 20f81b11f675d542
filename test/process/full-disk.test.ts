/** The bundled daemon on a file system that is really full. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createTokensmithClient, type TokensmithProblemError } from "../../daemon/client/tokensmith.ts";
import type { CreatedToken } from "../../daemon/contract.ts";
import { skipTest } from "../where.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";

const isRoot = process.getuid?.() === 0;

describe("a daemon on a full disk", () => {
	let disk = "";
	let mounted = false;
	// Before the hooks that remove the folder.
	afterEach(async () => {
		await daemons.stopAll();
		if (mounted) spawnSync("umount", ["-l", disk]);
	});
	const daemons = daemonsOfEach();
	beforeEach(() => {
		disk = join(daemons.folder, "disk");
		mkdirSync(disk);
		mounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", disk]).status === 0;
		daemons.directory = join(disk, "data");
	});

	it("refuses creates, and revokes, disables and ends tokens, which then stay dead", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		const daemon = await daemons.start();
		const [revoked, disabled, leaked, kept] = await createAll(daemon, [
			"revoked",
			"disabled",
			"leaked",
			"kept",
		]);
		fill();
		const refused = await fillLog(daemon);
		assert.equal(refused.status, 507);
		assert.equal((await daemon.fetch(`/v1/api-tokens/${revoked?.id}`, { method: "DELETE" })).status, 200);
		assert.equal((await post(daemon, `/v1/api-tokens/${disabled?.id}/disable`, {})).status, 200);
		assert.equal(
			(await post(daemon, "/v1/incidents", { reason: "leaked", filter: { ids: [leaked?.id] } })).status,
			201,
		);
		await daemon.kill("SIGKILL");
		const next = await daemons.start();
		assert.deepEqual([next.first.event, next.first.detail], ["ready", undefined]);
		assert.deepEqual(await next.notices(), [], "the daemon itself removed the copy of its log");
		for (const token of [revoked, disabled, leaked]) assert.equal(await next.verify(token?.token ?? ""), 401);
		assert.equal(await next.verify(kept?.token ?? ""), 200);
	});

	it("revokes as many as it can in an incident of thousands, says how many are left, and ends those later", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		const daemon = await daemons.start();
		for (let round = 0; round < 20; round++) await createAll(daemon, Array<string>(100).fill("many"));
		fill();
		assert.equal((await fillLog(daemon)).status, 507);
		const refused = await post(daemon, "/v1/incidents", { all: true, reason: "leaked" });
		const { detail } = (await refused.json()) as { detail: string };
		const [, revoked, all, left] =
			/^(\d+) of (\d+) tokens were revoked, without successors; (\d+) still work\./.exec(detail) ?? [];
		assert.deepEqual([refused.status, Number(revoked) + Number(left)], [507, Number(all)], detail);
		assert.ok(Number(revoked) >= 512, detail);
		await daemon.kill("SIGKILL");
		rmSync(join(disk, "filler"));
		const next = await daemons.start();
		const rest = await post(next, "/v1/incidents", { all: true, reason: "leaked" });
		const report = (await rest.json()) as { revoked: unknown[] };
		assert.deepEqual([rest.status, report.revoked.length], [201, Number(left)]);
	}).timeout(300_000);

	it("starts, verifies and revokes, after a stop and after a kill", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		for (const signal of ["SIGTERM", "SIGKILL"] as const) {
			const first = await daemons.start();
			const [kept, revoked] = await createAll(first, ["kept", "revoked"]);
			await first.kill(signal);
			fill();
			const daemon = await daemons.start();
			assert.equal(daemon.first.event, "ready", daemon.errors);
			assert.equal(await daemon.verify(kept?.token ?? ""), 200);
			assert.equal((await daemon.fetch(`/v1/api-tokens/${revoked?.id}`, { method: "DELETE" })).status, 200);
			assert.equal(await daemon.verify(revoked?.token ?? ""), 401);
			rmSync(join(disk, "filler"));
			await daemon.kill();
		}
	});

	it("that takes no more files starts, verifies and revokes, after a stop and after kills", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		spawnSync("mount", ["-o", "remount,nr_inodes=100", disk]);
		let daemon = await daemons.start();
		const [kept, revoked, leaked] = await createAll(daemon, ["kept", "revoked", "leaked"]);
		for (const [signal, ended] of [
			["SIGTERM", revoked],
			["SIGKILL", leaked],
			["SIGKILL", undefined],
		] as const) {
			takeAllFiles();
			await daemon.kill(signal);
			takeAllFiles();
			daemon = await daemons.start();
			assert.equal(daemon.first.event, "ready", daemon.errors);
			assert.equal(await daemon.verify(kept?.token ?? ""), 200);
			if (ended === undefined) continue;
			assert.equal((await daemon.fetch(`/v1/api-tokens/${ended.id}`, { method: "DELETE" })).status, 200);
			assert.equal(await daemon.verify(ended.token), 401);
		}
	});

	for (const [what, take] of [
		["bytes", () => fill()],
		["files", () => takeAllFiles()],
	] as const) {
		it(`starts without the copy of a log, which was removed, where the disk takes no more ${what}`, async function () {
			if (!mounted) skipTest(this, "only root can mount a disk");
			const first = await daemons.start();
			const [kept, revoked] = await createAll(first, ["kept", "revoked"]);
			await first.kill("SIGKILL");
			spawnSync("mount", ["-o", "remount,nr_inodes=100", disk]);
			for (const name of readdirSync(daemons.directory))
				if (name.startsWith("copy-")) rmSync(join(daemons.directory, name));
			take();
			const daemon = await daemons.start();
			assert.equal(daemon.first.event, "ready", `${daemon.first.detail}\n${daemon.errors}`);
			assert.equal(await daemon.verify(kept?.token ?? ""), 200);
			assert.equal((await daemon.fetch(`/v1/api-tokens/${revoked?.id}`, { method: "DELETE" })).status, 200);
			assert.equal(await daemon.verify(revoked?.token ?? ""), 401);
			assert.match(JSON.stringify(await daemon.notices()), /were missing: copy-/);
		});
	}

	it("refuses a backup that has no room while it is checked, and then takes a revocation over the same connection", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		const daemon = await daemons.start();
		const { id, token } = await daemon.create("leaked");
		const client = createTokensmithClient({ dataDir: daemons.directory });
		await client.list();
		fill();
		const backup = `{"kind":"header"}\n`.repeat(400_000);
		await assert.rejects(
			client.restore(() => Readable.from([backup])),
			(error: TokensmithProblemError) =>
				error.code === "storage-failed" && /Is the disk full/.test(error.message),
		);
		await client.revoke(id);
		assert.equal(await daemon.verify(token), 401);
		assert.deepEqual(
			readdirSync(daemons.directory).filter((name) => name.startsWith("upload-")),
			[],
		);
	});

	it("leaves nothing behind when it can't start", async function () {
		if (!mounted) skipTest(this, "only root can mount a disk");
		fill();
		const daemon = await daemons.start();
		assert.deepEqual([daemon.first.event, daemon.first.code], ["failed", "data-unwritable"]);
		assert.match(daemon.first.detail ?? "", /Free some space/);
		const left = readdirSync(daemons.directory, { recursive: true }).map(String);
		assert.deepEqual(
			left.filter((name) => !/^(lock-\d+|compile-cache.*|daemon\.log)$/.test(name)),
			[],
		);
	});

	/** Until the disk can take no other one. */
	function takeAllFiles(): void {
		try {
			for (let count = 0; ; count++) writeFileSync(join(disk, `file-${count}`), "", { flag: "a" });
		} catch (error) {
			assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
		}
	}

	/** Takes every byte that is left. */
	function fill(): void {
		const filler = join(disk, "filler");
		writeFileSync(filler, "");
		for (const size of [1 << 20, 1 << 12])
			try {
				for (;;) appendFileSync(filler, Buffer.alloc(size));
			} catch (error) {
				assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
			}
	}
});

/** Until the room that a log has for ordinary changes is used up. */
async function fillLog(daemon: DaemonChild): Promise<Response> {
	for (;;) {
		const responses = await Promise.all(Array.from({ length: 32 }, () => daemon.tryToCreate("filling")));
		const refused = responses.find(({ status }) => status !== 201);
		if (refused !== undefined) return refused;
	}
}

async function createAll(daemon: DaemonChild, names: readonly string[]): Promise<CreatedToken[]> {
	return Promise.all(names.map((name) => daemon.create(name)));
}

function post(daemon: DaemonChild, path: string, body: object): Promise<Response> {
	const headers = { "content-type": "application/json" };
	return daemon.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}
