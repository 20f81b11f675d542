/** A change that is asked for again before it is answered: by a proxy or a person that has lost the first answer. */
import assert from "node:assert/strict";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { type Answer, SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a change that another server is making", () => {
	let team: Team;
	let relay: Relay;
	let cutOff: SharedServer;

	/** Two servers, and one that reaches the database through a relay. */
	before(async () => {
		team = await Team.start(await sharedCluster(), 2);
		relay = await Relay.start(team.cluster.port);
		cutOff = new SharedServer(`postgres://postgres@127.0.0.1:${relay.port}/${team.database}`);
		team.servers.push(cutOff);
		await cutOff.ready();
	});

	after(async () => {
		await team.end();
		relay.close();
	});

	type Ask = (server: SharedServer, id: string) => Promise<Answer>;

	const change =
		(path: string): Ask =>
		(server, id) =>
			server.call("POST", `/v1/api-tokens/${id}/${path}`, {
				secret: team.admin,
				headers: { "if-match": "*" },
			});
	const incident: Ask = (server, id) =>
		server.call("POST", "/v1/incidents", {
			secret: team.admin,
			body: { reason: "leaked", filter: { ids: [id] } },
		});
	const cases: readonly [name: string, status: number, ask: Ask][] = [
		["a revocation", 200, (server, id) => team.revoke(server, id)],
		["a token's end", 200, change("disable")],
		["an incident", 404, incident],
	];

	for (const [name, status, ask] of cases)
		for (const where of ["the same server", "another one"])
			it(`counts everywhere once ${where} answers that ${name} leaves nothing to change`, async () => {
				const [making, second] = team.servers as [SharedServer, SharedServer];
				const { id, token } = await team.create();
				await holds(async () => (await cutOff.call("GET", "/readyz")).body.status === "ready");
				assert.ok(await cutOff.isAccepted(token));
				relay.cut("silent");
				try {
					const first = ask(making, id);
					await holds(async () => {
						const { body } = await second.call("GET", `/v1/api-tokens/${id}`, { secret: team.admin });
						return body.status !== "active";
					});
					assert.equal((await ask(where === "another one" ? second : making, id)).status, status);
					const { status: verdict } = await cutOff.call("GET", "/v1/verify", { secret: token });
					assert.notEqual(verdict, 200, "accepted after the answer");
					await first;
				} finally {
					relay.mend();
				}
			});
});

async function holds(condition: () => Promise<boolean>): Promise<void> {
	while (!(await condition()));
}
