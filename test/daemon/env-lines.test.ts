import assert from "node:assert/strict";
import {
	chmodSync,
	chownSync,
	linkSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLine, writeLine } from "../../daemon/cli/env-lines.ts";

describe("the line that setup writes", () => {
	let folder = "";
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "env-lines-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const at = (name: string) => join(folder, name);
	const put = (text: string) => writeFileSync(at(".env"), text);
	const read = () => readFileSync(at(".env"), "utf8");
	const write = (expected: string | null = null) =>
		writeLine(folder, ".env", { key: "K", value: "new", expected });

	/** Before a token is created for the line, and when it is written. */
	async function checkRefused(words: RegExp): Promise<void> {
		await assert.rejects(readLine(folder, ".env", "K"), words);
		await assert.rejects(write(), words);
		assert.deepEqual(
			readdirSync(folder).filter((name) => name.endsWith(".tmp")),
			[],
		);
	}

	it("keeps the file's mode, and a new file is private", async () => {
		await write();
		assert.equal(statSync(at(".env")).mode & 0o777, 0o600);
		chmodSync(at(".env"), 0o664);
		await write("new");
		assert.equal(statSync(at(".env")).mode & 0o777, 0o664);
		assert.equal(read(), "K=new\n");
	});

	it("is written where links lead to, which stay", async () => {
		writeFileSync(at("real"), "A=1\n");
		symlinkSync("real", at("next"));
		symlinkSync("next", at(".env"));
		await write();
		assert.ok(lstatSync(at(".env")).isSymbolicLink() && lstatSync(at("next")).isSymbolicLink());
		assert.equal(readFileSync(at("real"), "utf8"), "A=1\nK=new\n");
	});

	it("is not written to a file that is read-only", async () => {
		put("A=1\n");
		chmodSync(at(".env"), 0o444);
		await checkRefused(/is read-only: make it writable/);
		assert.equal(read(), "A=1\n");
	});

	it("is not written to a file with another name, which would keep the old text", async () => {
		put("A=1\n");
		linkSync(at(".env"), at("other"));
		await checkRefused(/has several names \(hard links\), of which one alone would be changed/);
		assert.equal(statSync(at(".env")).ino, statSync(at("other")).ino);
	});

	it("is not written in place of a link that leads to no file, or to itself", async () => {
		symlinkSync("none", at(".env"));
		await checkRefused(/is a link to a file that does not exist/);
		assert.ok(lstatSync(at(".env")).isSymbolicLink());
		rmSync(at(".env"));
		symlinkSync(".env", at(".env"));
		await checkRefused(/is a link that leads to itself/);
	});

	it("is not written if the folder changes meanwhile so that it can't be", async () => {
		put("A=1\n");
		await readLine(folder, ".env", "K");
		rmSync(at(".env"));
		mkdirSync(at(".env"));
		await assert.rejects(write(), /is a folder, not a file/);
	});

	it("is not written to a file that gets another text meanwhile", async () => {
		put("A=1\n");
		const refused = assert.rejects(write(), /has just been changed by another program/);
		const isBeingWritten = () => readdirSync(folder).some((name) => name.endsWith(".tmp"));
		const deadline = Date.now() + 10_000;
		while (!isBeingWritten() && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
		put("A=2\n");
		await refused;
		assert.deepEqual([read(), readdirSync(folder)], ["A=2\n", [".env"]]);
	});

	if (process.getuid?.() === 0)
		it("keeps the file's owner", async () => {
			put("A=1\n");
			chownSync(at(".env"), 1234, 1235);
			await write();
			const { uid, gid } = statSync(at(".env"));
			assert.deepEqual([uid, gid], [1234, 1235]);
		});
});
