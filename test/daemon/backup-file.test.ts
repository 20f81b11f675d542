/** A backup as a file: private, whole or not there, and in no other file's place by mistake. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { completeBackup, writeBackupFile } from "../../daemon/client/backup-file.ts";
import { itWhere } from "../where.ts";
import { temporaryFolder } from "./harness.ts";

const backup = '{"kind":"token"}\n{"kind":"end","sha256":"00"}\n';

describe("a backup as a file", () => {
	let folder = "";
	let path = "";
	beforeEach(() => {
		folder = temporaryFolder();
		path = join(folder, "tokens.jsonl");
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const write = (existing: "replace" | "keep", text = [backup], signal?: AbortSignal) =>
		writeBackupFile(piecesOf(text), path, { existing, ...(signal && { signal }) });
	const others = () => readdirSync(folder).filter((name) => name !== "tokens.jsonl");

	for (const existing of ["replace", "keep"] as const) {
		it(`is one file with all of it, for its owner alone (${existing})`, async () => {
			await write(existing, [...backup]);
			assert.equal(readFileSync(path, "utf8"), backup);
			if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
			assert.deepEqual(others(), []);
		});

		it(`leaves a file as it is, and nothing beside it, when the backup ends early (${existing})`, async () => {
			if (existing === "replace") writeFileSync(path, "before");
			await assert.rejects(write(existing, ['{"kind":"token"}\n']), /not send the backup to its end/);
			assert.deepEqual(readdirSync(folder), existing === "replace" ? ["tokens.jsonl"] : []);
			if (existing === "replace") assert.equal(readFileSync(path, "utf8"), "before");
		});
	}

	it("replaces a file only where it may", async () => {
		writeFileSync(path, "before", { mode: 0o644 });
		await assert.rejects(write("keep"), { code: "EEXIST" });
		assert.equal(readFileSync(path, "utf8"), "before");
		assert.deepEqual(others(), []);
		await write("replace");
		assert.equal(readFileSync(path, "utf8"), backup);
		if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	itWhere(process.platform !== "win32", "links need rights on Windows")(
		"replaces what a link leads to, and keeps the link",
		async () => {
			mkdirSync(join(folder, "elsewhere"));
			const target = join(folder, "elsewhere", "target");
			writeFileSync(target, "before");
			symlinkSync(target, path);
			await write("replace");
			assert.ok(lstatSync(path).isSymbolicLink());
			assert.equal(readFileSync(target, "utf8"), backup);
			assert.deepEqual(readdirSync(join(folder, "elsewhere")), ["target"]);
			assert.deepEqual(others(), ["elsewhere"]);
		},
	);

	itWhere(process.platform !== "win32", "Windows has no named pipes in folders")(
		"takes no place of what is no file",
		async () => {
			execFileSync("mkfifo", [path]);
			for (const existing of ["replace", "keep"] as const)
				await assert.rejects(write(existing), /is no file, so no backup can be written/);
			assert.ok(lstatSync(path).isFIFO());
			assert.deepEqual(others(), []);
		},
	);

	it("is not there after it was cancelled", async () => {
		const cancelled = new AbortController();
		async function* endless() {
			for (let count = 0; ; count++) {
				if (count === 10) cancelled.abort();
				yield '{"kind":"token"}\n';
			}
		}
		const writing = writeBackupFile(endless(), path, { existing: "keep", signal: cancelled.signal });
		await assert.rejects(writing, { name: "AbortError" });
		assert.deepEqual(readdirSync(folder), []);
	});

	const incomplete = [
		"",
		'{"kind":"end","sha256":"00"}\n',
		'{"kind":"token"}\n{"kind":"end","sha256":"00"}',
		'{"kind":"token"}\n{"kind":"end","sha256":"00"\n',
		'{"kind":"token"}\n{"kind":"end","sha256":"00"}\n{"kind":"token"}\n',
		'{"kind":"token","name":"{"kind":"end","sha256":"00"}\n',
	];
	for (const text of incomplete) {
		it(`is not complete as ${JSON.stringify(text)}`, async () => {
			await assert.rejects(textOf([text]), /not send the backup to its end/);
		});
	}

	it("is complete however long it is, and in whatever pieces it arrives", async () => {
		const long = `${'{"kind":"token"}\n'.repeat(1000)}{"kind":"end","sha256":"${"0".repeat(64)}"}\n`;
		for (const pieces of [[long], [...long], long.split(/(?<=\n)/)]) assert.equal(await textOf(pieces), long);
	});
});

async function textOf(pieces: string[]): Promise<string> {
	let text = "";
	for await (const piece of completeBackup(piecesOf(pieces))) text += piece;
	return text;
}

async function* piecesOf(pieces: string[]): AsyncGenerator<string> {
	yield* pieces;
}
