/**
 * Durable creates: the daemon beside the usual way, better-sqlite3 behind `node:http`, with as many rows in all. One peer
 * writes the row alone, the other an audit event too, as the daemon does.
 */
import { join } from "node:path";
import { type Answer, assertSameShape, sendRequest, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon, tokenBody } from "./daemon.ts";
import { compare, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { ensureBetterSqlite } from "./peers.ts";
import { ServerProcess } from "./server-process.ts";
import type { Turns } from "./turns.ts";

const warmUpRows = 10_000;
const rounds = 9;
const longestSeconds = 30;

export async function* measureCreates(bench: Bench): Turns {
	const load = LoadProcess.start();
	const daemon = await Daemon.start(bench.distFolder, join(bench.workFolder, "creates"));
	const headers = { ...daemon.ownerHeaders, "Content-Type": "application/json" };
	const createOne = (url: string) =>
		sendRequest(`${url}/v1/api-tokens`, { method: "POST", headers }, tokenBody(0));
	const sample = await createOne(daemon.server.url);
	const sqlite = await startSqlite(bench, sample, "plain");
	const audited = await startSqlite(bench, sample, "audited");
	for (const peer of [sqlite, audited]) assertSameShape(sample, await createOne(peer.url));

	const create = async (server: ServerProcess, connections: number, count: number): Promise<number> => {
		const requests = [requestBytes(server.port, "POST /v1/api-tokens", headers, tokenBody(0))];
		const order = { port: server.port, requests, connections, seconds: longestSeconds, count, status: 201 };
		const { answers, seconds } = await load.run(order);
		return answers / seconds;
	};
	async function* figuresOf(name: string, connections: number, count: number): Turns {
		// With as many connections as are measured: V8 optimizes many at once and one at a time separately.
		for (const server of [daemon.server, sqlite, audited]) await create(server, connections, warmUpRows);
		const [pairs, auditedPairs]: [Pair[], Pair[]] = [[], []];
		for (let round = 0; round < rounds; round++) {
			const ours = await create(daemon.server, connections, count);
			pairs.push({ ours, peer: await create(sqlite, connections, count) });
			auditedPairs.push({ ours, peer: await create(audited, connections, count) });
			yield;
		}
		return [
			compare(name, "creates/s", pairs, { atLeast: 1 }),
			compare(`${name}, against a peer that audits`, "creates/s", auditedPairs),
		];
	}
	const figures = [
		...(yield* figuresOf("creates, 32 at once", 32, 4000)),
		...(yield* figuresOf("creates, one at a time", 1, 1000)),
	];
	for (const child of [load, daemon.server, sqlite, audited]) await child.stop();
	return figures;
}

async function startSqlite(bench: Bench, sample: Answer, mode: "plain" | "audited"): Promise<ServerProcess> {
	const module = await ensureBetterSqlite();
	const path = join(bench.workFolder, `peer-${mode}.db`);
	const { token: _, ...record } = JSON.parse(sample.body);
	const withoutSecret = { ...withoutOwnHeaders(sample), body: JSON.stringify(record) };
	return ServerProcess.start(bench.peers.sqlite, [module, path, JSON.stringify(withoutSecret), mode]);
}
