/** Where a client's options say that its daemon is, and which options are refused. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressForServices, fixedEndpoint, readDaemonFile } from "../../daemon/client/endpoint.ts";
import { endpointOf } from "../../daemon/client/endpoint-of.ts";
import type { Endpoint } from "../../daemon/client/proof.ts";
import { TokensmithUnavailableError } from "../../daemon/client/unavailable.ts";
import { Identity } from "../../daemon/rules/identity.ts";
import { temporaryFolder } from "./harness.ts";

const identity = Identity.generate().name;

describe("a daemon's address", () => {
	const understood: [address: string, ownerKey: string | undefined, endpoint: Omit<Endpoint, "ownerKey">][] =
		[
			[
				`http://${identity}@127.0.0.1:47600`,
				undefined,
				{ url: "http://127.0.0.1:47600", identity, path: "direct" },
			],
			[
				`http://${identity}:forwarded@127.0.0.1:47600//`,
				undefined,
				{ url: "http://127.0.0.1:47600", identity, path: "forwarded" },
			],
			[
				"https://example.com/tokens///",
				undefined,
				{ url: "https://example.com/tokens", identity: undefined, path: "direct" },
			],
			["http://127.0.0.1:1/", "tko_key", { url: "http://127.0.0.1:1", identity: undefined, path: "direct" }],
		];
	for (const [address, ownerKey, endpoint] of understood) {
		it(`is understood: ${address.replace(identity, "tki-…")}`, async () => {
			assert.deepEqual(await fixedEndpoint(address, ownerKey)(), { ...endpoint, ownerKey });
		});
	}

	const refused: [address: unknown, says: RegExp][] = [
		["127.0.0.1:47600", /must be an http or https address/],
		["ftp://127.0.0.1", /must be an http or https address/],
		["xhttp://127.0.0.1", /must be an http or https address/],
		[undefined, /must be an http or https address/],
		[`http://${identity}@127.0.0.1/?x`, /neither a query nor a fragment/],
		[`http://${identity}@127.0.0.1/#x`, /neither a query nor a fragment/],
		["http://tki-x@127.0.0.1", /is no identity of a daemon/],
		["https://tki-x@127.0.0.1", /is no identity of a daemon/],
		[`http://${identity}:other@127.0.0.1`, /must hold no password/],
		["http://127.0.0.1:47600", /^The url http:\/\/127\.0\.0\.1:47600 does not say which daemon is meant/],
	];
	for (const [address, says] of refused) {
		it(`is refused: ${String(address).replace(identity, "tki-…")}`, () => {
			assert.throws(
				() => fixedEndpoint(address as string, undefined),
				(error) => error instanceof TypeError && says.test(error.message),
			);
		});
	}

	it("for services has the identity", () => {
		const address = addressForServices("https://example.com/tokens", identity);
		assert.equal(address, `https://${identity}@example.com/tokens`);
	});
});

describe("the daemon of a client", () => {
	let dataDir = "";
	const before = { ...process.env };
	beforeEach(() => {
		dataDir = temporaryFolder();
	});
	afterEach(() => {
		rmSync(dataDir, { recursive: true });
		for (const name of ["TOKENSMITH_URL", "TOKENSMITH_DATA_DIR"]) {
			delete process.env[name];
			if (before[name] !== undefined) process.env[name] = before[name];
		}
	});

	function writeFile(port: number): void {
		const file = {
			url: `http://127.0.0.1:${port}`,
			ownerKey: "tko_key",
			pid: 1,
			protocol: 1,
			version: "1.0.0",
		};
		writeFileSync(join(dataDir, "daemon.json"), JSON.stringify(file), { mode: 0o600 });
	}

	it("is looked for in its data directory before each request", async () => {
		const { locate, start } = endpointOf({ dataDir });
		assert.equal(start, undefined);
		for (const port of [1, 2]) {
			writeFile(port);
			const { url, ownerKey } = await locate();
			assert.deepEqual([url, ownerKey], [`http://127.0.0.1:${port}`, "tko_key"]);
		}
	});

	it("is not running where the directory has no file, or is a file itself", async () => {
		for (const path of [join(dataDir, "none"), join(dataDir, "daemon.json")]) {
			if (path.endsWith("daemon.json")) writeFile(1);
			const error = await readDaemonFile(path).catch((reason: unknown) => reason);
			assert.ok(error instanceof TokensmithUnavailableError);
			assert.deepEqual([error.reason, error.outcome], ["not-running", "not-done"]);
			assert.match(error.message, /daemon\.json does not exist\. Start the daemon/);
			assert.ok(error.cause instanceof Error);
		}
	});

	it("can't be known where its file can't be read", async () => {
		mkdirSync(join(dataDir, "daemon.json"));
		const error = await readDaemonFile(dataDir).catch((reason: unknown) => reason);
		assert.ok(error instanceof TokensmithUnavailableError);
		assert.deepEqual([error.reason, error.outcome], ["unusable", "not-done"]);
		assert.match(error.message, /can't be read \(EISDIR\)\. Only the owner/);
	});

	it("is that of the environment where the options name none", async () => {
		delete process.env.TOKENSMITH_DATA_DIR;
		process.env.TOKENSMITH_URL = `http://${identity}@127.0.0.1:3`;
		assert.equal((await endpointOf({}).locate()).url, "http://127.0.0.1:3");
		writeFile(4);
		assert.equal((await endpointOf({ dataDir }).locate()).url, "http://127.0.0.1:4");
		const url = `http://${identity}@127.0.0.1:5`;
		assert.equal((await endpointOf({ url }).locate()).url, "http://127.0.0.1:5");
	});

	it("is started where that is asked for, and never at an address", () => {
		assert.ok(endpointOf({ dataDir, start: true }).start !== undefined);
		assert.ok(endpointOf({ dataDir, start: false }).start === undefined);
		const url = `http://${identity}@127.0.0.1:5`;
		assert.throws(() => endpointOf({ url, start: true }), /With a url no daemon can be started/);
		assert.ok(endpointOf({ url, start: false }).start === undefined);
		assert.throws(() => endpointOf({ dataDir, start: "yes" as never }), /start must be true or false/);
		assert.throws(() => endpointOf({ dataDir: "", start: true }), /dataDir is empty/);
	});
});
