/** Requests to a daemon with many tokens, beside the same requests to one with few. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { sendRequest } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon, tokenBody, tokenName } from "./daemon.ts";
import { compare, type Figure, median, type Pair } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import { copyDirectory, type Population, revokedTokens } from "./population.ts";
import type { Turns } from "./turns.ts";
import { compareVerify } from "./verify.ts";

const rounds = 7;
const requestsPerRound = 10;
const createsPerRound = 1000;
const besideRounds = 3;
const besideSeconds = 3;

export interface Sizes {
	few: number;
	many: number;
	small: Population;
	large: Population;
}

/** Both daemons run, and the load that is put on either. */
interface Setup {
	bench: Bench;
	sizes: Sizes;
	load: LoadProcess;
	/** With few tokens. */
	small: Daemon;
	/** With many tokens. */
	large: Daemon;
}

export async function* measureRequests(bench: Bench, sizes: Sizes): Turns {
	const start = (name: string, population: Population) => {
		const directory = join(bench.workFolder, name);
		copyDirectory(population.stopped, directory);
		return Daemon.start(bench.distFolder, directory);
	};
	const [small, large] = [await start("scale-small", sizes.small), await start("scale-large", sizes.large)];
	const setup: Setup = { bench, sizes, load: LoadProcess.start(), small, large };
	const figures = [
		...(yield* measureLists(setup)),
		...(yield* measureVerify(setup)),
		...(yield* measureBesideAudit(setup)),
		yield* measureCreates(setup),
	];
	await setup.load.stop();
	for (const { server } of [small, large]) await server.kill();
	return figures;
}

async function* measureLists(setup: Setup): Turns {
	const one = encodeURIComponent(tokenName(setup.sizes.few / 2 + 1));
	const page = yield* measureList(setup, "first page of", "limit=100");
	return [
		{ ...page, target: { atMost: 2 } },
		yield* measureList(setup, `page of ${revokedTokens} with status=revoked, of`, "status=revoked&limit=100"),
		yield* measureList(setup, "page of 1 with q=…, of", `q=${one}&limit=100`),
	];
}

async function* measureList(setup: Setup, name: string, query: string): Turns<Figure> {
	const list = async ({ server, ownerHeaders }: Daemon): Promise<number> => {
		const requests = [requestBytes(server.port, `GET /v1/api-tokens?${query}`, ownerHeaders)];
		const order = { requests, connections: 1, seconds: 30, count: requestsPerRound, status: 200 };
		return (await setup.load.run({ ...order, port: server.port })).p50Milliseconds;
	};
	return yield* compareSizes(setup, { name, unit: "ms", measure: list });
}

interface Comparison {
	name: string;
	unit: string;
	measure: (daemon: Daemon) => Promise<number>;
}

/** The daemon with many tokens beside the one with few, after a round that does not count. */
async function* compareSizes(setup: Setup, { name, unit, measure }: Comparison): Turns<Figure> {
	const pairs: Pair[] = [];
	for (let round = 0; round <= rounds; round++) {
		const pair = { ours: await measure(setup.large), peer: await measure(setup.small) };
		if (round > 0) pairs.push(pair);
		yield;
	}
	const { few, many } = setup.sizes;
	return compare(`${name} ${many / 1000}k tokens, of ${few / 1000}k`, unit, pairs);
}

/** All tokens are presented, in an order that jumps about. */
function measureVerify({ bench, sizes, load, large }: Setup): Turns {
	const { secrets } = sizes.large;
	// Coprime to the number of tokens, so that every token has its turn.
	const stride = 7919;
	const spread = secrets.map((_, index) => secrets[(index * stride) % secrets.length] ?? "");
	const name = `verify, each of ${sizes.many / 1000}k tokens in turn`;
	return compareVerify({ bench, daemon: large, load, name, secrets: spread });
}

/** Verifications while another caller reads or checks the whole audit, beside the same without that caller. */
async function* measureBesideAudit(setup: Setup): Turns {
	return [
		...(yield* measureBeside(setup, "exported", "format=jsonl")),
		...(yield* measureBeside(setup, "checked", "verify=true&format=json&limit=1")),
	];
}

async function* measureBeside({ sizes, load, large }: Setup, work: string, query: string): Turns {
	const { server, ownerHeaders } = large;
	const requests = sizes.large.secrets
		.slice(0, 1000)
		.map((secret) => requestBytes(server.port, "GET /v1/verify", { Authorization: `Bearer ${secret}` }));
	const order = { requests, connections: 4, seconds: besideSeconds, count: Infinity, status: 200 };
	const verify = async () => (await load.run({ ...order, port: server.port })).p99Milliseconds;
	const pairs: Pair[] = [];
	const readings: number[] = [];
	for (let round = 0; round < besideRounds; round++) {
		const alone = await verify();
		const reader = startReading(`${server.url}/v1/audit-events?${query}`, ownerHeaders);
		pairs.push({ ours: await verify(), peer: alone });
		readings.push(...(await reader.stop()));
		yield;
	}
	const audit = `the audit of ${sizes.many / 1000}k tokens is ${work}`;
	return [
		compare(`verify while ${audit}, verify alone, p99`, "ms", pairs),
		{ name: `${audit} beside verifications`, unit: "ms", ours: median(readings) },
	];
}

/** Requests the URL again and again. `stop` waits for the last answer and returns how many milliseconds each took. */
function startReading(url: string, headers: Record<string, string>): { stop(): Promise<number[]> } {
	let stopped = false;
	const read = async (): Promise<number[]> => {
		const readings: number[] = [];
		while (!stopped) {
			const started = performance.now();
			const { status, body } = await sendRequest(url, { headers });
			if (status !== 200) throw new Error(body);
			readings.push(performance.now() - started);
		}
		return readings;
	};
	const readings = read();
	// Whatever fails is thrown by `stop`.
	readings.catch(() => undefined);
	return {
		stop: () => {
			stopped = true;
			return readings;
		},
	};
}

function measureCreates(setup: Setup): Turns<Figure> {
	const create = async ({ server, ownerHeaders }: Daemon): Promise<number> => {
		const headers = { ...ownerHeaders, "Content-Type": "application/json" };
		const requests = [requestBytes(server.port, "POST /v1/api-tokens", headers, tokenBody(0))];
		const order = { requests, connections: 32, seconds: 30, count: createsPerRound, status: 201 };
		const { answers, seconds } = await setup.load.run({ ...order, port: server.port });
		return answers / seconds;
	};
	return compareSizes(setup, { name: "creates, 32 at once, on top of", unit: "creates/s", measure: create });
}
