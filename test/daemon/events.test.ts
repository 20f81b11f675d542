/** The events that a daemon sends to its listeners, over real HTTP. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import { ownerKey, TestDaemon } from "./harness.ts";

describe("the API's events", () => {
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start();
	});
	after(async () => {
		assert.deepEqual(daemon.failures, [], "no request failed inside the daemon");
		await daemon.remove();
	});

	it("GET /v1/events sends every change to every listener, after a hello", async () => {
		const listeners = await Promise.all([listen(daemon.url), listen(daemon.url)]);
		const { id } = await daemon.create({ name: "watched" });
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		for (const listener of listeners) {
			const events = await listener.until((all) => all.some((event) => event.data.change === "revoked"));
			assert.deepEqual(events[0], { name: "hello", data: { version: "1.2.3", protocol: 1, notices: [] } });
			const changes = events
				.filter((event) => event.name === "token")
				.map((event) => [event.name, event.data.change, event.data.token.id]);
			assert.deepEqual(changes, [
				["token", "created", id],
				["token", "revoked", id],
			]);
			assert.doesNotMatch(JSON.stringify(events), /tks_[0-9A-Za-z]{38}|sha256:/);
			listener.close();
		}
	});

	const ends: [what: string, end: (id: string) => Promise<unknown>][] = [
		["is revoked", (id) => daemon.call("DELETE", `/v1/api-tokens/${id}`)],
		["is disabled", (id) => daemon.call("POST", `/v1/api-tokens/${id}/disable`)],
		["is rotated without an overlap", (id) => daemon.rotate(id, { overlapSeconds: 0 })],
		["lost the permission", (id) => daemon.patch(id, { permissions: ["orders.read"] })],
		[
			"has expired",
			async () => {
				daemon.now = new Date(daemon.now.getTime() + 31 * 86_400_000);
			},
		],
	];
	for (const [what, end] of ends) {
		it(`GET /v1/events sends a token nothing more once it ${what}`, async () => {
			const reader = await daemon.create({ permissions: ["api.api-tokens.read"] });
			const listener = await listen(daemon.url, reader.token);
			await listener.until((all) => all.length === 1);
			await end(reader.id);
			await daemon.create({ name: "made later" });
			assert.doesNotMatch(JSON.stringify(await listener.rest()), /made later/);
		});
	}
});

describe("the stream of events", () => {
	it("answers HEAD at once, and is none then", async () => {
		const daemon = await TestDaemon.start();
		try {
			const { status, headers } = await daemon.call("HEAD", "/v1/events");
			assert.deepEqual([status, headers.get("content-type")], [200, "text/event-stream"]);
			assert.equal(daemon.events.listeners, 0);
		} finally {
			await daemon.remove();
		}
	});

	it("ends in order when the daemon stops, so that a listener knows that nothing was cut off", async () => {
		const daemon = await TestDaemon.start();
		const listener = await listen(daemon.url);
		const rest = listener.rest();
		await daemon.remove();
		assert.deepEqual(
			(await rest).map(({ name }) => name),
			["hello"],
		);
	});
});

describe("a stream of events on which nothing happens", () => {
	it("has a comment every twenty seconds, so that no proxy takes it for dead", async () => {
		mock.timers.enable({ apis: ["setInterval"] });
		const daemon = await TestDaemon.start();
		try {
			const headers = { authorization: `Bearer ${ownerKey}` };
			const response = await fetch(`${daemon.url}/v1/events`, { headers });
			const reader = (response.body as ReadableStream<Uint8Array>).getReader();
			const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
			assert.match(await next(), /^event: hello\n/);
			mock.timers.tick(19_999);
			daemon.events.notify("connections", () => ({ connections: [] }));
			assert.match(await next(), /^event: connections\n/);
			mock.timers.tick(1);
			assert.equal(await next(), ":\n\n");
			await reader.cancel();
		} finally {
			mock.timers.reset();
			await daemon.remove();
		}
	});
});

interface Listener {
	until(satisfied: (events: ReceivedEvent[]) => boolean): Promise<ReceivedEvent[]>;
	/** The events until the daemon ends the stream. */
	rest(): Promise<ReceivedEvent[]>;
	close(): void;
}

interface ReceivedEvent {
	name: string;
	// biome-ignore lint/suspicious/noExplicitAny: events of every shape
	data: any;
}

async function listen(url: string, secret = ownerKey): Promise<Listener> {
	const abort = new AbortController();
	const headers = { authorization: `Bearer ${secret}` };
	const response = await fetch(`${url}/v1/events`, { headers, signal: abort.signal });
	const reader = (response.body as ReadableStream<Uint8Array>).getReader();
	let text = "";
	const parsed = () =>
		text
			.split("\n\n")
			.slice(0, -1)
			.filter((block) => !block.startsWith(":"))
			.map((block) => {
				const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)/.exec(block) ?? [];
				return { name, data: JSON.parse(data) };
			});
	return {
		async until(satisfied) {
			while (!satisfied(parsed())) {
				const { value, done } = await reader.read();
				assert.ok(!done, "the stream ended");
				text += Buffer.from(value).toString();
			}
			return parsed();
		},
		async rest() {
			for (;;) {
				const { value, done } = await reader.read();
				if (done) return parsed();
				text += Buffer.from(value).toString();
			}
		},
		close: () => abort.abort(),
	};
}
