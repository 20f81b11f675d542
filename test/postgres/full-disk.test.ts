/** The disk of a shared server's database is full. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWhere } from "../where.ts";
import { Cluster, hasPostgres } from "./cluster.ts";
import { Team } from "./servers.ts";

describeWhere(hasPostgres && canMount(), "PostgreSQL is not installed, or no disk can be mounted")(
	"a full disk of the database",
	() => {
		let cluster: Cluster;
		let team: Team;

		before(async function () {
			this.timeout(60_000);
			cluster = await Cluster.start({ megabytes: 200 });
		});
		after(async () => {
			await team?.end();
			cluster.remove();
		});

		it("refuses changes and says why, stops no verification, and harms nothing", async function () {
			this.timeout(120_000);
			team = await Team.start(cluster, 2);
			const kept = await team.create();
			const body = { name: "too much", permissions: ["orders.read"], description: "x".repeat(1000) };
			const create = () => team.first.call("POST", "/v1/api-tokens", { secret: team.admin, body });
			const filler = fill(cluster.folder);
			let answer = await create();
			for (let count = 0; answer.status === 201 && count < 5000; count++) answer = await create();
			assert.deepEqual([answer.status, answer.body.code], [507, "storage-failed"]);
			assert.match(answer.body.detail, /The database's disk is full, so nothing was changed/);
			for (const server of team.servers) assert.ok(await server.isAccepted(kept.token));
			assert.equal((await team.first.call("GET", "/readyz")).status, 200);

			rmSync(filler);
			assert.equal((await create()).status, 201);
			assert.equal((await team.revoke(team.first, kept.id)).status, 200);
			for (const server of team.servers) assert.ok(!(await server.isAccepted(kept.token)));
			const { body: audit } = await team.first.call("GET", "/v1/audit-events?limit=1&verify=true", {
				secret: team.admin,
			});
			assert.equal(audit.chain.intact, true);
		});
	},
);

function canMount(): boolean {
	if (process.getuid?.() !== 0) return false;
	const folder = mkdtempSync(join(tmpdir(), "tokensmith-mount-"));
	const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
	if (status === 0) spawnSync("umount", ["-l", folder]);
	rmSync(folder, { recursive: true });
	return status === 0;
}

/** Takes the space that is left, except for some that the write-ahead log needs. */
function fill(folder: string): string {
	const reserved = join(folder, "reserved");
	const filler = join(folder, "filler");
	write(reserved, 4);
	write(filler, Number.POSITIVE_INFINITY);
	rmSync(reserved);
	return filler;
}

function write(path: string, megabytes: number): void {
	const file = openSync(path, "w");
	const piece = Buffer.alloc(1 << 16, 1);
	try {
		for (let written = 0; written < megabytes * 16; written++) writeSync(file, piece);
	} catch (error) {
		assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
	} finally {
		closeSync(file);
	}
}
