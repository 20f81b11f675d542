/** Files of audit events beside those that hold the same events, as a crash can leave them. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent } from "../../daemon/contract.ts";
import { record } from "../../daemon/rules/audit.ts";
import { AuditFiles, listAuditFiles, writeAuditFile } from "../../daemon/store/sqlite/audit-files.ts";
import { checksumOf } from "../../daemon/store/sqlite/snapshot.ts";
import { onFiles, policyEvent, TestDaemon, temporaryFolder } from "./harness.ts";

describe("files of audit events", () => {
	let folder: string;
	beforeEach(() => {
		folder = temporaryFolder();
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const event = (sequence: number) => JSON.stringify({ sequence });
	const ranges = () => listAuditFiles(folder).map(({ first, last }) => [first, last]);

	it("hold each event once, whatever is written again", () => {
		writeAuditFile(folder, [event(1), event(2)]);
		writeAuditFile(folder, [event(1), event(2)]);
		writeAuditFile(folder, []);
		assert.deepEqual([ranges(), readdirSync(folder).length], [[[1, 2]], 1]);
		writeAuditFile(folder, [event(2), event(3)]);
		assert.deepEqual(ranges(), [
			[1, 2],
			[3, 3],
		]);
	});

	it("have a file for each run of events, where some are missing", () => {
		writeAuditFile(folder, [event(1), event(3), event(4)]);
		assert.deepEqual(ranges(), [
			[1, 1],
			[3, 4],
		]);
	});

	it("are complete only with every event between the ends, in a file or in memory", () => {
		writeAuditFile(folder, [event(1), event(2)]);
		writeAuditFile(folder, [event(3)]);
		const whole = new AuditFiles(folder);
		assert.deepEqual([whole.isComplete(0, 3), whole.isComplete(0, 4)], [true, false]);
		whole.add([event(2), event(3), event(4), event(5)]);
		assert.deepEqual([whole.isComplete(0, 5), whole.isComplete(0, 6)], [true, false]);
		const [first, last] = listAuditFiles(folder);
		rmSync(join(folder, first?.name ?? ""));
		const cut = new AuditFiles(folder);
		assert.deepEqual(
			[cut.isComplete(0, 3), cut.isComplete(1, 3), cut.isComplete(2, 3)],
			[false, false, true],
		);
		rmSync(join(folder, last?.name ?? ""));
		const empty = new AuditFiles(folder);
		assert.deepEqual([empty.isComplete(0, 0), empty.isComplete(0, 1)], [true, false]);
		empty.add([event(2)]);
		assert.deepEqual([empty.isComplete(0, 2), empty.isComplete(1, 2)], [false, true]);
	});

	it("are followed by the events in memory, of which none is repeated on the next page, where some are missing", async () => {
		writeAuditFile(folder, [event(1), event(2)]);
		const audit = new AuditFiles(folder);
		audit.add([event(3), event(5), event(6)]);
		const pages: number[][] = [];
		let before: number | undefined;
		do {
			const page = await audit.list({}, { limit: 2, before, tail: 1 });
			pages.push(page.map(({ sequence }) => sequence));
			before = page.at(-1)?.sequence;
		} while (before !== undefined);
		assert.deepEqual(pages, [[6, 5], [3, 2], []]);
	});

	onFiles.it("that another one replaces are not read", async () => {
		const daemon = await TestDaemon.start();
		try {
			for (let count = 0; count < 4; count++) await daemon.create();
			await daemon.close();
			await daemon.open({ compactAtCloseBytes: 0 });
			await daemon.call("GET", "/v1/audit-events");
			await daemon.close();
			const [whole] = listAuditFiles(daemon.directory);
			const lines = readFileSync(join(daemon.directory, whole?.name ?? ""), "utf8")
				.trimEnd()
				.split("\n");
			for (const [first, last] of [
				[1, 2],
				[3, 4],
				[2, 3],
			] as const) {
				const bytes = Buffer.from(`${lines.slice(first - 1, last).join("\n")}\n`);
				writeFileSync(join(daemon.directory, `audit-${first}-${last}-${checksumOf(bytes)}.jsonl`), bytes);
			}
			await daemon.open();
			const { events, chain } = (await daemon.call("GET", "/v1/audit-events?verify=true")).body;
			assert.deepEqual(
				events.map(({ sequence }: AuditEvent) => sequence),
				[4, 3, 2, 1],
			);
			assert.deepEqual(chain, { intact: true, checked: 4, brokenAt: null });
		} finally {
			await daemon.remove();
		}
	});

	onFiles.it("cut an export off where one can't be read, and the daemon tells it and goes on", async () => {
		const daemon = await TestDaemon.start();
		try {
			await daemon.create();
			await daemon.close();
			await daemon.open({ compactAtCloseBytes: 0 });
			await daemon.call("GET", "/v1/audit-events");
			await daemon.close();
			await daemon.open();
			const [file] = listAuditFiles(daemon.directory);
			const later = Array.from({ length: 200 }, () => policyEvent);
			await daemon.store.write((transaction) => record(transaction, daemon.now.toISOString(), later));
			const path = join(daemon.directory, file?.name ?? "");
			rmSync(path);
			mkdirSync(path);
			await assert.rejects(daemon.call("GET", "/v1/audit-events?format=jsonl"), /terminated/);
			assert.deepEqual(
				daemon.failures.map((failure) => (failure as NodeJS.ErrnoException).code),
				["EISDIR"],
			);
			assert.equal((await daemon.call("GET", "/v1/audit-events?limit=1")).status, 200);
		} finally {
			await daemon.remove();
		}
	});
});
