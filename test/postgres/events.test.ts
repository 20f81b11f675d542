/** The stream of events of several servers: a listener that has lost one of them goes on at another one. */
import assert from "node:assert/strict";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

interface Received {
	name: string;
	id: string | undefined;
	// biome-ignore lint/suspicious/noExplicitAny: events of every shape
	data: any;
}

describeWhere(hasPostgres, "PostgreSQL is not installed")("events of shared servers", () => {
	let team: Team;
	let one: SharedServer;
	let two: SharedServer;
	const listeners: Listener[] = [];

	beforeEach(async () => {
		team = await Team.start(await sharedCluster(), 2);
		[one, two] = team.servers as [SharedServer, SharedServer];
	});
	afterEach(async () => {
		for (const listener of listeners.splice(0)) await listener.close();
		await team.end();
	});

	async function listen(server: SharedServer, lastId?: string): Promise<Listener> {
		const listener = new Listener(server, team.admin, lastId);
		listeners.push(listener);
		await listener.until((received) => received.length > 0);
		return listener;
	}

	/** One of each kind of change, at either server. */
	async function change(count: number): Promise<void> {
		for (let index = 0; index < count; index++) {
			const [here, there] = index % 2 === 0 ? [one, two] : [two, one];
			const { id } = await team.create(here);
			await team.revoke(there, id);
			await there.call("PUT", `/v1/permissions/stock.n${index}`, {
				secret: team.admin,
				body: { description: "x" },
			});
		}
	}

	it("go on at another server after each event, with none missed and none twice", async () => {
		const steady = await listen(one);
		assert.equal(steady.received[0]?.data.resumed, undefined);
		await change(2);
		const all = await numbered(steady, await lastId());
		assert.ok(all.some(({ name }) => name === "profiles") && all.some(({ name }) => name === "token"));
		for (const [index, { id }] of all.entries()) {
			const listener = await listen(two, id);
			assert.equal(listener.received[0]?.data.resumed, true);
			assert.deepEqual(idsOf(await numbered(listener, all.at(-1)?.id)), idsOf(all.slice(index + 1)), id);
			await listener.close();
		}
	});

	it("go on while changes are made, at one server after the other", async function () {
		this.timeout(60_000);
		const steady = await listen(one);
		const seen: string[] = [];
		let last = steady.received[0]?.id;
		const changing = change(30);
		let isDone = false;
		changing.then(() => {
			isDone = true;
		});
		for (let turn = 0; !isDone; turn++) {
			const listener = await listen(turn % 2 === 0 ? two : one, last);
			assert.equal(listener.received[0]?.data.resumed, true);
			await listener.until((received) => received.length > 5 || isDone);
			await listener.close();
			const ids = idsOf(listener.received.slice(1)).filter((id) => id !== undefined);
			seen.push(...ids);
			last = ids.at(-1) ?? last;
		}
		await changing;
		const end = await lastId();
		const rest = await listen(two, last);
		seen.push(...idsOf(await numbered(rest, end)).map(String));
		assert.deepEqual(seen, idsOf(await numbered(steady, end)));
	});

	it("go on in the middle of a change that is told in parts", async function () {
		this.timeout(60_000);
		await Promise.all(Array.from({ length: 520 }, () => team.create(one, { tags: ["many"] })));
		const steady = await listen(two);
		const { status } = await one.call("POST", "/v1/incidents", {
			secret: team.admin,
			body: { reason: "leaked", filter: { tag: "many" } },
		});
		assert.ok(status < 300);
		const all = await numbered(steady, await lastId());
		assert.ok(new Set(all.map(({ id }) => id?.split("-").slice(0, 2).join("-"))).size > 1, "several parts");
		const [first] = all;
		assert.equal((await listen(one, first?.id)).received[0]?.data.resumed, false, "a list is less");
		for (const index of [all.length - 300, all.length - 3]) {
			const listener = await listen(one, all[index]?.id);
			assert.deepEqual(idsOf(await numbered(listener, all.at(-1)?.id)), idsOf(all.slice(index + 1)));
		}
	});

	for (const [what, idOf] of [
		["is too old", (id: string) => id],
		["has not been made here", () => "999999"],
		["is no event's", () => "nonsense"],
	] as const)
		it(`say that the tokens have to be read anew after an event that ${what}`, async () => {
			const first = (await listen(one)).received[0]?.id ?? assert.fail();
			await change(1);
			await team.cluster.query(
				`delete from "changes" where "number" < (select max("number") from "changes")`,
				team.database,
			);
			const listener = await listen(two, idOf(first));
			assert.equal(listener.received[0]?.data.resumed, false);
			assert.equal(listener.received[0]?.id, await lastId());
			await team.create(one);
			await listener.until((received) => received.some(({ data }) => data.change === "created"));
		});

	it("tell of the use of a dead token at every server", async () => {
		const { id, token } = await team.create();
		await team.revoke(one, id);
		const all = [await listen(one), await listen(two)];
		await two.isAccepted(token);
		for (const listener of all) {
			const told = await listener.until((received) =>
				received.some(({ name }) => name === "dead-token-used"),
			);
			const { data } = told.find(({ name }) => name === "dead-token-used") ?? assert.fail();
			assert.deepEqual([data.token.id, data.reason, data.address], [id, "revoked", "127.0.0.1"]);
		}
	});

	/** Those with a number, without the first event, up to the change: all have come once a later one has. */
	async function numbered(listener: Listener, end: string | undefined): Promise<Received[]> {
		const later = await team.create(one);
		await listener.until((received) => received.some(({ data }) => data.token?.id === later.id));
		const change = Number((end ?? "").split("-")[0]);
		return listener.received
			.slice(1)
			.filter(({ id }) => id !== undefined && Number(id.split("-")[0]) <= change);
	}

	/** Of everything that has happened. */
	async function lastId(): Promise<string> {
		const listener = new Listener(one, team.admin, undefined);
		const [hello] = await listener.until((received) => received.length > 0);
		await listener.close();
		return hello?.id ?? assert.fail("the first event has an id");
	}
});

function idsOf(events: readonly Received[]): (string | undefined)[] {
	return events.map(({ id }) => id);
}

class Listener {
	readonly received: Received[] = [];
	readonly #abort = new AbortController();
	readonly #ended: Promise<void>;
	#arrived = Promise.withResolvers<void>();

	constructor(server: SharedServer, secret: string, lastId: string | undefined) {
		this.#ended = this.#read(`${server.url}/v1/events`, {
			authorization: `Bearer ${secret}`,
			...(lastId !== undefined && { "last-event-id": lastId }),
		});
	}

	async until(satisfied: (received: readonly Received[]) => boolean): Promise<readonly Received[]> {
		while (!satisfied(this.received)) await this.#arrived.promise;
		return this.received;
	}

	async close(): Promise<void> {
		this.#abort.abort();
		await this.#ended;
	}

	async #read(url: string, headers: Record<string, string>): Promise<void> {
		try {
			const response = await fetch(url, { headers, signal: this.#abort.signal });
			assert.equal(response.status, 200);
			let text = "";
			for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? assert.fail()) {
				const blocks = (text + piece).split("\n\n");
				text = blocks.pop() ?? "";
				for (const block of blocks) this.#take(block);
			}
		} catch (error) {
			if (!this.#abort.signal.aborted) throw error;
		}
	}

	#take(block: string): void {
		if (block.startsWith(":")) return;
		const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/) as [string, string]));
		this.received.push({
			name: fields.get("event") ?? "",
			id: fields.get("id"),
			data: JSON.parse(fields.get("data") ?? ""),
		});
		this.#arrived.resolve();
		this.#arrived = Promise.withResolvers();
	}
}
