/** The sizes of the shipped files, and the daemon's memory after a start and a list. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { sendRequest } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon } from "./daemon.ts";
import type { Figure } from "./figure.ts";
import { ServerProcess } from "./server-process.ts";
import type { Turns } from "./turns.ts";

export async function* measureSizes(bench: Bench): Turns {
	return [...shipped(bench.distFolder), ...(yield* memory(bench))];
}

function shipped(distFolder: string): Figure[] {
	const files = readdirSync(distFolder).filter((name) => /\.(js|wasm|vsix)$/.test(name));
	return files.map((name) => {
		const ours = statSync(join(distFolder, name)).size / 1000;
		return { name, unit: "kB", ours, ...(name.endsWith(".vsix") ? { target: { atMost: 1000 } } : {}) };
	});
}

async function* memory(bench: Bench): Turns {
	const figures: Figure[] = [];
	const bare = await ServerProcess.start(bench.peers.bare, [
		JSON.stringify({ status: 200, headers: [], body: "" }),
	]);
	await sendRequest(bare.url);
	const peer = bare.memory()?.resident;
	await bare.stop();
	for (const tokens of [0, 1000, 10_000]) {
		const directory = join(bench.workFolder, `memory-${tokens}`);
		const first = await Daemon.start(bench.distFolder, directory);
		await first.createTokens(tokens);
		await first.server.stop();
		const daemon = await Daemon.start(bench.distFolder, directory);
		await daemon.list(1);
		const ours = daemon.server.memory()?.resident;
		await daemon.server.stop();
		yield;
		if (ours === undefined || peer === undefined) continue;
		figures.push({ name: `memory, ${tokens / 1000}k tokens`, unit: "MB", ours, peer, ratio: ours / peer });
	}
	return figures;
}
