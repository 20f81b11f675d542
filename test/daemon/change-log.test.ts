/** The redo log as files: its room, its lines, its copy, and what a failed append leaves. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { ChangeLog, createLog } from "../../daemon/store/sqlite/change-log.ts";
import { type LogEntry, type ParsedLine, parseJson } from "../../daemon/store/sqlite/log-lines.ts";
import { LogReader } from "../../daemon/store/sqlite/log-reader.ts";
import { copyPath, logPath } from "../../daemon/store/sqlite/snapshot.ts";
import { temporaryFolder } from "./harness.ts";

describe("the change log", () => {
	let folder: string;
	let path: string;
	beforeEach(() => {
		folder = temporaryFolder();
		path = logPath(folder, 1);
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it("always ends with room, and so does its copy", async () => {
		const log = newLog();
		const entries: LogEntry[] = [
			{ statements: [["insert", ["a"]]], events: [] },
			{ statements: [["insert", ["much".repeat(500_000)]]], events: ['{"sequence":1,"after":{"a":"ç"}}'] },
			{ statements: [["insert", ["b"]]], events: ['{"sequence":2}', '{"sequence":3}'] },
			{ statements: [], events: ['{"sequence":4}'] },
		];
		const lengths = new Set<number>();
		for (const entry of entries) {
			await log.append(entry, "none");
			lengths.add(statSync(path).size);
			assert.ok(statSync(path).size > log.length);
			const end = readFileSync(copyPath(folder, 1)).subarray(log.length);
			assert.ok(end.length > 0 && end.every((byte) => byte === 0));
		}
		assert.equal(lengths.size, 2, "only the line that did not fit made the file longer");
		log.end("index");
		const { parsed, reader } = contents();
		assert.deepEqual(parsed, [
			{ begin: { follows: "nothing" } },
			...entries.map((entry) => ({ entry })),
			{ end: { index: "index" } },
		]);
		assert.deepEqual([reader.isSound, reader.isCopySound, reader.isEndKnown], [true, true, true]);
		const copy = readFileSync(copyPath(folder, 1));
		assert.ok(readFileSync(path).subarray(0, copy.length).equals(copy));
		truncateSync(copyPath(folder, 1), log.length);
		const isKnown = () => contents().reader.isEndKnown;
		assert.ok(isKnown(), "by the log's room");
		truncateSync(path, log.length);
		assert.ok(!isKnown(), "by a copy that was cut as well");
	});

	it("names a statement again after a line that named it was refused", async () => {
		const log = newLog();
		const fits = ["insert", ["a"]] as const;
		const refused = { statements: [fits, ["insert", [1n as never]]], events: [] } satisfies LogEntry;
		for (let round = 0; round < 2; round++) await assert.rejects(log.append(refused, "none"), TypeError);
		await log.append({ statements: [fits], events: [] }, "none");
		log.close();
		const { parsed } = contents();
		assert.deepEqual(parsed[1], { entry: { statements: [fits], events: [] } });
	});

	it("tells a statement's text in two lines, so that neither alone is needed to read the others", async () => {
		const log = newLog();
		for (const name of ["a", "b", "c"])
			await log.append({ statements: [["insert", [name]]], events: [] }, "none");
		log.close();
		for (const damaged of [1, 2]) {
			const texts = new Map<string, string>();
			const lines = Array.from(new LogReader(folder, 1, true).lines(), ({ json }) => Buffer.from(json));
			const read = lines.filter((_, number) => number !== damaged).map((json) => parseJson(json, texts));
			assert.ok(read.every((line) => line !== undefined));
		}
	});

	it("takes from its copy what it has lost, and from it what the copy has lost", async () => {
		const log = newLog();
		for (const name of ["a", "b", "c"])
			await log.append({ statements: [["insert", [name]]], events: [] }, "none");
		log.end(null);
		truncateSync(path, log.length + 64);
		const whole = contents().parsed;
		for (const damaged of [path, copyPath(folder, 1)]) {
			const bytes = readFileSync(damaged);
			for (let at = 0; at < log.length; at++) {
				const flipped = Buffer.from(bytes);
				flipped[at] = (flipped[at] ?? 0) ^ 1;
				for (const wrong of [flipped, bytes.subarray(0, at)]) {
					writeFileSync(damaged, wrong);
					const { parsed, reader } = contents();
					assert.deepEqual(parsed, whole, `at ${at}`);
					assert.equal(reader.isSound && reader.isCopySound && reader.copy.lines >= reader.log.lines, false);
					assert.ok(reader.isEndKnown);
				}
			}
			writeFileSync(damaged, bytes);
		}
	});

	function newLog(): ChangeLog {
		return new ChangeLog(folder, 1, createLog(folder, 1, "nothing"));
	}

	function contents(): { parsed: (ParsedLine | undefined)[]; reader: LogReader } {
		const reader = new LogReader(folder, 1, true);
		const texts = new Map<string, string>();
		const parsed = Array.from(reader.lines(), ({ json }) => parseJson(json, texts));
		return { parsed, reader };
	}
});
