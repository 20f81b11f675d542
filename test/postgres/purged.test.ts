/** A server that is cut off for longer than the changes of others are kept. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")(
	"a shared server that can't read all it has missed",
	() => {
		let team: Team;
		let relay: Relay;

		afterEach(async () => {
			await team.end();
			relay.close();
		});

		it("ends, and accepts meanwhile no token that was revoked", async () => {
			team = await Team.start(await sharedCluster(), 1);
			// It is the last change that the other one knows, without having read it as a change.
			const { id, token } = await team.create();
			relay = await Relay.start(team.cluster.port);
			const cutOff = new SharedServer(`postgres://postgres@127.0.0.1:${relay.port}/${team.database}`);
			team.servers.push(await cutOff.ready());
			assert.ok(await cutOff.isAccepted(token));
			relay.cut("silent");
			assert.equal((await team.revoke(team.first, id)).status, 200);
			await team.create();
			// As it is done for those of the day before.
			const newest = `select max("number") from "changes"`;
			await team.cluster.query(`delete from "changes" where "number" < (${newest})`, team.database);
			relay.mend();
			let hasEnded = false;
			cutOff.ended.then(() => {
				hasEnded = true;
			});
			while (!hasEnded) {
				const answer = await cutOff.call("GET", "/v1/verify", { secret: token }).catch(() => undefined);
				assert.notEqual(answer?.status, 200);
				await pause(5);
			}
			assert.equal(await cutOff.ended, 1);
			assert.match(cutOff.errors, /more were made than it can read again/);
		});
	},
);
