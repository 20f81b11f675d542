/** The data of an earlier directory moves to a new one, as the bundled daemon does it: whole, once, and over any crash. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	chmodSync,
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreatedToken, ServerEvents } from "../../daemon/contract.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { itWhere } from "../where.ts";
import { DaemonChild } from "./daemon.ts";

const memoryDisk = "/dev/shm";
const hasOtherDisk = existsSync(memoryDisk) && statSync(memoryDisk).dev !== statSync(tmpdir()).dev;
const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
const noOtherDisk = `${memoryDisk} is no disk of its own`;
const noTrace = "strace can't run here";
const guard = /^audit-moved--reload-this-window\.log$/;

describe("the data of an earlier version", () => {
	let folder: string;
	let template: string;
	let works: CreatedToken;
	let revoked: CreatedToken;
	let earlier: string;
	let own: string;
	const running: DaemonChild[] = [];
	const places: string[] = [];

	before(async () => {
		folder = temporaryFolder();
		template = join(folder, "template");
		const daemon = await DaemonChild.start(template);
		[works, revoked] = [await daemon.create("works"), await daemon.create("revoked")];
		await daemon.fetch(`/v1/api-tokens/${revoked.id}`, { method: "DELETE" });
		await daemon.kill();
		mkdirSync(join(template, "kept-secrets"), { mode: 0o700 });
		writeFileSync(join(template, "kept-secrets", works.id), "", { mode: 0o600 });
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	beforeEach(() => placeIn(tmpdir(), tmpdir()));
	afterEach(async () => {
		for (const daemon of running.splice(0)) await daemon.kill("SIGKILL");
		for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
	});

	it("moves once, is told once, and leaves nothing behind that an earlier daemon would start on", async () => {
		const daemon = await start();
		await assertMoved(daemon);
		const [notice, ...others] = await noticesOf(daemon);
		assert.deepEqual([notice?.code, others], ["data-moved", []]);
		assert.ok(notice?.detail.includes(own) && notice.detail.includes(earlier), notice?.detail);
		await daemon.kill();
		const again = await start();
		assert.deepEqual(await noticesOf(again), []);
		assert.equal(await again.verify(works.token), 200);
		const old = await startIn(earlier, []);
		assert.equal(old.first.code, "data-unwritable");
		assert.match(old.first.detail ?? "", /reload-this-window/);
	});

	it("moves when the earlier daemon still runs, with all that it has answered", async () => {
		const old = await startIn(earlier, []);
		const last = await old.create("last");
		const daemon = await start();
		await assertMoved(daemon);
		assert.equal(await daemon.verify(last.token), 200);
		await old.exited;
	});

	it("stays as it is, byte for byte, where the directory has tokens of its own", async () => {
		const first = await startIn(own, []);
		const mine = await first.create("mine");
		await first.kill();
		const before = contentOf(earlier);
		const daemon = await start();
		assert.deepEqual([await daemon.verify(mine.token), await daemon.verify(works.token)], [200, 401]);
		assert.deepEqual(await noticesOf(daemon), []);
		assert.deepEqual(contentOf(earlier), before);
	});

	it("replaces what was never used, which is kept in a folder", async () => {
		const unused = await startIn(own, []);
		const { permissions } = (await (await unused.fetch("/v1/permissions")).json()) as {
			permissions: { name: string; origin: string }[];
		};
		for (const { name, origin } of permissions)
			if (origin === "own") await unused.fetch(`/v1/permissions/${name}`, { method: "DELETE" });
		await unused.kill();
		await assertMoved(await start());
		const kept = readdirSync(own).find((name) => name.startsWith("unused-"));
		assert.ok(kept && readdirSync(join(own, kept)).includes("identity.pem"));
	});

	it("does not move while others could have written it, and nothing changes", async () => {
		const file = readdirSync(earlier).find((name) => name.startsWith("snapshot-")) ?? "";
		chmodSync(join(earlier, file), 0o666);
		const before = contentOf(earlier);
		const daemon = await start();
		assert.equal(daemon.first.code, "data-unmoved");
		assert.match(daemon.first.detail ?? "", /was not moved.*chmod go-w/s);
		assert.deepEqual(contentOf(earlier), before);
		assert.deepEqual(
			readdirSync(own).filter((name) => /^(snapshot|changes|identity)/.test(name)),
			[],
		);
	});

	it("moves to one directory once, although two editors have some", async () => {
		const other = join(places[0] ?? "", "other");
		copyData(template, other);
		const daemons = await Promise.all([start(), startIn(own, ["--move-from", other])]);
		const [holder, ...more] = daemons.filter(({ first }) => first.event === "ready");
		assert.ok(holder && more.length === 0);
		assert.equal(await holder.verify(works.token), 200);
		assert.deepEqual([holdsData(earlier), holdsData(other)].sort(), [false, true]);
	});

	it("does not move into or out of itself", async () => {
		own = join(earlier, "inside");
		const daemon = await start();
		assert.equal(await daemon.verify(works.token), 401);
		assert.ok(holdsData(earlier));
	});

	itWhere(hasOtherDisk, noOtherDisk)("moves to another disk", async () => {
		placeIn(tmpdir(), memoryDisk);
		await assertMoved(await start());
		assert.deepEqual(readdirSync(join(earlier, "..")).sort(), ["earlier"]);
	});

	// Beyond the last rename of a move, the kill comes later in the start or not at all.
	for (let count = 1; count <= 14; count++) {
		itWhere(canTrace, noTrace)(`is all there after a kill before the rename ${count}`, async () => {
			await killedBefore(count);
			await assertMoved(await start());
		});
		itWhere(canTrace && hasOtherDisk, canTrace ? noOtherDisk : noTrace)(
			`is all there after a kill before the rename ${count} on the way to another disk`,
			async () => {
				placeIn(tmpdir(), memoryDisk);
				await killedBefore(count);
				await assertMoved(await start());
			},
		);
	}

	itWhere(canTrace, noTrace)("is moved on by a daemon that was not asked to", async () => {
		// The first rename is that of the whole directory.
		await killedBefore(3);
		assert.ok(!holdsData(earlier) && !holdsData(own));
		const daemon = await startIn(own, []);
		assert.equal(await daemon.verify(works.token), 200);
	});

	function placeIn(earlierDisk: string, ownDisk: string): void {
		const made = [earlierDisk, ownDisk].map((disk) => mkdtempSync(join(disk, "tokensmith-move-")));
		places.push(...made);
		[earlier, own] = [join(made[0] ?? "", "earlier"), join(made[1] ?? "", "own")];
		copyData(template, earlier);
	}

	function start(): Promise<DaemonChild> {
		return startIn(own, ["--move-from", earlier]);
	}

	async function startIn(directory: string, args: string[], shell = ""): Promise<DaemonChild> {
		const daemon = await DaemonChild.start(directory, ["--port", "0", ...args], shell);
		running.push(daemon);
		return daemon;
	}

	for (const [name, content] of [
		["moved-in", undefined],
		["moved-in", "snapshot-1-00.db"],
		["moving-up", undefined],
		["moving-up", "changes-1.log"],
	] as const)
		it(`is not waited for in a folder ${name} that ${content === undefined ? "is empty" : `has ${content}`}, but did not arrive`, async () => {
			cpSync(template, own, { recursive: true });
			mkdirSync(join(own, name));
			if (content !== undefined) writeFileSync(join(own, name, content), "");
			for (let start = 1; start <= 2; start++) {
				const daemon = await startIn(own, start === 1 ? [] : ["--move-from", earlier]);
				assert.equal(daemon.first.event, "ready", daemon.errors);
				assert.equal(await daemon.verify(works.token), 200);
				await daemon.kill();
			}
			assert.deepEqual(readdirSync(join(own, name)), content === undefined ? [] : [content]);
		});

	/** As in a crash: the kernel ends the daemon instead of this system call. */
	async function killedBefore(count: number): Promise<void> {
		const strace = `strace -f -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=${count}`;
		const daemon = await startIn(own, ["--move-from", earlier], `set -- ${strace} "$@";`);
		if (daemon.first.event === "ready") process.kill(daemon.file.pid, "SIGKILL");
		await daemon.exited;
	}

	async function assertMoved(daemon: DaemonChild): Promise<void> {
		assert.deepEqual(daemon.first.event, "ready", daemon.errors);
		assert.equal(await daemon.verify(works.token), 200);
		assert.equal(await daemon.verify(revoked.token), 401);
		const audit = (await (await daemon.fetch("/v1/audit-events?verify=true")).json()) as {
			events: unknown[];
		};
		assert.ok(audit.events.length >= 3);
		assert.ok(existsSync(join(own, "kept-secrets", works.id)));
		assert.equal(identityOf(own), identityOf(template), "services know the daemon by it");
		assert.deepEqual(
			readdirSync(own).filter((name) => /^(moved-in|moving-up|arriving)$/.test(name)),
			[],
		);
		assert.ok(
			readdirSync(earlier).every((name) => guard.test(name)),
			readdirSync(earlier).join(),
		);
	}
});

/** A socket is no data, and can't be copied. */
function copyData(from: string, to: string): void {
	cpSync(from, to, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
	chmodSync(to, 0o700);
}

function holdsData(directory: string): boolean {
	return readdirSync(directory).some((name) => /^(snapshot|changes)-.*\.(db|log)$/.test(name));
}

function identityOf(directory: string): string {
	return readFileSync(join(directory, "identity.pem"), "utf8");
}

/** The checksum of each file. */
function contentOf(directory: string): Record<string, string> {
	const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
	const files = names.filter((name) => lstatSync(join(directory, name)).isFile());
	const checksum = (name: string) =>
		createHash("sha256")
			.update(readFileSync(join(directory, name)))
			.digest("hex");
	return Object.fromEntries(files.map((name) => [name, checksum(name)]));
}

/** The first event of the stream has them. */
async function noticesOf(daemon: DaemonChild): Promise<ServerEvents["hello"]["notices"]> {
	const reader = (await daemon.fetch("/v1/events")).body?.pipeThrough(new TextDecoderStream()).getReader();
	assert.ok(reader);
	let text = "";
	for (;;) {
		text += (await reader.read()).value ?? assert.fail("the stream has ended");
		const hello = /^event: hello\ndata: (.*)\n\n/m.exec(text)?.[1];
		if (hello === undefined) continue;
		await reader.cancel();
		return JSON.parse(hello).notices;
	}
}
