/** From the start of the process to its first answer: the daemon against a process that has nothing to get ready. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Answer, ask, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { compare, type Figure, type Pair } from "./figure.ts";
import { Daemon, ServerProcess } from "./server-process.ts";

const rounds = 15;

/** The first answer to a service, which holds a token, or to the owner, who has the key of daemon.json. */
type First = (daemon: Daemon) => Promise<Answer>;

const firstList: First = (daemon) => daemon.firstAnswer();

export async function measureStart(bench: Bench): Promise<Figure[]> {
	const figures: Figure[] = [];
	let number = 0;
	const fresh = () => join(bench.workFolder, `start-fresh-${number++}`);
	figures.push(await measureIn(bench, "first start in a folder, to a list", fresh, firstList));
	for (const tokens of bench.large ? [1, 10_000, 100_000] : [1, 10_000]) {
		const directory = join(bench.workFolder, `start-${tokens}`);
		const daemon = await Daemon.start(bench.distFolder, directory);
		const [secret = ""] = await daemon.createTokens(tokens);
		await daemon.server.stop();
		const kept = tokens === 1 ? "1 token" : `${tokens / 1000}k tokens`;
		const firstVerification: First = ({ server }) =>
			ask(`${server.url}/v1/verify`, { headers: { Authorization: `Bearer ${secret}` } });
		const verification = `start with ${kept}, to a verification`;
		const figure = await measureIn(bench, verification, () => directory, firstVerification);
		figures.push({ ...figure, target: { atMost: 2.2 } });
		figures.push(await measureIn(bench, `start with ${kept}, to a list`, () => directory, firstList));
	}
	return figures;
}

async function measureIn(bench: Bench, name: string, directory: () => string, first: First): Promise<Figure> {
	const pairs: Pair[] = [];
	for (let round = 0; round < rounds; round++) {
		const { milliseconds, answer } = await startDaemon(bench, directory(), first);
		pairs.push({ ours: milliseconds, peer: await startBare(bench, answer) });
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

async function startBare(bench: Bench, answer: Answer): Promise<number> {
	const bare = await ServerProcess.start(bench.peers.bare, [JSON.stringify(withoutOwnHeaders(answer))]);
	await ask(bare.url);
	const milliseconds = performance.now() - bare.spawnedAt;
	await bare.stop();
	return milliseconds;
}
