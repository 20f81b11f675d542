/**
 * `npm run bench`: speed and size, each figure beside that of a peer measured in the same run, because only the ratio
 * means anything on another machine. `npm run bench -- verify start` measures only these parts. `--large` measures with
 * 100,000 tokens, `--dist DIR` an earlier build, `--before DIR` another build in turn with it; `--json FILE` keeps the
 * figures. A missed target is shown and is no error.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, type } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageExtension } from "../workbench/vsix.ts";
import { measureAuditReads } from "./audit-reads.ts";
import { measureBeside } from "./beside.ts";
import { measureCreates } from "./creates.ts";
import { measureEditor } from "./editor.ts";
import { type Figure, table, verdict } from "./figure.ts";
import { bundlePeers } from "./peers.ts";
import { measureScale } from "./scale.ts";
import { measureServer } from "./server.ts";
import { measureSizes } from "./sizes.ts";
import { measureStart } from "./start.ts";
import { type Turns, takeTurns, withBefore } from "./turns.ts";
import { measureVerify } from "./verify.ts";

/** The input of every part. */
export interface Bench {
	/** The built daemon. */
	distFolder: string;
	/** Empty at first, and removed at the end; on a real disk, so that a sync is one. */
	workFolder: string;
	/** The peers' scripts. */
	peers: { bare: string; sqlite: string };
	/** Whether `scale` measures with 100,000 tokens rather than 10,000. */
	large: boolean;
}

const parts: Record<string, (bench: Bench) => Turns> = {
	verify: measureVerify,
	creates: measureCreates,
	beside: measureBeside,
	audit: measureAuditReads,
	start: measureStart,
	sizes: measureSizes,
	scale: measureScale,
	editor: measureEditor,
	server: measureServer,
};

const root = resolve(import.meta.dirname, "..", "..");
const { values: options, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: "string" },
		dist: { type: "string" },
		before: { type: "string" },
		large: { type: "boolean", default: false },
	},
});
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) {
	throw new Error(`Unknown part ${unknown.join(", ")}; known are ${Object.keys(parts).join(", ")}.`);
}
const chosen = Object.entries(parts).filter(
	([name]) => positionals.length === 0 || positionals.includes(name),
);
const workFolder = makeWorkFolder();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.once("exit", () => rmSync(workFolder, { recursive: true, force: true }));
await main();

async function main(): Promise<void> {
	const peers = await bundlePeers(workFolder);
	const benchOf = (name: string, dist: string): Bench => {
		const folder = join(workFolder, name);
		const bench = { distFolder: join(folder, "dist"), workFolder: folder, peers, large: options.large };
		// A copy: a build that is started meanwhile must not change what is measured.
		cpSync(resolve(dist), bench.distFolder, { recursive: true });
		return bench;
	};
	const now = benchOf("now", options.dist ?? (await build()));
	const before = options.before === undefined ? undefined : benchOf("before", options.before);
	for (const bench of [now, before]) if (bench !== undefined) checkBuild(bench);
	const figures: Figure[] = [];
	for (const [name, measure] of chosen) {
		console.log(`Measuring ${name}`);
		figures.push(...(await measureBoth(measure, now, before)));
	}
	report(figures);
}

async function measureBoth(
	measure: (bench: Bench) => Turns,
	now: Bench,
	before: Bench | undefined,
): Promise<Figure[]> {
	const runs = before === undefined ? [measure(now)] : [measure(now), measure(before)];
	const [figures = [], earlier = []] = await takeTurns(runs);
	return withBefore(figures, earlier);
}

/** Throws before anything is measured, rather than after minutes. */
function checkBuild({ distFolder }: Bench): void {
	const needed = chosen.some(([name]) => name === "editor")
		? ["daemon.js", "tokensmith.vsix"]
		: ["daemon.js"];
	const missing = needed.filter((name) => !existsSync(join(distFolder, name)));
	if (missing.length > 0) throw new Error(`The build lacks ${missing.join(", ")}.`);
}

function report(figures: readonly Figure[]): void {
	const machine = machineOf();
	console.log(`\n${table(figures)}\n\n${Object.values(machine).join(", ")}`);
	if (options.json === undefined) return;
	const judged = figures.map((figure) => ({ ...figure, verdict: verdict(figure) }));
	writeFileSync(options.json, `${JSON.stringify({ machine, figures: judged }, undefined, "\t")}\n`);
}

async function build(): Promise<string> {
	console.log("Building");
	await packageExtension();
	return join(root, "dist");
}

function makeWorkFolder(): string {
	const cache = join(root, "node_modules", ".cache");
	if (!existsSync(cache)) mkdirSync(cache, { recursive: true });
	return mkdtempSync(join(cache, "bench-"));
}

function machineOf(): Record<string, string> {
	return {
		processor: cpus()[0]?.model.trim() ?? "unknown processor",
		cores: `${cpus().length} cores`,
		system: `${type()} ${process.arch}`,
		node: `Node ${process.versions.node}`,
		date: new Date().toISOString().slice(0, 10),
	};
}
