/** From the start of the process to its first answer: the daemon against a process that has nothing to get ready. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Answer, ask, withoutOwnHeaders } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { type Figure, median } from "./figure.ts";
import { Daemon, ServerProcess } from "./server-process.ts";

const rounds = 15;

export async function measureStart(bench: Bench): Promise<Figure[]> {
	const figures: Figure[] = [];
	let number = 0;
	const fresh = () => join(bench.workFolder, `start-fresh-${number++}`);
	figures.push(await measureIn(bench, "first start in a folder", fresh));
	for (const tokens of bench.large ? [0, 10_000, 100_000] : [0, 10_000]) {
		const directory = join(bench.workFolder, `start-${tokens}`);
		const daemon = await Daemon.start(bench.distFolder, directory);
		await daemon.createTokens(tokens);
		await daemon.server.stop();
		const figure = await measureIn(bench, `start, ${tokens / 1000}k tokens`, () => directory);
		figures.push({ ...figure, target: { atMost: 2.2 } });
	}
	return figures;
}

async function measureIn(bench: Bench, name: string, directory: () => string): Promise<Figure> {
	const ours: number[] = [];
	const peer: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const { milliseconds, answer } = await startDaemon(bench, directory());
		ours.push(milliseconds);
		peer.push(await startBare(bench, answer));
	}
	const [median1, median2] = [median(ours), median(peer)];
	return { name, unit: "ms", ours: median1, peer: median2, ratio: median1 / median2 };
}

async function startDaemon(
	bench: Bench,
	directory: string,
): Promise<{ milliseconds: number; answer: Answer }> {
	const daemon = await Daemon.start(bench.distFolder, directory);
	const answer = await daemon.firstAnswer();
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
