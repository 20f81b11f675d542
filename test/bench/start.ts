/** From the start of the process to its first answer: the daemon beside a process that has nothing to prepare. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Answer, sendRequest, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon } from "./daemon.ts";
import { compare, type Figure, type Pair } from "./figure.ts";
import { ServerProcess } from "./server-process.ts";
import type { Turns } from "./turns.ts";

const rounds = 15;

/** The first request of a service, which holds a token, or of the owner, who has the key of daemon.json. */
type First = (daemon: Daemon) => Promise<Answer>;

/** `scale` starts the daemon with more tokens. */
export async function* measureStart(bench: Bench): Turns {
	const figures: Figure[] = [];
	const list: First = (daemon) => daemon.list(1);
	let number = 0;
	const fresh = () => join(bench.workFolder, `start-fresh-${number++}`);
	figures.push(yield* measureIn(bench, "first start in a folder, to a list", fresh, list));
	for (const tokens of [1, 10_000]) {
		const directory = join(bench.workFolder, `start-${tokens}`);
		const daemon = await Daemon.start(bench.distFolder, directory);
		const [secret = ""] = await daemon.createTokens(tokens);
		await daemon.server.stop();
		yield;
		const kept = tokens === 1 ? "1 token" : `${tokens / 1000}k tokens`;
		const verification: First = (started) => started.verify(secret);
		const name = `start with ${kept}, to a verification`;
		const figure = yield* measureIn(bench, name, () => directory, verification);
		figures.push({ ...figure, target: { atMost: 2.2 } });
		figures.push(yield* measureIn(bench, `start with ${kept}, to a list`, () => directory, list));
	}
	return figures;
}

async function* measureIn(bench: Bench, name: string, directory: () => string, first: First): Turns<Figure> {
	const pairs: Pair[] = [];
	for (let round = 0; round < rounds; round++) {
		const { milliseconds, answer } = await startDaemon(bench, directory(), first);
		pairs.push({ ours: milliseconds, peer: await startBare(bench, answer) });
		yield;
	}
	return compare(name, "ms", pairs);
}

async function startDaemon(
	bench: Bench,
	directory: string,
	first: First,
): Promise<{ milliseconds: number; answer: Answer }> {
	const daemon = await Daemon.start(bench.distFolder, directory);
	const answer = await first(daemon);
	const milliseconds = performance.now() - daemon.server.spawnedAt;
	await daemon.server.stop();
	if (answer.status !== 200) throw new Error(answer.body);
	return { milliseconds, answer };
}

/** Milliseconds until a bare process has given the same answer. */
export async function startBare(bench: Bench, answer: Answer): Promise<number> {
	const bare = await ServerProcess.start(bench.peers.bare, [JSON.stringify(withoutOwnHeaders(answer))]);
	await sendRequest(bare.url);
	const milliseconds = performance.now() - bare.spawnedAt;
	await bare.stop();
	return milliseconds;
}
