/** Which directories have data, and how a client has it deleted, by programs in the daemon's place. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeleteError, deleteAllData, hasData, seemsToHaveData } from "../../daemon/client/delete-data.ts";
import { temporaryFolder } from "./harness.ts";

describe("the data of a directory", () => {
	let folder = "";
	let dataDir = "";
	beforeEach(() => {
		folder = temporaryFolder();
		dataDir = join(folder, "data");
	});
	afterEach(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

	describe("is there", () => {
		const names: [name: string, isData: boolean][] = [
			["snapshot-1-00.db", true],
			["changes-1.log", true],
			["identity.pem", true],
			["deleting", true],
			["moved-in", true],
			["moving-up", true],
			["identity-pem", false],
			["my-snapshot-1", false],
			["snapshot", false],
			["daemon.log", false],
			["service", false],
		];
		for (const [name, isData] of names) {
			it(`${isData ? "with" : "not with"} ${name}`, () => {
				mkdirSync(dataDir);
				writeFileSync(join(dataDir, "notes.txt"), "");
				writeFileSync(join(dataDir, name), "");
				assert.deepEqual([hasData(dataDir), seemsToHaveData(dataDir)], [isData, isData]);
			});
		}

		it("not in a directory that is not there or is empty, nor in a file", () => {
			for (const make of [() => {}, () => mkdirSync(dataDir)]) {
				make();
				assert.equal(hasData(dataDir), false);
			}
			writeFileSync(join(folder, "file"), "");
			assert.equal(hasData(join(folder, "file")), false);
			assert.equal(hasData(join(folder, "file", "below")), false);
		});

		it("perhaps in one that can't be read: a question says so, a hint does not", () => {
			const unreadable = join(folder, "x".repeat(300));
			assert.throws(() => hasData(unreadable), /can't be read \(ENAMETOOLONG\)/);
			assert.equal(seemsToHaveData(unreadable), false);
		});
	});

	describe("is deleted by a daemon", () => {
		function program(text: string): string {
			const path = join(folder, "program.cjs");
			writeFileSync(path, text);
			return path;
		}
		const deletion = (text: string) => deleteAllData({ dataDir, daemonPath: program(text), word: "a word" });
		const says = (line: object) => deletion(`console.log('${JSON.stringify(line)}')`);
		const failure = async (deleting: Promise<unknown>) => {
			const error = await deleting.catch((reason: unknown) => reason);
			assert.ok(error instanceof DeleteError, String(error));
			assert.equal(error.name, "DeleteError");
			return [error.outcome, error.message] as const;
		};

		it("that gets the typed word, and says what is left", async () => {
			const left = await deletion(
				`console.log(JSON.stringify({ event: "deleted", left: process.argv.slice(2) }))`,
			);
			assert.deepEqual(left, ["--data-dir", dataDir, "--delete-data", "a word"]);
		});

		it("that may refuse, or find another one there: then all is where it was", async () => {
			const refused = { event: "failed", code: "wrong-word", detail: "Type the word." };
			assert.deepEqual(await failure(says(refused)), ["not-done", "Type the word."]);
			const held = { event: "held", pid: 1 };
			assert.deepEqual(await failure(says(held)), ["not-done", "Another daemon holds it."]);
		});

		it("that may crash: then it is not known how far it came", async () => {
			const [outcome, message] = await failure(deletion("console.error('broken'); process.exit(3)"));
			assert.equal(outcome, "unknown");
			assert.match(message, /the next start of the daemon finishes it\. broken$/);
			assert.match((await failure(deletion("process.exit(3)")))[1], /finishes it\. Error: .*exit code 3/);
		});

		it("that is not started where the directory can't be written", async () => {
			writeFileSync(join(folder, "file"), "");
			dataDir = join(folder, "file", "data");
			const [outcome, message] = await failure(says({ event: "deleted", left: [] }));
			assert.equal(outcome, "not-done");
			assert.match(message, /^Nothing was deleted: .*\(ENOTDIR\)\.$/);
		});
	});
});
