/** A large restore at one replica, whose database is some way off, beside changes at another one. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Relay } from "./relay.ts";
import { SharedServer, Team } from "./servers.ts";

const tokenCount = 1500;
const oneWayMilliseconds = 15;

describeWhere(hasPostgres, "PostgreSQL is not installed")("a large restore", () => {
	let source: Team;
	let target: Team;
	let relay: Relay;
	let far: SharedServer;

	beforeEach(async function () {
		this.timeout(60_000);
		const cluster = await sharedCluster();
		[source, target] = await Promise.all([Team.start(cluster, 1), Team.start(cluster, 1)]);
		relay = await Relay.start(cluster.port);
		far = new SharedServer(`postgres://postgres@127.0.0.1:${relay.port}/${target.database}`);
		target.servers.push(far);
		await far.ready();
	});
	afterEach(async () => {
		await source.end();
		await target.end();
		relay.close();
	});

	const clientOf = ({ url, identity }: SharedServer, token: string) =>
		createTokensmithClient({ url: url.replace("://", `://${identity}@`), token });

	it("takes its turn so briefly that the changes of others wait for it, and none fails", async function () {
		this.timeout(120_000);
		await Promise.all(
			Array.from({ length: tokenCount }, (_, index) =>
				source.create(source.first, { name: `moved ${index}` }),
			),
		);
		const pieces: Buffer[] = [];
		for await (const piece of clientOf(source.first, source.admin).backup()) pieces.push(Buffer.from(piece));
		const backup = Buffer.concat(pieces);
		relay.slow(oneWayMilliseconds);
		let isRestored = false;
		const restoring = clientOf(far, target.admin)
			.restore(() => Readable.from([backup]))
			.finally(() => {
				isRestored = true;
			});
		const statuses: number[] = [];
		while (!isRestored) {
			const body = { name: `beside ${statuses.length}`, permissions: ["orders.read"] };
			const { status } = await target.first.call("POST", "/v1/api-tokens", { secret: target.admin, body });
			statuses.push(status);
		}
		const { tokens, conflictCount } = await restoring;
		assert.deepEqual([tokens.added >= tokenCount, conflictCount], [true, 0]);
		assert.deepEqual(
			statuses.filter((status) => status !== 201),
			[],
		);
		const { body } = await target.first.call("GET", "/v1/api-tokens?q=moved&limit=1", {
			secret: target.admin,
		});
		assert.equal(body.tokens.length, 1);
	});
});
