/** The note of a move that has begun: which other move it stops, and which process may go on with it. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkBegun, forgetBegun, noteBegun } from "../../daemon/cli/begun-move.ts";
import { temporaryFolder } from "./harness.ts";

const move = { from: "/data", to: "https://team.example" };
const dead = 2 ** 22 + 1;

describe("the note of a move", () => {
	let folder = "";
	let before: string | undefined;
	beforeEach(() => {
		folder = temporaryFolder();
		before = process.env.TOKENSMITH_CONFIG_DIR;
		process.env.TOKENSMITH_CONFIG_DIR = folder;
	});
	afterEach(() => {
		delete process.env.TOKENSMITH_CONFIG_DIR;
		if (before !== undefined) process.env.TOKENSMITH_CONFIG_DIR = before;
		rmSync(folder, { recursive: true });
	});

	const path = () => join(folder, "move.json");
	const note = () => JSON.parse(readFileSync(path(), "utf8"));
	const write = (content: unknown) =>
		writeFileSync(path(), typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
	const files = () => readdirSync(folder);

	it("is not there before a move, names it and its process while it lasts, and is gone after it", () => {
		assert.equal(checkBegun(move), false);
		noteBegun(move, false);
		assert.deepEqual(note(), { ...move, pid: process.pid });
		assert.deepEqual(files(), ["move.json"]);
		if (process.platform !== "win32") assert.equal(statSync(path()).mode & 0o777, 0o600);
		forgetBegun();
		assert.deepEqual(files(), []);
		assert.equal(checkBegun(move), false);
	});

	for (const pid of [undefined, dead, process.pid]) {
		it(`lets the same move go on where its process ${pid === undefined ? "is not known" : pid === dead ? "has ended" : "is this one"}`, () => {
			write({ ...move, pid });
			assert.equal(checkBegun(move), true);
			noteBegun(move, true);
			assert.deepEqual(note(), { ...move, pid: process.pid });
			assert.deepEqual(files(), ["move.json"]);
		});
	}

	it("stops every other move, which could leave tokens valid at two places", () => {
		write({ ...move, pid: dead });
		for (const other of [
			{ ...move, to: "https://other.example" },
			{ ...move, from: "/other" },
		]) {
			assert.throws(
				() => checkBegun(other),
				/^Error: A move from \/data to https:\/\/team\.example has not ended/,
			);
			assert.throws(() => noteBegun(other, true), /Another move has begun meanwhile/);
			assert.throws(() => noteBegun(other, false), /Another move has begun meanwhile/);
			assert.deepEqual([note(), files()], [{ ...move, pid: dead }, ["move.json"]]);
		}
	});

	it("stops the same move while another process is at it", () => {
		write({ ...move, pid: process.ppid });
		assert.throws(() => checkBegun(move), new RegExp(`under way already, in the process ${process.ppid}`));
		assert.throws(() => noteBegun(move, true), /Another move has begun meanwhile/);
		assert.deepEqual([note(), files()], [{ ...move, pid: process.ppid }, ["move.json"]]);
	});

	it("stops a move that was checked before another one began", () => {
		assert.equal(checkBegun(move), false);
		write({ ...move, pid: dead });
		assert.throws(() => noteBegun(move, false), /Nothing was moved by this one/);
	});

	it("is written anew where it went between the check and the start, also with its folder", () => {
		noteBegun(move, true);
		assert.deepEqual(note(), { ...move, pid: process.pid });
		rmSync(folder, { recursive: true });
		noteBegun(move, true);
		assert.deepEqual(note(), { ...move, pid: process.pid });
	});

	const claims: [left: Record<string, "dead" | "alive">, isTaken: boolean][] = [
		[{ 1: "dead" }, true],
		[{ 9: "dead", 10: "dead", 2: "dead" }, true],
		[{ 1: "alive" }, false],
		[{ 9: "dead", 10: "alive", 2: "dead" }, false],
		[{ 9: "alive", 10: "dead" }, true],
		[{ x: "alive" }, true],
	];
	for (const [left, isTaken] of claims) {
		it(`${isTaken ? "is" : "is not"} taken over beside the claims ${JSON.stringify(left)}: the newest counts`, () => {
			write({ ...move, pid: dead });
			for (const [number, state] of Object.entries(left)) {
				const pid = String(state === "dead" ? dead : process.ppid);
				writeFileSync(join(folder, `move.json.claim-${number}`), pid, { mode: 0o600 });
			}
			const before = files();
			if (isTaken) noteBegun(move, true);
			else assert.throws(() => noteBegun(move, true), /Another move has begun meanwhile/);
			assert.equal(note().pid, isTaken ? process.pid : dead);
			assert.deepEqual(files(), isTaken ? files().filter((name) => !/-\d+$/.test(name)) : before);
		});
	}

	it("stops every move while it is damaged, and says which file to remove", () => {
		write("{");
		for (const work of [() => checkBegun(move), () => noteBegun(move, true)])
			assert.throws(work, /move\.json is damaged, which tells of a move that has not ended/);
		assert.deepEqual(files(), ["move.json"]);
		write("null");
		assert.throws(() => checkBegun(move), /has not ended/);
	});

	it("is not believed where others could have written it", () => {
		if (process.platform === "win32") return;
		write({ ...move, pid: dead });
		chmodSync(path(), 0o644);
		assert.throws(() => checkBegun(move), /Other users can read or change/);
		assert.ok(existsSync(path()));
	});
});
