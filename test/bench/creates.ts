/**
 * Durable creates: the daemon against the usual way, better-sqlite3 behind `node:http`, with as many rows in all. One peer
 * writes the row alone, the other what the daemon writes, which is an audit event as well.
 */
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Answer, ask, assertSameShape, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { compare, type Figure, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { ensureBetterSqlite } from "./peers.ts";
import { Daemon, ServerProcess, tokenBody } from "./server-process.ts";

const warmUpRows = 10_000;
const rounds = 9;
const longestSeconds = 30;

export async function measureCreates(bench: Bench): Promise<Figure[]> {
	const load = LoadProcess.start();
	const directory = join(bench.workFolder, "creates");
	const daemon = await Daemon.start(bench.distFolder, directory);
	const headers = { ...daemon.ownerHeaders, "Content-Type": "application/json" };
	const createOne = (url: string) => ask(`${url}/v1/api-tokens`, { method: "POST", headers }, tokenBody(0));
	const sample = await createOne(daemon.server.url);
	const sqlite = await startSqlite(bench, directory, sample, "plain");
	const audited = await startSqlite(bench, directory, sample, "audited");
	for (const peer of [sqlite, audited]) assertSameShape(sample, await createOne(peer.url));

	const create = async (server: ServerProcess, connections: number, count: number): Promise<number> => {
		const requests = [requestBytes(server.port, "POST /v1/api-tokens", headers, tokenBody(0))];
		const order = { port: server.port, requests, connections, seconds: longestSeconds, count, status: 201 };
		const { answers, seconds } = await load.run(order);
		return answers / seconds;
	};
	const figuresOf = async (name: string, connections: number, count: number): Promise<Figure[]> => {
		// In the way that is measured, for what V8 has made quick for many at once it makes anew for one at a time.
		for (const server of [daemon.server, sqlite, audited]) await create(server, connections, warmUpRows);
		const [pairs, auditedPairs]: [Pair[], Pair[]] = [[], []];
		for (let round = 0; round < rounds; round++) {
			const ours = await create(daemon.server, connections, count);
			pairs.push({ ours, peer: await create(sqlite, connections, count) });
			auditedPairs.push({ ours, peer: await create(audited, connections, count) });
		}
		return [
			compare(name, "creates/s", pairs, { atLeast: 1 }),
			compare(`${name}, against a peer that audits`, "creates/s", auditedPairs),
		];
	};
	const figures = [
		...(await figuresOf("creates, 32 at once", 32, 4000)),
		...(await figuresOf("creates, one at a time", 1, 1000)),
	];
	for (const child of [load, daemon.server, sqlite, audited]) await child.stop();
	return figures;
}

/** The daemon's first snapshot is an SQLite file with its empty tables: so both have the same ones. */
async function startSqlite(
	bench: Bench,
	directory: string,
	sample: Answer,
	mode: "plain" | "audited",
): Promise<ServerProcess> {
	const module = await ensureBetterSqlite();
	const snapshot = readdirSync(directory).find((name) => name.startsWith("snapshot-"));
	if (snapshot === undefined) throw new Error(`There is no snapshot in ${directory}.`);
	const path = join(bench.workFolder, `peer-${mode}.db`);
	copyFileSync(join(directory, snapshot), path);
	const { token: _, ...record } = JSON.parse(sample.body);
	const withoutSecret = { ...withoutOwnHeaders(sample), body: JSON.stringify(record) };
	return ServerProcess.start(bench.peers.sqlite, [module, path, JSON.stringify(withoutSecret), mode]);
}
