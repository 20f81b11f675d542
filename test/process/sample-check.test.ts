/** The sample's `node check.mjs`, the first command that a new user runs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "./daemon.ts";

const sample = resolve(import.meta.dirname, "..", "workbench", "sample", "orders-service");
const whereElse =
	/"Copy curl Test" in a token's menu copies a command with its address\. Put the address into \.env, as in\nURL=http/;

describe("the sample's check", () => {
	let folder: string;
	let daemon: DaemonChild;
	before(async () => {
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
		mkdirSync(join(folder, "sample"));
		copyFileSync(join(sample, "check.mjs"), join(folder, "sample", "check.mjs"));
	});
	after(async () => {
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	it("is let in at the address that .env names", async () => {
		const { token } = await daemon.create("orders");
		assert.deepEqual(await check(token, daemon.file.url), [0, '200 "orders" may use orders.read\n']);
	});

	it("says where the address is and where to put it when no daemon, or another one, answers", async () => {
		const [code, said] = await check(generateSecret("tks"), daemon.file.url);
		assert.equal(code, 1);
		assert.match(said, /^401 refused/);
		assert.match(said, whereElse);
		const stranger = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
		await once(stranger, "listening");
		const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
		const [, atStranger] = await check(generateSecret("tks"), url);
		stranger.closeAllConnections();
		stranger.close();
		await once(stranger, "close");
		const [, atClosedPort] = await check(generateSecret("tks"), url);
		for (const words of [atStranger, atClosedPort]) {
			assert.ok(words.startsWith(`No Tokensmith daemon responds at ${url} (`), words);
			assert.match(words, whereElse);
		}
	});

	async function check(token: string, url: string): Promise<[code: number, said: string]> {
		writeFileSync(join(folder, "sample", ".env"), `API_TOKEN=${token}\nURL=${url}\n`);
		const env = { PATH: process.env.PATH };
		const child = spawn(process.execPath, ["check.mjs"], { cwd: join(folder, "sample"), env });
		const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
		return [code, said];
	}
});
