/** `--serve-stale`: what a server answers without its database, and how it says that the answer may be an old one. */
import assert from "node:assert/strict";
import { until } from "../daemon/harness.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { type Answer, SharedServer, Team } from "./servers.ts";

const header = "tokensmith-stale";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a shared server that may serve stale", () => {
	let team: Team;
	let relay: Relay;
	let cutOff: SharedServer;
	let kept: { id: string; token: string };

	/** Two servers. The second one reaches the database through a relay. */
	async function start(seconds: number): Promise<void> {
		const lease = ["--lease-milliseconds", "500"];
		team = await Team.start(await sharedCluster(), 1, { args: lease });
		relay = await Relay.start(team.cluster.port);
		const url = `postgres://postgres@127.0.0.1:${relay.port}/${team.database}`;
		cutOff = new SharedServer(url, { args: [...lease, "--serve-stale", String(seconds)] });
		team.servers.push(cutOff);
		await cutOff.ready();
		kept = await team.create();
		for (const secret of [kept.token, team.admin]) assert.ok(await cutOff.isAccepted(secret));
	}

	afterEach(async () => {
		await team.end();
		relay.close();
	});

	for (const how of ["closed", "silent"] as const) {
		it(`goes on by what it remembers, and says so everywhere, when the network is ${how}`, async () => {
			await start(600);
			const secret = team.admin;
			relay.cut(how);
			const stale = await answerWhere(({ headers }) => headers.has(header), kept.token);
			assert.equal(stale.status, 200);
			assert.match(stale.headers.get(header) ?? "", /^[1-9]\d*$/);
			const { body: readiness } = await cutOff.call("GET", "/readyz");
			assert.equal(readiness.status, "stale");
			assert.ok(readiness.staleSeconds >= 1);
			const figures = await cutOff.call("GET", "/metrics", { secret });
			assert.match(figures.body, /^tokensmith_stale 1$/m);
			assert.match(figures.body, /^tokensmith_stale_verifications_total [1-9]/m);
			assert.ok(figures.headers.has(header));
			const introspected = await cutOff.call("POST", "/oauth2/introspect", {
				secret,
				form: { token: kept.token },
			});
			assert.deepEqual([introspected.body.active, introspected.headers.has(header)], [true, true]);
			await until(() => cutOff.errors.includes("although tokens may have been revoked meanwhile"));
			relay.mend();
			await answerWhere(({ status, headers }) => status === 200 && !headers.has(header), kept.token);
			assert.deepEqual((await cutOff.call("GET", "/readyz")).body, { status: "ready" });
			await until(() => cutOff.errors.includes("reached again"));
		});
	}

	it("accepts a token that another one has revoked, which is the price, and refuses it once it is back", async () => {
		await start(600);
		relay.cut("closed");
		await answerWhere(({ headers }) => headers.has(header), kept.token);
		assert.equal((await team.revoke(team.first, kept.id)).status, 200);
		const { status, headers } = await cutOff.call("GET", "/v1/verify", { secret: kept.token });
		assert.deepEqual([status, headers.has(header)], [200, true]);
		relay.mend();
		const after = await answerWhere((answer) => !answer.headers.has(header), kept.token);
		assert.equal(after.status, 401);
	});

	it("changes nothing by it, and calls no secret unknown that it does not remember", async () => {
		await start(600);
		const { token: other } = await team.create();
		relay.cut("closed");
		await answerWhere(({ headers }) => headers.has(header), kept.token);
		const unremembered = await cutOff.call("GET", "/v1/verify", { secret: other });
		assert.deepEqual([unremembered.status, unremembered.body.code], [503, "database-unreachable"]);
		const change = await cutOff.call("POST", "/v1/api-tokens", {
			secret: team.admin,
			body: { name: "x", permissions: ["orders.read"] },
		});
		assert.deepEqual([change.status, change.body.code], [503, "database-unreachable"]);
	});

	it("refuses everything once its time is over", async () => {
		await start(1);
		relay.cut("closed");
		await answerWhere(({ headers }) => headers.has(header), kept.token);
		const refused = await answerWhere(({ status }) => status !== 200, kept.token);
		assert.deepEqual([refused.status, refused.headers.has(header)], [503, false]);
		assert.equal((await cutOff.call("GET", "/readyz")).status, 503);
	});

	it("believes no memory when it was only frozen", async () => {
		await start(600);
		cutOff.signal("SIGSTOP");
		assert.equal((await team.revoke(team.first, kept.id)).status, 200);
		cutOff.signal("SIGCONT");
		for (let time = 0; time < 20; time++) assert.ok(!(await cutOff.isAccepted(kept.token)));
	});

	async function answerWhere(is: (answer: Answer) => boolean, secret: string): Promise<Answer> {
		const deadline = Date.now() + 15_000;
		for (;;) {
			const answer = await cutOff.call("GET", "/v1/verify", { secret });
			if (is(answer)) return answer;
			assert.ok(Date.now() < deadline, `answered ${answer.status}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}
});
