/** How long a client waits for a daemon that does not answer, by a clock in the test's hands. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { mock } from "node:test";
import { createTokensmithClient, type TokensmithClient } from "../../daemon/client/client.ts";
import { TokensmithUnavailableError } from "../../daemon/client/unavailable.ts";
import { Client } from "../../extension/daemon/client.ts";
import { type Loopback, loopback } from "../extension/loopback.ts";

const ownerKey = "tko_the-key";
const access = { credential: "of another system" };

describe("a client waits", () => {
	let server: Loopback;
	/** When the next request arrives. */
	let arrived: () => Promise<void>;
	beforeEach(async () => {
		const waiting = [Promise.withResolvers<void>()];
		server = await loopback(() => {
			waiting.at(-1)?.resolve();
			waiting.push(Promise.withResolvers());
		}, ownerKey);
		arrived = () => waiting.at(-1)?.promise ?? Promise.resolve();
	});
	afterEach(() => {
		mock.timers.reset();
		server.close();
	});

	/** A few turns of the event loop, in which an error would be told. */
	async function turns(): Promise<void> {
		for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
	}

	async function assertWaits(work: Promise<unknown>, milliseconds: number): Promise<void> {
		const errors: unknown[] = [];
		const ended = work.catch((reason: unknown) => void errors.push(reason));
		mock.timers.tick(milliseconds - 1);
		await turns();
		assert.equal(errors.length, 0, `longer than ${milliseconds - 1} ms`);
		mock.timers.tick(1);
		await ended;
		const [error] = errors;
		assert.ok(error instanceof TokensmithUnavailableError, String(error));
		assert.equal(error.reason, "timeout");
	}

	type Row = [what: string, milliseconds: number, ask: (client: TokensmithClient) => Promise<unknown>];
	const open = () => Readable.from(["a backup"]);
	const rows: Row[] = [
		["a verification", 2000, (it) => it.verify("tks_x")],
		["any other answer", 10_000, (it) => it.list()],
		["a change", 10_000, (it) => it.create({ name: "x" })],
		["what calls another system", 60_000, (it) => it.probe("x", "secret")],
		["a restore", 600_000, (it) => it.restore(open)],
		["a hand-over", 600_000, (it) => it.handOver(open)],
	];
	for (const [what, milliseconds, ask] of rows) {
		it(`${milliseconds} ms for ${what}`, async () => {
			mock.timers.enable({ apis: ["setTimeout"] });
			const work = ask(createTokensmithClient({ url: server.url, ownerKey }));
			await arrived();
			await assertWaits(work, milliseconds);
		});
	}

	it("60,000 ms for each change where it acts at another system, and as long as its options say", async () => {
		mock.timers.enable({ apis: ["setTimeout"] });
		const acting = createTokensmithClient({ url: server.url, ownerKey, access });
		const change = acting.create({ name: "x" });
		await arrived();
		await assertWaits(change, 60_000);
		const reading = acting.list();
		await arrived();
		await assertWaits(reading, 10_000);
		const patient = createTokensmithClient({ url: server.url, ownerKey, timeoutMilliseconds: 5000 });
		for (const ask of [
			() => patient.verify("tks_x"),
			() => patient.list(),
			() => patient.probe("x", "secret"),
		]) {
			const work = ask();
			await arrived();
			await assertWaits(work, 5000);
		}
	});

	it("600,000 ms for a restore in the extension", async () => {
		mock.timers.enable({ apis: ["setTimeout"] });
		const client = new Client(async () => ({ url: server.url, ownerKey }), { timeout: 5000 });
		const work = client.restore(open, "restore");
		await arrived();
		await assertWaits(work, 600_000);
	});

	it("2000 ms for a connection and its proof", async () => {
		const sockets: Socket[] = [];
		const silent = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
		await once(silent, "listening");
		try {
			mock.timers.enable({ apis: ["setTimeout"] });
			const { port } = Object(silent.address());
			const work = createTokensmithClient({ url: `http://127.0.0.1:${port}`, ownerKey }).list();
			const [socket] = await once(silent, "connection");
			await once(socket, "data");
			await assertWaits(work, 2000);
		} finally {
			for (const socket of sockets) socket.destroy();
			silent.close();
		}
	});

	it("for no answer longer than that which has come", async () => {
		const answering = await loopback(
			(_request, response) => response.end('{"tokens":[],"nextCursor":null}'),
			ownerKey,
		);
		try {
			mock.timers.enable({ apis: ["setTimeout"] });
			const client = createTokensmithClient({ url: answering.url, ownerKey });
			assert.deepEqual(await client.list(), []);
			// No timer of an earlier request, or of a proof, breaks a later one.
			mock.timers.tick(60_000);
			await turns();
			assert.deepEqual(await client.list(), []);
		} finally {
			answering.close();
		}
	});
});
