/** The guarantee of shared servers, under faults: a change counts everywhere once it is answered. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describeWhere } from "../where.ts";
import { Cluster, hasPostgres } from "./cluster.ts";
import { HistoryChecker } from "./history.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("the history of shared servers", function () {
	this.timeout(180_000);
	let cluster: Cluster;

	before(async () => {
		cluster = await Cluster.start();
	});

	after(() => cluster.remove());

	it("agrees with every change that was answered before, whatever happens to servers and connections", async () => {
		const checker = await HistoryChecker.start(cluster);
		try {
			const { violations, ...counts } = await checker.run(
				({ changes, faults }) => changes >= 500 && faults >= 15,
			);
			assert.deepEqual(violations, []);
			assert.ok(counts.verifications > 500, JSON.stringify(counts));
		} finally {
			await checker.end();
		}
	});

	it("does not agree where the servers do not wait for each other", async () => {
		const program = resolve(import.meta.dirname, "without-barrier.ts");
		const checker = await HistoryChecker.start(cluster, { program });
		try {
			const { violations } = await checker.run(({ changes }) => changes >= 5000);
			assert.notDeepEqual(violations, []);
		} finally {
			await checker.end();
		}
	});
});
