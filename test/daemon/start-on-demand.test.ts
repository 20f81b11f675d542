/** A request that finds no daemon has it started, by a program in its place: once, and not again at once in vain. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { StartOnDemand } from "../../daemon/client/start-on-demand.ts";
import { TokensmithUnavailableError } from "../../daemon/client/unavailable.ts";
import { protocol } from "../../daemon/contract.ts";
import { type Loopback, loopback } from "../extension/loopback.ts";
import { temporaryFolder } from "./harness.ts";

const ownerKey = "tko_the-key";

describe("a start on demand", () => {
	let folder = "";
	let dataDir = "";
	let server: Loopback;
	beforeEach(async () => {
		folder = temporaryFolder();
		dataDir = join(folder, "data");
		server = await loopback((_request, response) => response.end(), ownerKey);
	});
	afterEach(() => {
		mock.timers.reset();
		server.close();
		rmSync(folder, { recursive: true, maxRetries: 10 });
	});

	const file = () => ({ url: server.url, pid: process.pid, protocol, version: "1.0.0", ownerKey });
	const starts = () =>
		existsSync(join(folder, "starts")) ? readFileSync(join(folder, "starts"), "utf8").length : 0;
	const note = () => `require("fs").appendFileSync(${JSON.stringify(join(folder, "starts"))}, ".");`;

	function write(text: string): void {
		writeFileSync(join(folder, "program.cjs"), text);
	}

	function onDemand(text: string): StartOnDemand {
		write(text);
		return new StartOnDemand(dataDir, () => join(folder, "program.cjs"));
	}

	/** A program that says where the server of this process is, as if that were its own. */
	const works = () => `${note()}
		require("fs").writeFileSync("daemon.json", '${JSON.stringify(file())}', { mode: 0o600 });
		console.log('${JSON.stringify({ event: "ready", url: server.url, pid: process.pid })}');`;
	const fails = () =>
		`${note()} console.log('${JSON.stringify({ event: "failed", code: "x", detail: "Free some space." })}');`;

	it("is not needed where a daemon has written its file", async () => {
		mkdirSync(dataDir, { mode: 0o700 });
		writeFileSync(join(dataDir, "daemon.json"), JSON.stringify(file()), { mode: 0o600 });
		assert.deepEqual(await onDemand(fails()).locate(), file());
		assert.equal(starts(), 0);
	});

	it("happens once for requests that wait for it, and again when it is needed again", async () => {
		const demand = onDemand(works());
		const found = await Promise.all([demand.locate(), demand.locate(), demand.start()]);
		assert.deepEqual(found, [file(), file(), file()]);
		assert.equal(starts(), 1);
		rmSync(join(dataDir, "daemon.json"));
		assert.deepEqual(await demand.locate(), file());
		assert.equal(starts(), 2);
	});

	it("is not tried where the daemon's file can't be believed", async () => {
		mkdirSync(dataDir, { mode: 0o700 });
		writeFileSync(join(dataDir, "daemon.json"), "{");
		await assert.rejects(onDemand(works()).locate(), /is no file that a daemon wrote/);
		assert.equal(starts(), 0);
	});

	it("that failed is not repeated for five seconds: requests get its error", async () => {
		mock.timers.enable({ apis: ["setTimeout"] });
		const demand = onDemand(fails());
		const first = await demand.locate().catch((error: unknown) => error);
		assert.match(String(first), /Free some space/);
		write(works());
		mock.timers.tick(4999);
		for (const again of [demand.locate, demand.start])
			assert.equal(await again().catch((error: unknown) => error), first);
		assert.equal(starts(), 1);
		mock.timers.tick(1);
		mock.timers.reset();
		assert.deepEqual(await demand.locate(), file());
		assert.equal(starts(), 2);
	});

	it("says that a service was bundled without the daemon, if it was", async () => {
		for (const demand of [new StartOnDemand(dataDir), createTokensmithClient({ dataDir, start: true })]) {
			const work = demand instanceof StartOnDemand ? demand.locate() : demand.list();
			const error = await work.catch((reason: unknown) => reason);
			assert.ok(error instanceof TokensmithUnavailableError);
			assert.deepEqual([error.reason, error.outcome], ["not-running", "not-done"]);
			assert.match(error.message, /daemon\.js does not exist\. Leave the package tokensmith out/);
		}
	});

	it("is none for a client that does not ask for it", async () => {
		for (const start of [undefined, false])
			await assert.rejects(createTokensmithClient({ dataDir, start }).list(), /No daemon runs for this data/);
		assert.ok(!existsSync(dataDir));
	});
});
