/** More tokens and events than a call takes arguments: some 120,000. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { ChangeLog, createLog } from "../../daemon/store/sqlite/change-log.ts";
import { listSnapshots } from "../../daemon/store/sqlite/snapshot.ts";
import { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import { openStore, TestDaemon, temporaryFolder } from "./harness.ts";

const many = 200_000;

describe("a data directory with 200,000", () => {
	it("events in its log opens with all of them", async () => {
		const folder = temporaryFolder();
		await (await openStore(folder)).close();
		const generation = (listSnapshots(folder)[0]?.generation ?? 0) + 1;
		const log = new ChangeLog(folder, generation, createLog(folder, generation, "nothing"));
		const events = Array.from({ length: many }, (_, at) =>
			JSON.stringify({ sequence: at + 1, date: "2026" }),
		);
		for (let at = 0; at < many; at += 20_000)
			await log.append({ statements: [], events: events.slice(at, at + 20_000) }, "none");
		log.close();
		const store = await openStore(folder);
		assert.deepEqual(
			(await store.listEvents({}, { limit: 2 })).map(({ sequence }) => sequence),
			[many, many - 1],
		);
		await store.close();
		rmSync(folder, { recursive: true });
	});

	it("tokens lists all of them, as an incident needs it", async function () {
		this.timeout(120_000);
		const daemon = await TestDaemon.start();
		const { id } = await daemon.create();
		assert.ok(daemon.store instanceof SqliteStore);
		await daemon.store.database.write(async ({ memory }) => {
			const columns = [...memory.all("select name from pragma_table_info('tokens')")].map(
				({ name }) => `"${name}"`,
			);
			const values = columns.map((name) => (name === '"id"' || name === '"hash"' ? `${name} || n` : name));
			memory.run(
				`with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ?)
					insert into "tokens" (${columns}) select ${values} from "tokens", numbers where "id" = ?`,
				[many, id],
			);
		});
		const page = { sort: "creationDate", direction: "asc", limit: -1 } as const;
		assert.equal((await daemon.store.list({}, page, daemon.now.toISOString())).length, many + 1);
		await daemon.remove();
	});
});
