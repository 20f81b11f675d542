/** The redo log as a file: its room, its lines, and what a failed append leaves. */
import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ChangeLog, type LogEntry, readLog } from "../../daemon/store/sqlite/change-log.ts";
import { temporaryFolder } from "./harness.ts";

describe("the change log", () => {
	it("has room for more lines while it is open, and ends with its last line when it is closed", async () => {
		const folder = temporaryFolder();
		const path = join(folder, "changes-1.log");
		const log = new ChangeLog(path, 0);
		const entries: LogEntry[] = [
			{ statements: [["insert", ["a"]]], events: [] },
			{ statements: [["insert", ["much".repeat(500_000)]]], events: ['{"sequence":1,"after":{"a":"ç"}}'] },
			{ statements: [["insert", ["b"]]], events: ['{"sequence":2}', '{"sequence":3}'] },
			{ statements: [], events: ['{"sequence":4}'] },
		];
		const lengths = new Set<number>();
		for (const entry of entries) {
			await log.append(entry, "none");
			const { size } = statSync(path);
			assert.ok(size > log.length);
			lengths.add(size);
			assert.deepEqual(readLog(path, () => {}).end, "whole");
		}
		assert.equal(lengths.size, 2, "only the line that did not fit made the file longer");
		log.close();
		assert.deepEqual(contentsOf(path), { entries, lines: 4, soundLength: statSync(path).size, end: "whole" });
		rmSync(folder, { recursive: true });
	});

	it("removes again what could not be written completely", async () => {
		const folder = temporaryFolder();
		const path = join(folder, "changes-1.log");
		const log = new ChangeLog(path, 0);
		await log.append({ statements: [["insert", ["a"]]], events: [] }, "served");
		// A closed file is the simplest disk that says no.
		log.close();
		await assert.rejects(log.append({ statements: [["insert", ["b"]]], events: [] }, "served"), /EBADF|log/);
		assert.deepEqual(contentsOf(path), {
			lines: 1,
			entries: [{ statements: [["insert", ["a"]]], events: [] }],
			soundLength: 34,
			end: "whole",
		});
		rmSync(folder, { recursive: true });
	});
});

function contentsOf(path: string) {
	const entries: LogEntry[] = [];
	return { ...readLog(path, (entry) => entries.push(entry)), entries };
}
