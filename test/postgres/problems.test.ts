/** The problems that only a shared server has: without its database, and when it loses it in the middle of a change. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { type Answer, SharedServer, Team } from "./servers.ts";

interface Documented {
	paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
}

describeWhere(hasPostgres, "PostgreSQL is not installed")("the problems of a shared server", () => {
	let team: Team;
	let relay: Relay;
	let server: SharedServer;
	beforeEach(async () => {
		const args = ["--lease-milliseconds", "500"];
		team = await Team.start(await sharedCluster(), 1, { args });
		relay = await Relay.start(team.cluster.port);
		server = new SharedServer(`postgres://postgres@127.0.0.1:${relay.port}/${team.database}`, { args });
		team.servers.push(server);
		await server.ready();
	});
	afterEach(async () => {
		await team.end();
		relay.close();
	});

	it("without its database are answered by every operation that documents it, with Retry-After, and by no other", async () => {
		const { body: document }: { body: Documented } = await server.call("GET", "/openapi.json");
		relay.cut("closed");
		while ((await server.call("GET", "/readyz")).status === 200) await pause(20);
		const wrong: string[] = [];
		for (const [path, methods] of Object.entries(document.paths)) {
			for (const [method, { responses }] of Object.entries(methods)) {
				const url = path.replace(/\{\w+\}/g, "unknown");
				const answer = await server.call(method.toUpperCase(), url, { secret: team.admin });
				const isDocumented = /`database-unreachable`/.test(responses[503]?.description ?? "");
				const isSo = answer.body.code === "database-unreachable" && answer.status === 503;
				if (isSo !== isDocumented || isSo !== (answer.headers.get("retry-after") === "1"))
					wrong.push(`${method} ${path} ${answer.status} ${JSON.stringify(answer.body)}`);
			}
		}
		assert.deepEqual(wrong, []);
	});

	it("say of a change that it may have been made, where the database was lost during its commit", async () => {
		await team.cluster.query(
			`create function "linger"() returns trigger language plpgsql as
				'begin perform pg_sleep(1); return null; end';
			create constraint trigger "linger" after insert on "changes" deferrable initially deferred
				for each row execute function "linger"()`,
			team.database,
		);
		const answer = server.call("POST", "/v1/api-tokens", {
			secret: team.admin,
			body: { name: "perhaps", permissions: ["orders.read"] },
		});
		await committing();
		relay.cut("closed");
		const { status, body } = await answer;
		assert.deepEqual([status, body.code], [504, "change-uncertain"]);
		assert.match(body.detail, /Look before you repeat it/);
		assert.equal(await isThere("perhaps"), true);
	});

	async function committing(): Promise<void> {
		const running = `select from pg_stat_activity where datname = '${team.database}' and query = 'commit' and state = 'active'`;
		while ((await team.cluster.query(running)).rowCount === 0) await pause(10);
	}

	/** At the other server, at the latest after a while. */
	async function isThere(name: string): Promise<boolean> {
		const deadline = Date.now() + 10_000;
		for (;;) {
			const { body }: Answer = await team.first.call("GET", `/v1/api-tokens?q=${name}`, {
				secret: team.admin,
			});
			if (body.tokens.length === 1 || Date.now() > deadline) return body.tokens.length === 1;
			await pause(50);
		}
	}
});
