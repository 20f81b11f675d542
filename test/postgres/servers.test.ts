/** What a team's servers promise: one set of tokens, and a change that counts everywhere once it is answered. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("shared servers", () => {
	const teams: Team[] = [];

	async function teamOf(
		...args: [replicas: number, options?: Parameters<typeof Team.start>[2]]
	): Promise<Team> {
		const team = await Team.start(await sharedCluster(), ...args);
		teams.push(team);
		return team;
	}

	afterEach(async () => {
		for (const team of teams.splice(0)) await team.end();
	});

	it("make one administrator, whose token is in a file of its own user", async () => {
		const team = await teamOf(2);
		assert.equal(statSync(team.adminFile).mode & 0o777, 0o600);
		const { body } = await team.first.call("GET", "/v1/api-tokens", { secret: team.admin });
		assert.deepEqual(
			body.tokens.map(({ name, permissions }: { name: string; permissions: string[] }) => [
				name,
				permissions,
			]),
			[["administrator", ["*"]]],
		);
		const current = await team.first.call("GET", "/v1/api-tokens/current", { secret: team.admin });
		assert.deepEqual([current.status, current.body.name], [200, "administrator"]);
		assert.equal((await team.first.call("GET", "/v1/policy", { secret: team.admin })).status, 200);
		const { token } = await team.create(team.first, { permissions: ["api.api-tokens.write"] });
		const refused = await team.first.call("DELETE", "/v1/permissions/orders.read", { secret: token });
		assert.equal(refused.body.code, "owner-only");
	});

	it("leave the administrator's own token out of an incident that ends all tokens", async () => {
		const team = await teamOf(1);
		const { token } = await team.create();
		const body = { reason: "drill", all: true };
		const { status } = await team.first.call("POST", "/v1/incidents", { secret: team.admin, body });
		assert.equal(status, 201);
		assert.deepEqual(
			[await team.first.isAccepted(token), await team.first.isAccepted(team.admin)],
			[false, true],
		);
	});

	it("never overwrite a file with the administrator's token", async () => {
		const cluster = await sharedCluster();
		const team = await teamOf(1);
		const file = join(team.folder, "taken");
		writeFileSync(file, "mine");
		const server = new SharedServer(cluster.url(await cluster.createDatabase()), {
			args: ["--admin-token-file", file],
		});
		assert.equal(await server.ended, 2);
		assert.match(server.errors, /exists already, and is not overwritten/);
		assert.equal(readFileSync(file, "utf8"), "mine");
	});

	it("know at once what another one has made, changed, rotated and ended", async () => {
		const { servers, ...team } = await teamOf(3);
		const [one, two, three] = servers as [SharedServer, SharedServer, SharedServer];
		for (let round = 0; round < 20; round++) {
			const { id, token } = (await teams[0]?.create(one)) ?? assert.fail();
			for (const server of servers) assert.ok(await server.isAccepted(token), "accepted once it is created");
			await two.call("POST", `/v1/api-tokens/${id}/disable`, { secret: team.admin });
			for (const server of servers)
				assert.ok(!(await server.isAccepted(token)), "refused once it is disabled");
			await three.call("POST", `/v1/api-tokens/${id}/enable`, { secret: team.admin });
			for (const server of servers) assert.ok(await server.isAccepted(token), "accepted once it is enabled");
			const rotated = await one.call("POST", `/v1/api-tokens/${id}/rotate`, {
				secret: team.admin,
				body: { overlapSeconds: 0 },
			});
			assert.equal(rotated.status, 201, JSON.stringify(rotated.body));
			for (const server of servers)
				assert.deepEqual(
					[await server.isAccepted(token), await server.isAccepted(rotated.body.token)],
					[false, true],
				);
			await two.call("DELETE", `/v1/api-tokens/${rotated.body.id}`, { secret: team.admin });
			for (const server of servers)
				assert.ok(!(await server.isAccepted(rotated.body.token)), "refused once it is revoked");
		}
	});

	it("answer a change although another one was killed, and refuse at all that live", async () => {
		const team = await teamOf(3);
		const { id, token } = await team.create();
		for (const server of team.servers) assert.ok(await server.isAccepted(token));
		await team.servers[2]?.stop("SIGKILL");
		assert.equal((await team.revoke(team.first, id)).status, 200);
		assert.ok(!(await (team.servers[1] ?? assert.fail()).isAccepted(token)));
	});

	it("accept no revoked token at one that was frozen meanwhile", async () => {
		const team = await teamOf(2);
		const [one, two] = team.servers as [SharedServer, SharedServer];
		const { id, token } = await team.create();
		assert.ok(await two.isAccepted(token));
		two.signal("SIGSTOP");
		const asked = two.call("GET", "/v1/verify", { secret: token }).catch(() => undefined);
		assert.equal((await team.revoke(one, id)).status, 200);
		two.signal("SIGCONT");
		for (let time = 0; time < 20; time++) assert.ok(!(await two.isAccepted(token)));
		await asked;
	});

	it("go on after a restart of the database, and have lost nothing", async function () {
		this.timeout(120_000);
		const team = await teamOf(2);
		const kept = await team.create();
		const { id, token } = await team.create();
		await team.revoke(team.first, id);
		team.cluster.stop("immediate");
		const deadline = Date.now() + 20_000;
		try {
			for (;;) {
				const { status, headers, body } = await team.first.call("GET", "/v1/verify", { secret: kept.token });
				if (status === 503) {
					assert.equal(headers.get("retry-after"), "1");
					assert.equal(body.code, "database-unreachable");
					break;
				}
				assert.ok(status === 200 && Date.now() < deadline, `answered ${status}`);
			}
			while ((await team.first.call("GET", "/readyz")).status === 200) assert.ok(Date.now() < deadline);
			const refused = await team.first.call("POST", "/v1/api-tokens", {
				secret: team.admin,
				body: { name: "x", permissions: ["orders.read"] },
			});
			assert.equal(refused.status, 503, JSON.stringify(refused.body));
		} finally {
			team.cluster.begin();
		}
		for (const server of team.servers) {
			const deadline = Date.now() + 20_000;
			for (;;) {
				const { status } = await server.call("GET", "/v1/verify", { secret: kept.token });
				if (status === 200) break;
				assert.ok(status === 503 && Date.now() < deadline, `answered ${status}`);
				await new Promise((resolve) => setTimeout(resolve, 50));
			}
			assert.ok(!(await server.isAccepted(token)));
		}
		const { token: made } = await team.create(team.servers[1]);
		assert.ok(await team.first.isAccepted(made));
	});

	it("start together on an empty database", async () => {
		const cluster = await sharedCluster();
		const team = await teamOf(1);
		const database = await cluster.createDatabase();
		const file = join(team.folder, "one-of-eight");
		const servers = Array.from(
			{ length: 8 },
			(_, index) =>
				new SharedServer(cluster.url(database), index === 0 ? { args: ["--admin-token-file", file] } : {}),
		);
		team.servers.push(...servers);
		await Promise.all(servers.map((server) => server.ready()));
		const [made = "", ...others] = readdirSync(team.folder).filter((name) => name.startsWith("one-of-eight"));
		assert.deepEqual(others, []);
		const admin = readFileSync(join(team.folder, made), "utf8").trim();
		for (const server of servers) assert.ok(await server.isAccepted(admin));
		assert.equal(new Set(servers.map(({ identity }) => identity)).size, 1);
		for (const server of servers) await server.stop();
		await cluster.query(`drop database ${database} with (force)`);
	});

	it("count uses of all of them, and keep one audit chain", async () => {
		const team = await teamOf(3);
		const { id, token } = await team.create();
		await Promise.all(
			team.servers.flatMap((server) => Array.from({ length: 10 }, () => server.isAccepted(token))),
		);
		await Promise.all(team.servers.flatMap((server) => Array.from({ length: 5 }, () => team.create(server))));
		for (const server of team.servers.slice(1)) assert.equal(await server.stop(), 0);
		const deadline = Date.now() + 10_000;
		for (;;) {
			const { body } = await team.first.call("GET", `/v1/api-tokens/${id}`, { secret: team.admin });
			if (body.useCount === 30) break;
			assert.ok(body.useCount < 30 && Date.now() < deadline, `${body.useCount} uses`);
		}
		const { body } = await team.first.call("GET", "/v1/audit-events?limit=1&verify=true", {
			secret: team.admin,
		});
		assert.equal(body.chain.intact, true);
		assert.ok(body.chain.checked >= 18);
	});

	it("keep both of two permissions that are added at two of them", async () => {
		const team = await teamOf(2);
		const names = Array.from({ length: 20 }, (_, index) => `stock.n${index}`);
		const added = await Promise.all(
			names.map((name, index) =>
				(team.servers[index % 2] ?? assert.fail()).call("PUT", `/v1/permissions/${name}`, {
					secret: team.admin,
					body: { description: name },
				}),
			),
		);
		assert.deepEqual([...new Set(added.map(({ status }) => status))], [200]);
		const { body } = await team.first.call("GET", "/v1/permissions", { secret: team.admin });
		const known = body.permissions.map(({ name }: { name: string }) => name);
		assert.deepEqual(
			names.filter((name) => !known.includes(name)),
			[],
		);
	});

	for (const [what, url, words] of [
		["there is no database", (url: string) => url.replace(/\/[^/]*$/, "/absent"), /no such database/],
		["no database listens", () => "postgres://postgres@127.0.0.1:1/x", /No database listens/],
		["the address is none of a database", () => "http://127.0.0.1/x", /must begin with postgres:/],
		[
			"the password is not encoded",
			() => "postgres://u:hush#x@127.0.0.1:1/x",
			/percent-encode the characters/,
		],
		[
			"a file of the address is missing",
			() => "postgres://u@127.0.0.1:1/x?sslrootcert=/nowhere/ca.pem",
			/can't be read: \/nowhere\/ca\.pem \(ENOENT\)/,
		],
	] as const) {
		it(`say it in words where ${what}`, async () => {
			const cluster = await sharedCluster();
			const server = new SharedServer(url(cluster.url("postgres")));
			assert.equal(await server.ended, 1);
			assert.match(server.errors, words);
			assert.match(server.output, /^\{"event":"failed"/);
			assert.ok(!server.errors.includes("node_modules"));
			assert.doesNotMatch(server.errors + server.output, /hush/);
		});
	}

	it("refuse a database of a newer version, and change nothing in it", async () => {
		const team = await teamOf(1);
		await team.cluster.query(`update "schemaVersion" set "version" = 99, "oldestBeside" = 99`, team.database);
		const server = new SharedServer(team.url);
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /tables of version 99.*newer Tokensmith/s);
	});

	it("start beside a newer version that allows it", async () => {
		const team = await teamOf(1);
		await team.cluster.query(`update "schemaVersion" set "version" = 99, "oldestBeside" = 1`, team.database);
		await team.add();
	});

	it("refuse to run with another lease than the others", async () => {
		const team = await teamOf(1);
		const server = new SharedServer(team.url, { args: ["--lease-milliseconds", "5000"] });
		assert.equal(await server.ended, 1);
		assert.match(server.errors, /run with --lease-milliseconds 2000/);
	});

	it("take no other port than the one that was asked for, since others would be reached there", async () => {
		const team = await teamOf(1);
		const { port } = new URL(team.first.url);
		const server = new SharedServer(team.url, { args: ["--port", port] });
		assert.equal(await server.ended, 1);
		assert.match(server.output, /"code":"port-unavailable"/);
		assert.match(server.errors, /EADDRINUSE.*choose another --port/);
	});

	it("listen for other machines only where secrets are encrypted on their way", async () => {
		const cluster = await sharedCluster();
		const server = new SharedServer(cluster.url("postgres"), { args: ["--host", "0.0.0.0"] });
		assert.equal(await server.ended, 2);
		assert.match(server.errors, /--tls-cert and --tls-key, or --trusted-proxy/);
	});

	it("tell whether they can answer, and what they have done, in figures", async () => {
		const team = await teamOf(2);
		assert.deepEqual((await team.first.call("GET", "/readyz")).body, { status: "ready" });
		const { token } = await team.create();
		for (let time = 0; time < 3; time++) await team.first.isAccepted(token);
		let body = "";
		const value = (name: string) => Number(new RegExp(`^tokensmith_${name} (\\S+)$`, "m").exec(body)?.[1]);
		const deadline = Date.now() + 10_000;
		do {
			assert.ok(Date.now() < deadline, body);
			({ body } = await team.first.call("GET", "/metrics", { secret: team.admin }));
		} while (value("replicas") !== 2);
		assert.ok(
			value("verifications_from_memory_total") >= 2 && value("verifications_from_database_total") >= 1,
		);
		assert.ok(value("acknowledged_changes_total") >= 2 && value("acknowledgement_seconds_total") > 0);
		assert.ok(value("knowledge_age_seconds") < 2 && Math.abs(value("clock_offset_seconds")) < 1);
	});

	it("go by the database's time where a machine's clock is wrong", async () => {
		const team = await teamOf(1);
		const ahead = join(import.meta.dirname, "fast-clock.ts");
		const wrong = await team.add({ environment: { NODE_OPTIONS: `--import=${ahead}` } });
		const inFiveMinutes = new Date(Date.now() + 5 * 60_000).toISOString();
		const { token } = await team.create(team.first, { expiry: inFiveMinutes });
		for (const server of team.servers) assert.ok(await server.isAccepted(token));
		const { body } = await wrong.call("POST", "/v1/api-tokens", {
			secret: team.admin,
			body: { name: "made by the wrong one", permissions: ["orders.read"] },
		});
		assert.ok(Math.abs(Date.parse(body.creationDate) - Date.now()) < 60_000, body.creationDate);
		const { body: figures } = await wrong.call("GET", "/metrics", { secret: team.admin });
		assert.match(figures, /^tokensmith_clock_offset_seconds (599|600)/m);
	});

	it("encrypt by a certificate, and renew it when its files change", async () => {
		const team = await teamOf(1);
		const files = { cert: join(team.folder, "cert.pem"), key: join(team.folder, "key.pem") };
		makeCertificate(files, "one");
		const server = await team.add({ args: ["--tls-cert", files.cert, "--tls-key", files.key] });
		assert.match(server.url, /^https:/);
		assert.equal(await subjectOf(server.url), "one");
		makeCertificate(files, "two");
		const deadline = Date.now() + 10_000;
		while ((await subjectOf(server.url)) !== "two")
			assert.ok(Date.now() < deadline, "the certificate is renewed");
	});

	it("keep compiled code in the service manager's cache directory, unless others may open it", async () => {
		const team = await teamOf(1);
		for (const [name, mode, kept] of [
			["own", 0o700, ["compile-cache"]],
			["open", 0o755, []],
		] as const) {
			const directory = join(team.folder, name);
			mkdirSync(directory, { mode });
			const server = await team.add({ environment: { CACHE_DIRECTORY: directory } });
			assert.equal(await server.stop(), 0);
			assert.deepEqual(readdirSync(directory), kept);
		}
	});

	it("leave no file behind, and no secret in the database", async () => {
		const team = await teamOf(1);
		const { token } = await team.create();
		const dump = execFileSync("pg_dump", ["--dbname", team.url], { encoding: "utf8", maxBuffer: 1 << 26 });
		assert.ok(dump.includes("auditEvents") && !dump.includes(token) && !dump.includes(team.admin));
		assert.equal(dump.match(/BEGIN PRIVATE KEY/g)?.length, 1, "the identity stands in one place");
		assert.ok(!team.first.errors.includes(token) && !team.first.output.includes(token));
		assert.equal(await team.first.stop(), 0);
		assert.ok(!existsSync(join(team.folder, "daemon.json")));
	});
});

function makeCertificate({ cert, key }: { cert: string; key: string }, name: string): void {
	const args = [
		"req",
		"-x509",
		"-newkey",
		"ec",
		"-pkeyopt",
		"ec_paramgen_curve:prime256v1",
		"-nodes",
		"-days",
		"1",
	];
	execFileSync("openssl", [...args, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert], {
		stdio: "ignore",
	});
}

async function subjectOf(url: string): Promise<string> {
	const { connect } = await import("node:tls");
	const { hostname, port } = new URL(url);
	return new Promise((resolve, reject) => {
		const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
			const { CN } = socket.getPeerCertificate().subject;
			socket.end();
			resolve(String(CN));
		});
		socket.once("error", reject);
	});
}
