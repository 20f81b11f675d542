/**
 * What must not grow with the number of tokens: memory, starts, the stop, files. Each is measured with few tokens and
 * with many; `scale-load.ts` does the same for requests.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, sendRequest } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon } from "./daemon.ts";
import { compare, type Figure, median } from "./figure.ts";
import { copyDirectory, type Population, populate, sizeOf } from "./population.ts";
import { measureRequests } from "./scale-load.ts";
import { type Memory, ServerProcess } from "./server-process.ts";
import { startBare } from "./start.ts";
import type { Turns } from "./turns.ts";

const few = 1000;
const rounds = 5;
/** How long a daemon is idle before its memory after a list is read: time for what it does in the background. */
const settleSeconds = 3;

export async function* measureScale(bench: Bench): Turns {
	const many = bench.large ? 100_000 : 10_000;
	const bare = await measureBareMemory(bench);
	const figures: Figure[] = [];
	const populations: Population[] = [];
	for (const tokens of [few, many]) {
		const created = yield* createAll(bench, tokens);
		const [population] = created;
		if (population === undefined) throw new Error("No tokens were created.");
		populations.push(population);
		const kept = { tokens, population, bare };
		figures.push(...creatorFigures(kept, created), ...(yield* measureStarts(bench, kept)));
	}
	const [small, large] = populations as [Population, Population];
	return [...figures, ...(yield* measureRequests(bench, { few, many, small, large }))];
}

interface Kept {
	tokens: number;
	population: Population;
	/** Memory of a bare process. */
	bare: Memory | undefined;
}

/** Once if it takes long, else in several rounds. */
async function* createAll({ distFolder, workFolder }: Bench, tokens: number): Turns<Population[]> {
	const created: Population[] = [];
	for (let round = 0; round < (tokens > few ? 1 : rounds); round++) {
		const folder = join(workFolder, `scale-${tokens}-${round}`);
		created.push(await populate({ distFolder, folder, tokens }));
		yield;
	}
	return created;
}

function creatorFigures({ tokens, population, bare }: Kept, created: readonly Population[]): Figure[] {
	const counted = countOf(tokens);
	const stop = median(created.map(({ stopMilliseconds }) => stopMilliseconds));
	return [
		...memoryFigures(`after creating ${counted}`, tokens, {
			bare,
			ours: created.map(({ memory }) => memory),
		}),
		{ name: `stop after creating ${counted}`, unit: "ms", ours: stop, ...atFull(tokens, 1500) },
		{ name: `files after creating ${counted}`, unit: "MB", ours: sizeOf(population.killed) },
		{ name: `files after creating ${counted} and a stop`, unit: "MB", ours: sizeOf(population.stopped) },
	];
}

interface Start {
	milliseconds: number;
	/** The same of a bare process. */
	bareMilliseconds: number;
	memory: Memory | undefined;
}

async function* measureStarts(bench: Bench, { tokens, population, bare }: Kept): Turns {
	const { stopped, killed, secrets } = population;
	const first = (daemon: Daemon) => daemon.verify(secrets[0] ?? "");
	const last = (daemon: Daemon) => daemon.verify(secrets.at(-1) ?? "");
	const list = (daemon: Daemon) => daemon.list(100);
	const toVerification: Start[] = [];
	const toList: Start[] = [];
	const afterKill: Start[] = [];
	for (let round = 0; round < rounds; round++) {
		toVerification.push(await startOn(bench, { directory: stopped, request: first, idleSeconds: 0 }));
		toList.push(await startOn(bench, { directory: stopped, request: list, idleSeconds: settleSeconds }));
		afterKill.push(await startOn(bench, { directory: killed, request: last, idleSeconds: 0 }));
		yield;
	}
	const start = `start with ${countOf(tokens)}`;
	const verified = startFigure(`${start}, to a verification`, toVerification);
	const memoryOf = (name: string, starts: readonly Start[]) =>
		memoryFigures(`${name} ${countOf(tokens)}`, tokens, { bare, ours: starts.map(({ memory }) => memory) });
	return [
		{ ...verified, target: { atMost: 2.2 } },
		{ ...startFigure(`${start}, to a list`, toList), ...atFull(tokens, 1000) },
		{ ...startFigure(`${start} after kill -9, to a verification`, afterKill), ...atFull(tokens, 2000) },
		...memoryOf("after a start and a verification,", toVerification),
		...memoryOf("after a start, a list and 3 s,", toList),
	];
}

interface StartOptions {
	/** Is copied. */
	directory: string;
	request: (daemon: Daemon) => Promise<Answer>;
	idleSeconds: number;
}

async function startOn(bench: Bench, { directory, request, idleSeconds }: StartOptions): Promise<Start> {
	// A folder of its own: a process that makes a snapshot outlives a killed daemon for a moment.
	const copy = mkdtempSync(join(bench.workFolder, "scale-start-"));
	copyDirectory(directory, copy);
	const daemon = await Daemon.start(bench.distFolder, copy);
	const answer = await request(daemon);
	const milliseconds = performance.now() - daemon.server.spawnedAt;
	if (answer.status !== 200) throw new Error(answer.body);
	await delay(idleSeconds * 1000);
	const memory = daemon.server.memory();
	await daemon.server.kill();
	rmSync(copy, { recursive: true, force: true, maxRetries: 10 });
	return { milliseconds, bareMilliseconds: await startBare(bench, answer), memory };
}

function startFigure(name: string, starts: readonly Start[]): Figure {
	return compare(
		name,
		"ms",
		starts.map(({ milliseconds, bareMilliseconds }) => ({ ours: milliseconds, peer: bareMilliseconds })),
	);
}

async function measureBareMemory({ peers }: Bench): Promise<Memory | undefined> {
	const measured: Memory[] = [];
	for (let round = 0; round < rounds; round++) {
		const bare = await ServerProcess.start(peers.bare, [
			JSON.stringify({ status: 200, headers: [], body: "" }),
		]);
		await sendRequest(bare.url);
		const memory = bare.memory();
		await bare.stop();
		if (memory !== undefined) measured.push(memory);
	}
	if (measured.length === 0) return undefined;
	return {
		resident: median(measured.map(({ resident }) => resident)),
		peak: median(measured.map(({ peak }) => peak)),
	};
}

/** Resident and peak memory beside a bare process's; none where the system has no /proc. */
function memoryFigures(
	name: string,
	tokens: number,
	{ bare, ours }: { bare: Memory | undefined; ours: readonly (Memory | undefined)[] },
): Figure[] {
	const known = ours.filter((memory) => memory !== undefined);
	if (bare === undefined || known.length === 0) return [];
	const figureOf = (title: string, field: keyof Memory) =>
		compare(
			`${title} ${name}`,
			"MB",
			known.map((memory) => ({ ours: memory[field], peer: bare[field] })),
		);
	const target = tokens === few ? { target: { atMost: 1.6 } } : atFull(tokens, 260);
	return [{ ...figureOf("memory", "resident"), ...target }, figureOf("peak memory", "peak")];
}

/** A target for the figure itself, which holds for 100,000 tokens. */
function atFull(tokens: number, atMost: number): Pick<Figure, "judgedBy" | "target"> {
	return tokens === 100_000 ? { judgedBy: "ours", target: { atMost } } : {};
}

export function countOf(tokens: number): string {
	return `${tokens / 1000}k tokens`;
}
