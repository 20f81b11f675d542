/** Server-sent events, in whatever pieces they arrive. */
import assert from "node:assert/strict";
import { readEvents, type ServerEventListener } from "../../extension/daemon/event-stream.ts";
import { tokenRecord } from "./a-token.ts";

const token = { ...tokenRecord("one"), status: "active" };

describe("a stream of events", () => {
	async function eventsOf(pieces: Iterable<string>, server?: string): Promise<unknown[]> {
		const events: unknown[] = [];
		const onEvent: ServerEventListener = (name, data, id) => void events.push([name, data, id]);
		await readEvents(toStream(pieces), onEvent, server);
		return events;
	}

	const text =
		'id: 7\nevent: profiles\ndata: {"profiles":[]}\n\n: alive\n\nevent: connections\ndata: {"connections":[]}\n\n';
	const events = [
		["profiles", { profiles: [] }, "7"],
		["connections", { connections: [] }, undefined],
	];

	it("tells each with its name, its data and its id, however it is cut", async () => {
		for (const pieces of [[text], [...text], text.split(/(?<=\n)/)])
			assert.deepEqual(await eventsOf(pieces), events);
	});

	it("tells no event that this version does not know, and none that has not ended", async () => {
		const unknown =
			'event: newer\ndata: {\n\nevent: toString\ndata: {}\n\ndata: {}\n\nevent: profiles\ndata: {"x"';
		assert.deepEqual(await eventsOf([text, unknown]), events);
	});

	it("tells no id that can't be sent back", async () => {
		const ids = ["x".repeat(100), "x".repeat(101), "two words", "é", ""];
		const told = await eventsOf(ids.map((id) => `id: ${id}\nevent: profiles\ndata: {"profiles":[]}\n\n`));
		assert.deepEqual(
			told.map((event) => (event as unknown[])[2]),
			["x".repeat(100), undefined, undefined, undefined, undefined],
		);
	});

	it("ends with an error at what is no event, or what its reader throws", async () => {
		await assert.rejects(eventsOf(["event: profiles\ndata: {\n\n"]), SyntaxError);
		const refuse = () => {
			throw new Error("refused");
		};
		await assert.rejects(readEvents(toStream([text]), refuse, undefined), /refused/);
	});

	it("of a server is checked, and has the server's ids", async () => {
		const key = "srv-00000001";
		const event = `event: token\ndata: ${JSON.stringify({ change: "created", token })}\n\n`;
		const [told] = await eventsOf([event], key);
		const [name, data] = told as [string, { token: { id: string } }];
		assert.deepEqual([name, data.token.id], ["token", `${key}~one`]);
		assert.deepEqual(await eventsOf([event]), [["token", { change: "created", token }, undefined]]);
		const shapeless = 'event: token\ndata: {"change":"created","token":{"id":"one"}}\n\n';
		await assert.rejects(eventsOf([shapeless], key), /not as expected/);
		assert.equal((await eventsOf([shapeless])).length, 1, "this machine's daemon needs no check");
	});

	it("ends with an error when an event has no end, and not when many have one", async () => {
		const most = 64 * 2 ** 20;
		const piece = "x".repeat(2 ** 20);
		function* endless() {
			for (let count = 0; count < 66; count++) yield piece;
		}
		await assert.rejects(eventsOf(endless()), /An event has no end/);
		function* asLongAsCanBe() {
			yield "data: ";
			yield "x".repeat(most - 6);
		}
		assert.deepEqual(await eventsOf(asLongAsCanBe()), []);
		function* several() {
			for (let count = 0; count < 3; count++) {
				yield "event: newer\n";
				for (let each = 0; each < 30; each++) yield `data: ${piece}\n`;
				yield "\n";
			}
		}
		assert.deepEqual(await eventsOf(several()), []);
	}).timeout(60_000);
});

async function* toStream(pieces: Iterable<string>): AsyncGenerator<string> {
	yield* pieces;
}
