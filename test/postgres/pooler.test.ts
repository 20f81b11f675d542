/** A real pooler between a server and its database: what it would lose is said at the start. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { installDebianPackage } from "../debian.ts";
import { describeWhere } from "../where.ts";
import { asUser, type Cluster, freePort, hasPostgres, sharedCluster } from "./cluster.ts";
import { SharedServer } from "./servers.ts";

const program = "/usr/sbin/pgbouncer";
const ignored =
	"ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a pooler before the database", () => {
	let cluster: Cluster;
	let database: string;
	let folder: string;
	const servers: SharedServer[] = [];
	let pooler: ChildProcess | undefined;

	before(() => {
		if (!existsSync(program)) installDebianPackage("pgbouncer");
	});
	beforeEach(async () => {
		cluster = await sharedCluster();
		database = await cluster.createDatabase();
		folder = mkdtempSync(join(tmpdir(), "tokensmith-pooler-"));
		chmodSync(folder, 0o755);
	});
	afterEach(async () => {
		for (const server of servers.splice(0)) await server.stop("SIGKILL");
		if (pooler !== undefined && pooler.exitCode === null) {
			pooler.kill("SIGKILL");
			await once(pooler, "exit");
		}
		await cluster.query(`drop database ${database} with (force)`);
		rmSync(folder, { recursive: true });
	});

	/** @returns the address of the database through it */
	async function start(...settings: string[]): Promise<string> {
		const port = await freePort();
		const file = join(folder, "pgbouncer.ini");
		writeFileSync(
			file,
			`[databases]
			* = host=127.0.0.1 port=${cluster.port} user=postgres
			[pgbouncer]
			listen_addr = 127.0.0.1
			listen_port = ${port}
			unix_socket_dir =
			auth_type = any
			${settings.join("\n")}`.replaceAll(/^\t+/gm, ""),
		);
		pooler = spawn(program, [file], { stdio: "ignore", ...asUser() });
		while (!(await accepts(port))) assert.equal(pooler.exitCode, null);
		return `postgres://postgres@127.0.0.1:${port}/${database}`;
	}

	function serve(url: string, environment: Record<string, string> = {}): SharedServer {
		const server = new SharedServer(url, { environment });
		servers.push(server);
		return server;
	}

	it("that refuses the settings of a connection is named", async () => {
		const server = serve(await start("pool_mode = transaction"));
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /A pooler before the database refuses the connection's time limits/);
	});

	it("in transaction mode is refused, with what to do", async () => {
		const server = serve(await start("pool_mode = transaction", ignored));
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /A pooler in transaction mode .* TOKENSMITH_DATABASE_DIRECT_URL/);
		assert.match(server.output, /^\{"event":"failed"/);
	});

	it("in transaction mode is refused as the way to listen, too", async () => {
		const server = serve(cluster.url(database), {
			TOKENSMITH_DATABASE_DIRECT_URL: await start("pool_mode = transaction", ignored),
		});
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /A pooler in transaction mode/);
	});

	it("that forgets prepared statements is refused, although the server listens without it", async () => {
		const server = serve(await start("pool_mode = transaction", ignored), {
			TOKENSMITH_DATABASE_DIRECT_URL: cluster.url(database),
		});
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /keeps no prepared statements/);
	});

	it("in session mode does no harm", async () => {
		const url = await start("pool_mode = session", ignored);
		const file = join(folder, "admin");
		const [one, two] = [new SharedServer(url, { args: ["--admin-token-file", file] }), serve(url)];
		servers.push(one);
		for (const server of [one, two]) await server.ready();
		assert.equal((await two.call("GET", "/readyz")).status, 200);
	});
});

async function accepts(port: number): Promise<boolean> {
	const socket = connect(port, "127.0.0.1");
	const answered = await Promise.race([
		once(socket, "connect").then(() => true),
		once(socket, "error").then(() => false),
	]).catch(() => false);
	socket.destroy();
	if (!answered) await pause(20);
	return answered;
}
