/** Where the daemon is found. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { readDaemonFile, TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { itWhere } from "../where.ts";
import { temporaryFolder } from "./harness.ts";

describe("a daemon.json that can't be read", () => {
	const key = "tko_the-key-of-the-daemon";
	const contents: [what: string, content: string][] = [
		["the key alone", key],
		["a file that ends early", `{"ownerKey":"${key}`],
		["a file without an address", JSON.stringify({ ownerKey: key, pid: 1 })],
		["an address with the key", JSON.stringify({ ownerKey: key, pid: 1, url: `${key}://` })],
		["a process id that is the key", JSON.stringify({ ownerKey: key, pid: key, url: "http://127.0.0.1:1" })],
		["no process id", JSON.stringify({ ownerKey: key, pid: 0, url: "http://127.0.0.1:1" })],
	];
	for (const [what, content] of contents) {
		it(`is reported without the key, also by what caused the error: ${what}`, async () => {
			const folder = temporaryFolder();
			try {
				writeFileSync(join(folder, "daemon.json"), content);
				const error = await readDaemonFile(folder).catch((reason) => reason);
				assert.ok(error instanceof TokensmithUnavailableError);
				assert.doesNotMatch(inspect(error, { depth: 10 }), /tko_/);
			} finally {
				rmSync(folder, { recursive: true });
			}
		});
	}
});

describe("a daemon.json that another user may have written", () => {
	let folder = "";
	let path = "";
	beforeEach(() => {
		folder = temporaryFolder();
		path = join(folder, "daemon.json");
		writeFileSync(path, JSON.stringify({ ownerKey: "tko_theirs", pid: 1, url: "http://127.0.0.1:1" }), {
			mode: 0o644,
		});
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const refused = async () => {
		const error = await readDaemonFile(folder).catch((reason) => reason);
		assert.ok(error instanceof TokensmithUnavailableError);
		assert.deepEqual([error.reason, error.outcome], ["unusable", "not-done"]);
		assert.match(error.message, /belongs to another user.*or give its address/);
	};

	it("is read if it is this user's, and others can only read it", async () => {
		assert.equal((await readDaemonFile(folder)).ownerKey, "tko_theirs");
	});

	itWhere(process.getuid?.() === 0, "only root can give a file away")("is not believed", async () => {
		chownSync(path, 65_534, 65_534);
		await refused();
	});

	itWhere(process.platform !== "win32", "Windows has no modes")(
		"is not believed while others can write to it",
		async () => {
			chmodSync(path, 0o664);
			await refused();
		},
	);

	itWhere(process.platform !== "win32", "Windows has no named pipes in folders")(
		"is not waited for if it is a named pipe",
		async () => {
			rmSync(path);
			execFileSync("mkfifo", ["-m", "600", path]);
			await assert.rejects(readDaemonFile(folder), /is no file that a daemon wrote/);
		},
	);
});
