/** A standby by streaming replication takes the place of a database that was lost. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { describeWhere } from "../where.ts";
import { Cluster, hasPostgres } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a failover to another host", () => {
	let primary: Cluster;
	let standby: Cluster;
	let team: Team;
	const clusters: Cluster[] = [];

	beforeEach(async function () {
		this.timeout(60_000);
		primary = await Cluster.start();
		clusters.push(primary);
		standby = await Cluster.standbyOf(primary);
		clusters.push(standby);
	});
	afterEach(async () => {
		for (const server of team.servers) await server.stop("SIGKILL");
		for (const cluster of clusters.splice(0)) cluster.remove();
	});

	async function start(): Promise<void> {
		const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
		const database = await primary.createDatabase();
		team = await Team.start(primary, 2, {
			database,
			environment: {
				TOKENSMITH_DATABASE_URL: `postgres://postgres@${hosts}/${database}?target_session_attrs=read-write`,
			},
		});
	}

	it("is followed by all servers, and what was answered before and after it holds", async function () {
		this.timeout(60_000);
		await start();
		const [one, two] = team.servers as [SharedServer, SharedServer];
		const kept = await team.create(one);
		const revoked = await team.create(two);
		await team.revoke(one, revoked.id);
		await caughtUp();
		primary.stop("immediate");
		standby.promote();
		for (const server of team.servers) assert.equal(await statusOnceReached(server, kept.token), 200);
		for (const server of team.servers) assert.ok(!(await server.isAccepted(revoked.token)));
		const later = await team.create(two);
		assert.ok(await one.isAccepted(later.token));
		assert.equal((await team.revoke(one, kept.id)).status, 200);
		for (const server of team.servers) assert.ok(!(await server.isAccepted(kept.token)));
	});

	it("to one that lacks changes ends the servers that know them, so that none goes by what was lost", async function () {
		this.timeout(60_000);
		await start();
		await caughtUp();
		await standby.query(`alter system set primary_conninfo = ''`);
		await standby.query("select pg_reload_conf()");
		while ((await standby.query("select from pg_stat_wal_receiver")).rowCount !== 0) await pause(20);
		const lost = await team.create();
		for (const server of team.servers) assert.ok(await server.isAccepted(lost.token));
		primary.stop("immediate");
		standby.promote();
		for (const server of team.servers) {
			assert.equal(await server.ended, 1);
			assert.match(server.errors, /the database lacks changes that this server knows/);
		}
	});

	async function caughtUp(): Promise<void> {
		const { rows } = await primary.query("select pg_current_wal_lsn() as place");
		const reached = `select from pg_last_wal_replay_lsn() as "replayed" where "replayed" >= '${rows[0].place}'`;
		while ((await standby.query(reached)).rowCount === 0) await pause(20);
	}

	async function statusOnceReached(server: SharedServer, secret: string): Promise<number> {
		const deadline = Date.now() + 30_000;
		for (;;) {
			const { status } = await server.call("GET", "/v1/verify", { secret });
			const isReady = (await server.call("GET", "/readyz")).status === 200;
			if (status !== 503 && isReady) return status;
			assert.ok(Date.now() < deadline, `still ${status}`);
			await pause(50);
		}
	}
});
