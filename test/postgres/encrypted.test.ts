/** A server with a certificate of its own, and strangers at its door. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { until } from "../daemon/harness.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

const limit = 20;

describeWhere(hasPostgres, "PostgreSQL is not installed")("an encrypted server", () => {
	let team: Team;
	let server: SharedServer;
	const sockets: Socket[] = [];

	before(async () => {
		team = await Team.start(await sharedCluster(), 1);
		const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(team.folder, name)) as [string, string];
		const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
		execFileSync("openssl", [...args, "-subj", "/CN=x", "-days", "1", "-keyout", key, "-out", cert], {
			stdio: "ignore",
		});
		server = await team.add({
			args: ["--tls-cert", cert, "--tls-key", key, "--max-connections", String(limit)],
		});
	});
	afterEach(() => {
		for (const socket of sockets.splice(0)) socket.destroy();
	});
	after(() => team.end());

	function keep(socket: Socket): Socket {
		sockets.push(socket);
		return socket.on("error", () => socket.destroy());
	}

	async function encrypted(): Promise<Socket> {
		const { hostname: host, port } = new URL(server.url);
		const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
		keep(socket);
		await once(socket, "secureConnect");
		return socket;
	}

	async function verify(socket: Socket, secret: string): Promise<string | undefined> {
		const answer = Promise.race([once(socket, "data"), once(socket, "close")]);
		socket.write(`GET /v1/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\n\r\n`);
		return /^HTTP\/1\.1 (\d{3})/.exec(String((await answer)[0]))?.[1];
	}

	it("closes connections of strangers, and none of a caller's, when there are too many", async () => {
		const { token } = await team.create();
		const caller = await encrypted();
		assert.equal(await verify(caller, token), "200");
		const strangers: Socket[] = [];
		for (let count = 0; count < 2 * limit; count++) strangers.push(await encrypted());
		await until(() => strangers.filter(({ closed }) => closed).length > limit / 2);
		assert.equal(await verify(caller, token), "200");
	});

	it("counts those that never begin to encrypt, too", async () => {
		const { hostname: host, port } = new URL(server.url);
		const silent = Array.from({ length: 2 * limit }, () => keep(connectPlain(Number(port), host)));
		await until(() => silent.filter(({ closed }) => closed).length >= limit);
	});
});
