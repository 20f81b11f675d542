/** What is shipped, in bytes, and what the daemon keeps in memory. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ask } from "./answer.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { Daemon, ServerProcess } from "./server-process.ts";

export async function measureSizes(bench: Bench): Promise<Figure[]> {
	return [...shipped(bench.distFolder), ...(await memory(bench))];
}

function shipped(distFolder: string): Figure[] {
	const files = readdirSync(distFolder).filter((name) => /\.(js|wasm|vsix)$/.test(name));
	return files.map((name) => {
		const ours = statSync(join(distFolder, name)).size / 1000;
		return { name, unit: "kB", ours, ...(name.endsWith(".vsix") ? { target: { atMost: 1000 } } : {}) };
	});
}

async function memory(bench: Bench): Promise<Figure[]> {
	const figures: Figure[] = [];
	const bare = await ServerProcess.start(bench.peers.bare, [
		JSON.stringify({ status: 200, headers: [], body: "" }),
	]);
	await ask(bare.url);
	const bareBytes = bare.memoryBytes();
	await bare.stop();
	for (const tokens of [0, 1000, 10_000]) {
		const directory = join(bench.workFolder, `memory-${tokens}`);
		const first = await Daemon.start(bench.distFolder, directory);
		await first.createTokens(tokens);
		await first.server.stop();
		const daemon = await Daemon.start(bench.distFolder, directory);
		await daemon.firstAnswer();
		const bytes = daemon.server.memoryBytes();
		await daemon.server.stop();
		if (bytes === undefined || bareBytes === undefined) continue;
		const [ours, peer] = [bytes / 1e6, bareBytes / 1e6];
		figures.push({ name: `memory, ${tokens / 1000}k tokens`, unit: "MB", ours, peer, ratio: ours / peer });
	}
	return figures;
}
