/** Where the daemon is found. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { readDaemonFile, TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { temporaryFolder } from "./harness.ts";

describe("a daemon.json that can't be read", () => {
	const key = "tko_the-key-of-the-daemon";
	const contents: [what: string, content: string][] = [
		["the key alone", key],
		["a file that ends early", `{"ownerKey":"${key}`],
		["a file without an address", JSON.stringify({ ownerKey: key, pid: 1 })],
		["an address with the key", JSON.stringify({ ownerKey: key, pid: 1, url: `${key}://` })],
		["a process id that is the key", JSON.stringify({ ownerKey: key, pid: key, url: "http://127.0.0.1:1" })],
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
