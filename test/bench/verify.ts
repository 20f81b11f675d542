/** Verifications under load: the daemon against a process that gives the very same answer without looking at anything. */
import { join } from "node:path";
import { ask, assertSame, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { compare, type Figure, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { Daemon, ServerProcess } from "./server-process.ts";

const path = "/v1/verify?permission=orders.read";
const rounds = 5;
const roundSeconds = 3;
const warmUpSeconds = 2;
const connections = 32;
/** How many of the tokens are presented, in turn. */
const presented = 1000;

export async function measureVerify(bench: Bench): Promise<Figure[]> {
	const figures: Figure[] = [];
	for (const tokens of bench.large ? [1000, 100_000] : [1000]) {
		figures.push(...(await measureWith(bench, tokens)));
	}
	return figures;
}

async function measureWith(bench: Bench, tokens: number): Promise<Figure[]> {
	const load = LoadProcess.start();
	const daemon = await Daemon.start(bench.distFolder, join(bench.workFolder, `verify-${tokens}`));
	const secrets = (await daemon.createTokens(tokens)).slice(0, presented);
	const headers = { headers: { Authorization: `Bearer ${secrets[0]}` } };
	const answer = await ask(daemon.server.url + path, headers);
	const bare = await ServerProcess.start(bench.peers.bare, [JSON.stringify(withoutOwnHeaders(answer))]);
	assertSame(answer, await ask(bare.url + path, headers));

	const run = (server: ServerProcess, seconds: number) => runOn(server, load, secrets, seconds);
	await run(daemon.server, warmUpSeconds);
	await run(bare, warmUpSeconds);
	const pairs: { ours: Turn; peer: Turn }[] = [];
	for (let round = 0; round < rounds; round++) {
		pairs.push({ ours: await run(daemon.server, roundSeconds), peer: await run(bare, roundSeconds) });
	}
	for (const child of [load, daemon.server, bare]) await child.stop();
	return figuresOf(tokens, pairs);
}

/** What one server did in one round. */
interface Turn {
	perSecond: number;
	/** Says the same on a busy machine as on an idle one. */
	perCpuSecond: number | undefined;
	p99Milliseconds: number;
}

async function runOn(
	server: ServerProcess,
	load: LoadProcess,
	secrets: readonly string[],
	seconds: number,
): Promise<Turn> {
	const requests = secrets.map((secret) =>
		requestBytes(server.port, `GET ${path}`, { Authorization: `Bearer ${secret}` }),
	);
	const before = server.cpuSeconds();
	const order = { port: server.port, requests, connections, seconds, count: Infinity, status: 200 };
	const result = await load.run(order);
	const after = server.cpuSeconds();
	const used = before === undefined || after === undefined ? undefined : after - before;
	if (used !== undefined && result.cpuSeconds > used) {
		console.warn(
			"  The load needed more CPU time than the server: this round says too little of the server.",
		);
	}
	return {
		perSecond: result.answers / result.seconds,
		perCpuSecond: used === undefined ? undefined : result.answers / used,
		p99Milliseconds: result.p99Milliseconds,
	};
}

function figuresOf(tokens: number, turns: readonly { ours: Turn; peer: Turn }[]): Figure[] {
	const name = `verify, ${tokens / 1000}k tokens`;
	const pairsOf = (pick: (turn: Turn) => number): Pair[] =>
		turns.map(({ ours, peer }) => ({ ours: pick(ours), peer: pick(peer) }));
	const figures = [
		compare(
			name,
			"answers/s",
			pairsOf((turn) => turn.perSecond),
			{ atLeast: 0.7 },
		),
		compare(
			`${name}, p99`,
			"ms",
			pairsOf((turn) => turn.p99Milliseconds),
		),
	];
	const cpu = pairsOf((turn) => turn.perCpuSecond ?? Number.NaN);
	return Number.isNaN(cpu[0]?.ours) ? figures : [...figures, compare(name, "answers/CPU s", cpu)];
}
