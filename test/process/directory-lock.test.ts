/** The lock on a data directory between daemons that see neither each other's processes nor each other's ports. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { itWhere } from "../where.ts";
import { daemonsOfEach } from "./daemon.ts";

/** Words that let a command run it in process and network namespaces of its own, as a container does. */
const inContainer = `set -- unshare --net --pid --fork --kill-child --mount-proc sh -c 'ip link set lo up; exec "$@"' sh "$@";`;
const canContain = spawnSync("sh", ["-c", `${inContainer} exec "$@"`, "sh", "true"]).status === 0;

describe("the lock on a data directory", () => {
	const daemons = daemonsOfEach();

	// What a new directory needs is put into it over the network, which a container does not share.
	beforeEach(async () => {
		await (await daemons.start()).kill();
	});

	itWhere(canContain, "namespaces can't be made here")(
		"is one, however many containers share the directory",
		async () => {
			const contained = await daemons.start(["--port", "0"], inContainer);
			assert.equal(contained.first.event, "ready", contained.errors);
			const outside = await daemons.start();
			assert.equal(outside.first.event, "held");
			assert.equal(await outside.exited, 3);
			const other = await daemons.start(["--port", "0"], inContainer);
			assert.equal(other.first.event, "held");
		},
	);

	itWhere(canContain, "namespaces can't be made here")(
		"passes to another container when its holder was killed",
		async () => {
			const first = await daemons.start(["--port", "0"], inContainer);
			await first.kill("SIGKILL");
			assert.equal((await daemons.start(["--port", "0"], inContainer)).first.event, "ready");
		},
	);

	it("is not held by a process that took the port and the process id of a dead daemon", async () => {
		const squatter = createServer((socket) => socket.end("something else"));
		await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
		const { port } = squatter.address() as { port: number };
		const holder = { pid: process.pid, port, instance: "dead" };
		writeFileSync(join(daemons.directory, "lock-4"), JSON.stringify(holder));
		assert.equal((await daemons.start()).first.event, "ready");
		squatter.close();
	});

	it("holds in a directory whose path is longer than a socket's may be", async () => {
		daemons.directory = join(daemons.folder, "long".repeat(40), "data");
		const first = await daemons.start();
		assert.deepEqual((await daemons.start()).first, { event: "held", pid: first.child.pid });
	});

	it("is respected where a daemon of an earlier version has it", async () => {
		const beacon = createServer((socket) => socket.end("earlier"));
		await new Promise<void>((resolve) => beacon.listen(0, "127.0.0.1", resolve));
		const { port } = beacon.address() as { port: number };
		writeFileSync(
			join(daemons.directory, "lock-4"),
			JSON.stringify({ pid: process.pid, port, instance: "earlier" }),
		);
		assert.deepEqual((await daemons.start()).first, { event: "held", pid: process.pid });
		beacon.close();
	});

	it("leaves one lock behind, which only its owner can use", async () => {
		for (let round = 0; round < 3; round++) await (await daemons.start()).kill();
		const locks = readdirSync(daemons.directory).filter((name) => name.startsWith("lock-"));
		assert.deepEqual(locks, ["lock-4"]);
		assert.equal(statSync(join(daemons.directory, "lock-4")).mode & 0o777, 0o600);
	});
});

describe("the data directory", () => {
	const daemons = daemonsOfEach();

	it("is private after a start, also one that others could read", async () => {
		mkdirSync(daemons.directory);
		assert.equal(statSync(daemons.directory).mode & 0o777, 0o755);
		await daemons.start();
		assert.equal(statSync(daemons.directory).mode & 0o777, 0o700);
	});

	it("is refused when it belongs to another user", async () => {
		const isRoot = process.getuid?.() === 0;
		if (isRoot) {
			mkdirSync(daemons.directory, { mode: 0o700 });
			chownSync(daemons.directory, 65_534, 65_534);
		} else daemons.directory = "/";
		const daemon = await daemons.start();
		assert.deepEqual([daemon.first.event, daemon.first.code], ["failed", "data-unwritable"]);
		assert.match(daemon.first.detail ?? "", /belongs to another user/);
		if (isRoot) assert.deepEqual(readdirSync(daemons.directory), []);
	});
});
