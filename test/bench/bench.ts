/**
 * `npm run bench`: how quick and how large it is, each figure beside that of a peer measured in the same run, for only
 * the ratio means anything on another machine. `npm run bench -- verify start` measures only these; `--json FILE` keeps
 * the figures, `--large` adds 100k tokens, `--dist DIR` takes an earlier build. It judges nothing: a missed target
 * is shown, not an error.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, type } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageExtension } from "../workbench/vsix.ts";
import { measureBeside } from "./beside.ts";
import { measureCreates } from "./creates.ts";
import { measureEditor } from "./editor.ts";
import { type Figure, table, verdict } from "./figure.ts";
import { bundlePeers } from "./peers.ts";
import { measureSizes } from "./sizes.ts";
import { measureStart } from "./start.ts";
import { measureVerify } from "./verify.ts";

/** What every part needs. */
export interface Bench {
	/** Where the built daemon is. */
	distFolder: string;
	/** Empty at first, and removed at the end; on a real disk, so that a sync is one. */
	workFolder: string;
	/** The peers' scripts. */
	peers: { bare: string; sqlite: string };
	/** Whether 100k tokens are measured too. */
	large: boolean;
}

const parts: Record<string, (bench: Bench) => Promise<Figure[]>> = {
	verify: measureVerify,
	creates: measureCreates,
	beside: measureBeside,
	start: measureStart,
	sizes: measureSizes,
	editor: measureEditor,
};

const root = resolve(import.meta.dirname, "..", "..");
const { values: options, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: "string" },
		dist: { type: "string" },
		large: { type: "boolean", default: false },
	},
});
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) {
	throw new Error(`There is no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}.`);
}
const workFolder = makeWorkFolder();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.once("exit", () => rmSync(workFolder, { recursive: true, force: true }));
await main();

async function main(): Promise<void> {
	// A copy, for a build that somebody starts meanwhile would be measured half and half.
	const distFolder = join(workFolder, "dist");
	cpSync(options.dist === undefined ? await build() : resolve(options.dist), distFolder, { recursive: true });
	const bench = { distFolder, workFolder, peers: await bundlePeers(workFolder), large: options.large };
	const figures: Figure[] = [];
	for (const [name, measure] of Object.entries(parts)) {
		if (positionals.length > 0 && !positionals.includes(name)) continue;
		console.log(`Measuring ${name}`);
		figures.push(...(await measure(bench)));
	}
	const machine = machineOf();
	console.log(`\n${table(figures)}\n\n${Object.values(machine).join(", ")}`);
	if (options.json !== undefined) {
		const judged = figures.map((figure) => ({ ...figure, verdict: verdict(figure) }));
		writeFileSync(options.json, `${JSON.stringify({ machine, figures: judged }, undefined, "\t")}\n`);
	}
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
