/**
 * Floods of a daemon by strangers and by one token: more connections, half heads, bodies, streams and queries than it should
 * keep. Meanwhile a proper client verifies on; afterwards descriptors are back where they were, and so is memory without
 * garbage. An allocator grows once, to what a burst needs; what is kept grows with each of several floods.
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { DaemonChild } from "../process/daemon.ts";
import { InspectedDaemon, type Usage } from "./inspected-daemon.ts";
import type { Tally } from "./tally.ts";

/** What one flood may leave. What each of the following ones leaves too is kept. */
const mostGrowth: Usage = { descriptors: 5, heapKilobytes: 1024, residentKilobytes: 8192 };
/** So many floods of a kind in a row that left more are a fault. */
const mostFloods = 4;
/** The daemon's limit of an idle connection, and what a machine with other work may take to notice it. */
const settleMilliseconds = 90_000;
/** The floods whose connections stay open in the short form too, so that it is the daemon that has to close them. */
const heldOpen = ["half heads", "half forms of strangers"];
/** For what still runs, after all connections were closed. */
const collectMilliseconds = 3000;
const connectionsAtOnce = 100;

interface Target {
	port: number;
	/** Of a token that may read. */
	secret: string;
}

/** What one connection of a flood sends. It reads nothing. */
type Flood = (target: Target, index: number) => string;

const host = ({ port }: Target) => `Host: 127.0.0.1:${port}\r\n`;
const formType = "Content-Type: application/x-www-form-urlencoded\r\n";
const jsonType = "Content-Type: application/json\r\n";
const authorization = ({ secret }: Target) => `Authorization: Bearer ${secret}\r\n`;

const floods: Record<string, Flood> = {
	"silent connections": () => "",
	"half heads": (target) => `GET /healthz HTTP/1.1\r\n${host(target)}X: ${"x".repeat(16_000)}`,
	"half bodies of strangers": (target) =>
		`POST /v1/api-tokens HTTP/1.1\r\n${host(target)}${jsonType}Content-Length: 65000\r\n\r\n${" ".repeat(64_000)}`,
	"half bodies of a caller": (target) =>
		`POST /v1/api-tokens/identify HTTP/1.1\r\n${host(target)}${authorization(target)}${jsonType}Content-Length: 65000\r\n\r\n${" ".repeat(64_000)}`,
	"half forms of strangers": (target) =>
		`POST /oauth2/revoke HTTP/1.1\r\n${host(target)}${formType}Content-Length: 65000\r\n\r\n${"x".repeat(64_000)}`,
	"large bodies of strangers": (target) =>
		`POST /v1/api-tokens HTTP/1.1\r\n${host(target)}${jsonType}Content-Length: 9000000\r\n\r\n${" ".repeat(1_000_000)}`,
	"streams of one token": (target) =>
		`GET /v1/events HTTP/1.1\r\n${host(target)}${authorization(target)}\r\n`,
	"different queries": (target, index) =>
		`GET /v1/verify?permission=${`p${index}.`.repeat(2).padEnd(15_000, "x")} HTTP/1.1\r\n${host(target)}${authorization(target)}\r\n`,
	"different queries of many names": (target, index) =>
		`GET /v1/verify?${Array.from({ length: 199 }, (_, name) => `permission=p${index}.${name}`).join("&")} HTTP/1.1\r\n${host(target)}${authorization(target)}\r\n`,
	"unread answers": (target) =>
		`GET /openapi.json HTTP/1.1\r\n${host(target)}${authorization(target)}\r\n`.repeat(500),
	"endless bodies of verifications": (target) =>
		`POST /v1/verify HTTP/1.1\r\n${host(target)}${authorization(target)}Transfer-Encoding: chunked\r\n\r\nffffff\r\n${"x".repeat(1_000_000)}`,
	"refused requests": (target) => `POST /v1/api-tokens HTTP/1.1\r\n${host(target)}\r\n`.repeat(20),
};

/** The short form has those floods beside the others that mostly wait, each group with a daemon of its own. */
export async function flood(tally: Tally, length: "short" | "long"): Promise<void> {
	const names = Object.keys(floods);
	const others = names.filter((name) => !heldOpen.includes(name));
	const groups = length === "long" ? [names] : [heldOpen, others];
	await Promise.all(groups.map((names) => floodWith(names, { tally, length })));
}

/** A flood of a daemon that keeps every connection's object, to see that it is found. */
export async function floodOfLeak(tally: Tally): Promise<void> {
	const plant = `process.getBuiltinModule("node:diagnostics_channel")
		.subscribe("net.server.socket", ({ socket }) => (globalThis.kept ??= []).push(socket))`;
	await floodWith(["silent connections"], { tally, length: "short", plant });
}

/** @param plant an expression that the daemon evaluates first */
async function floodWith(
	names: readonly string[],
	{ tally, length, plant = "" }: Pick<Flooding, "tally" | "length"> & { plant?: string },
): Promise<void> {
	const daemon = await InspectedDaemon.start();
	await daemon.evaluate(plant);
	const [flooding, proper] = [await createReader(daemon.child), await createReader(daemon.child)];
	const port = Number(new URL(daemon.child.file.url).port);
	const target = { port, secret: flooding.token };
	const client = new ProperClient({ port, secret: proper.token }, tally);
	try {
		// What a daemon loads for its first requests of a kind is no flood's.
		for (const one of Object.values(floods)) close(await send(one, target, 20));
		for (const name of names) await floodBy(name, { daemon, target, tally, length });
	} finally {
		await client.stop();
		await daemon.stop();
	}
}

interface Flooding {
	daemon: InspectedDaemon;
	target: Target;
	tally: Tally;
	length: "short" | "long";
}

async function floodBy(name: string, { daemon, target, tally, length }: Flooding): Promise<void> {
	const usages = [await settled(daemon, undefined)];
	for (let before = usages[0]; before !== undefined; ) {
		const sockets = await send(floods[name] as Flood, target, length === "long" ? 3000 : 1200);
		// Streams are meant to stay open, within their limit.
		const isHeld = length === "long" ? name !== "streams of one token" : heldOpen.includes(name);
		if (!isHeld) close(sockets);
		const after = await settled(daemon, before);
		close(sockets);
		tally.count("floods");
		usages.push(after);
		before = usages.length <= mostFloods && leftMore(before, after).length > 0 ? after : undefined;
	}
	judge(tally, name, usages);
}

function judge(tally: Tally, name: string, usages: readonly Usage[]): void {
	const [before, after] = usages.slice(-2) as [Usage, Usage];
	for (const what of leftMore(before, after)) {
		const values = usages.map((usage) => usage[what]).join(", ");
		tally.fault("a flood left something behind", `${name}: ${what} ${values}`);
	}
}

/** What grew. */
function leftMore(before: Usage, after: Usage): (keyof Usage)[] {
	const all = Object.keys(mostGrowth) as (keyof Usage)[];
	return all.filter((what) => after[what] > before[what] + mostGrowth[what]);
}

async function createReader(daemon: DaemonChild): Promise<{ token: string }> {
	const body = JSON.stringify({ name: "reader", permissions: ["api.api-tokens.read", "orders.read"] });
	const headers = { "content-type": "application/json" };
	const response = await daemon.fetch("/v1/api-tokens", { method: "POST", headers, body });
	if (response.status !== 201) throw new Error(await response.text());
	return (await response.json()) as { token: string };
}

/** Opens so many connections. */
async function send(one: Flood, target: Target, count: number): Promise<Socket[]> {
	const sockets: Socket[] = [];
	for (let index = 0; index < count; index += connectionsAtOnce) {
		const more = Array.from({ length: Math.min(connectionsAtOnce, count - index) }, (_, at) =>
			open(target.port, one(target, index + at)),
		);
		sockets.push(...(await Promise.all(more)));
	}
	return sockets;
}

function close(sockets: readonly Socket[]): void {
	for (const socket of sockets) socket.destroy();
}

/** Neither reads nor ends: what the daemon sends stays with it or with the kernel. */
async function open(port: number, text: string): Promise<Socket> {
	const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
	socket.on("error", () => socket.destroy()).pause();
	const connected = await Promise.race([
		once(socket, "connect"),
		once(socket, "close").then(() => undefined),
	]);
	if (connected !== undefined && text !== "") socket.write(text);
	return socket;
}

/** The usage once the flood's connections are closed, or at a deadline. */
async function settled(daemon: InspectedDaemon, before: Usage | undefined): Promise<Usage> {
	if (before === undefined) return daemon.usage();
	const mostDescriptors = before.descriptors + mostGrowth.descriptors;
	await passes(settleMilliseconds, () => daemon.descriptors <= mostDescriptors);
	let usage = before;
	// What a request has begun may end later than its connection.
	await passes(collectMilliseconds, async () => {
		usage = await daemon.usage();
		return leftMore(before, usage).length === 0;
	});
	return usage;
}

/** Looks until it is so, or until the time is over. No event tells of another process's memory and descriptors. */
async function passes(milliseconds: number, look: () => boolean | Promise<boolean>): Promise<void> {
	const deadline = Date.now() + milliseconds;
	while (!(await look()) && Date.now() < deadline) await delay(200);
}

/** Verifies all the time: over one connection that it keeps, and over a new one for each request. */
class ProperClient {
	readonly #kept = new Agent({ keepAlive: true, maxSockets: 1 });
	readonly #new = new Agent({ keepAlive: false });
	readonly #target: Target;
	readonly #tally: Tally;
	#isStopped = false;
	readonly #running: Promise<unknown>;

	constructor(target: Target, tally: Tally) {
		this.#target = target;
		this.#tally = tally;
		this.#running = Promise.all([this.#verify(this.#kept), this.#verify(this.#new)]);
	}

	async stop(): Promise<void> {
		this.#isStopped = true;
		await this.#running;
		this.#kept.destroy();
	}

	async #verify(agent: Agent): Promise<void> {
		while (!this.#isStopped) {
			// As the services' client does, a request whose connection was closed is sent once more.
			const status = await this.#statusOf(agent)
				.catch(() => this.#statusOf(agent))
				.catch((error) => String(error));
			this.#tally.count("verifications beside");
			if (status !== 200) this.#tally.fault("a good token was not verified", String(status));
			await delay(20);
		}
	}

	#statusOf(agent: Agent): Promise<number | undefined> {
		const { port, secret } = this.#target;
		return new Promise((resolve, reject) => {
			request(
				{
					agent,
					port,
					host: "127.0.0.1",
					path: "/v1/verify?permission=orders.read",
					headers: { authorization: `Bearer ${secret}` },
					timeout: 10_000,
				},
				(response) => response.resume().once("end", () => resolve(response.statusCode)),
			)
				.once("error", reject)
				.end();
		});
	}
}
