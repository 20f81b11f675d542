/** A network that goes silent between a server and a part of its connections. */
import assert from "node:assert/strict";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")(
	"a server that listens at an address of its own",
	() => {
		let team: Team;
		let relay: Relay;

		afterEach(async () => {
			await team.end();
			relay.close();
		});

		it("answers verifications whose tokens it can't read any more, although it still listens", async () => {
			team = await Team.start(await sharedCluster(), 1);
			relay = await Relay.start(team.cluster.port);
			const { token } = await team.create();
			const server = new SharedServer(`postgres://postgres@127.0.0.1:${relay.port}/${team.database}`, {
				environment: { TOKENSMITH_DATABASE_DIRECT_URL: team.url },
			});
			team.servers.push(await server.ready());
			relay.cut("silent");
			const verdicts = [1, 2, 3].map(() => server.call("GET", "/v1/verify", { secret: token }));
			for (const { status } of await Promise.all(verdicts)) assert.equal(status, 503);
			relay.mend();
			while ((await server.call("GET", "/v1/verify", { secret: token })).status !== 200);
		});
	},
);
