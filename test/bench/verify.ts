/** Verifications under load: the daemon beside a process that gives the same answer and checks nothing. */
import { join } from "node:path";
import { assertSame, sendRequest, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon } from "./daemon.ts";
import { compare, type Figure, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { ServerProcess } from "./server-process.ts";
import type { Turns } from "./turns.ts";

const path = "/v1/verify?permission=api.api-tokens.read";
const rounds = 5;
const roundSeconds = 3;
const warmUpSeconds = 2;
const connections = 32;

/** `scale` presents each of many tokens. */
export async function* measureVerify(bench: Bench): Turns {
	const load = LoadProcess.start();
	const daemon = await Daemon.start(bench.distFolder, join(bench.workFolder, "verify"));
	const secrets = await daemon.createTokens(1000);
	const figures = yield* compareVerify({ bench, daemon, load, name: "verify, 1k tokens", secrets });
	for (const child of [load, daemon.server]) await child.stop();
	return figures;
}

export interface VerifyOptions {
	bench: Bench;
	daemon: Daemon;
	load: LoadProcess;
	/** Of the figures. */
	name: string;
	/** Are presented in turn. */
	secrets: readonly string[];
}

export async function* compareVerify({ bench, daemon, load, name, secrets }: VerifyOptions): Turns {
	const headers = { headers: { Authorization: `Bearer ${secrets[0]}` } };
	const answer = await sendRequest(daemon.server.url + path, headers);
	const bare = await ServerProcess.start(bench.peers.bare, [JSON.stringify(withoutOwnHeaders(answer))]);
	assertSame(answer, await sendRequest(bare.url + path, headers));

	const run = (server: ServerProcess, seconds: number) => runOn(server, load, secrets, seconds);
	await run(daemon.server, warmUpSeconds);
	await run(bare, warmUpSeconds);
	const pairs: { ours: Turn; peer: Turn }[] = [];
	for (let round = 0; round < rounds; round++) {
		pairs.push({ ours: await run(daemon.server, roundSeconds), peer: await run(bare, roundSeconds) });
		yield;
	}
	await bare.stop();
	return figuresOf(name, pairs);
}

/** One server's figures of one round. */
interface Turn {
	perSecond: number;
	/** The same on a busy machine as on an idle one. */
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
			"  The load needed more CPU time than the server: the server's limit is higher than this round shows.",
		);
	}
	return {
		perSecond: result.answers / result.seconds,
		perCpuSecond: used === undefined ? undefined : result.answers / used,
		p99Milliseconds: result.p99Milliseconds,
	};
}

function figuresOf(name: string, turns: readonly { ours: Turn; peer: Turn }[]): Figure[] {
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
