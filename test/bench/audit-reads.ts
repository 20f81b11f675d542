/**
 * Verifications while the audit is checked or exported, beside the same alone: the chain of a large audit is long to read,
 * and no verification may wait for it. One check and sixteen at once, and the same of exports.
 */
import { join } from "node:path";
import { sendRequest } from "./answer.ts";
import type { Bench } from "./bench.ts";
import { Daemon } from "./daemon.ts";
import { compare, type Figure } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import type { Turns } from "./turns.ts";

const events = 30_000;
const rounds = 5;
const seconds = 3;
const connections = 4;
const target = { atMost: 10 };

const reads: [name: string, path: string, atOnce: number][] = [
	["a check of the audit", "/v1/audit-events?limit=1&verify=true", 1],
	["16 checks", "/v1/audit-events?limit=1&verify=true", 16],
	["an export", "/v1/audit-events?format=jsonl", 1],
	["16 exports", "/v1/audit-events?format=jsonl", 16],
	["16 searches that find nothing", "/v1/audit-events?actor=none", 16],
];

export async function* measureAuditReads({ distFolder, workFolder }: Bench): Turns {
	const load = LoadProcess.start();
	const folder = join(workFolder, "audit-reads");
	const filled = await Daemon.start(distFolder, folder);
	const secrets = (await filled.createTokens(events)).slice(0, 1000);
	// Half of the events are in files after a start, and half in memory.
	await filled.server.stop();
	const daemon = await Daemon.start(distFolder, folder);
	const { port } = daemon.server;
	const requests = secrets.map((secret) =>
		requestBytes(port, "GET /v1/verify?permission=api.api-tokens.read", {
			Authorization: `Bearer ${secret}`,
		}),
	);
	const verify = () => load.run({ port, seconds, count: Infinity, requests, connections, status: 200 });
	await verify();
	const figures: Figure[] = [];
	for (const [name, path, atOnce] of reads) {
		const turns = [];
		for (let round = 0; round < rounds; round++) {
			const reading = new Reading(daemon, path, atOnce);
			const beside = await verify();
			await reading.end();
			turns.push({ ours: beside.p99Milliseconds, peer: (await verify()).p99Milliseconds });
			yield;
		}
		figures.push({
			...compare(`verify beside ${name} of ${events.toLocaleString("en")} events, p99`, "ms", turns, target),
			judgedBy: "ours",
		});
	}
	for (const child of [load, daemon.server]) await child.stop();
	return figures;
}

/** Reads again and again, so many at once, until it is ended. */
class Reading {
	#ended = false;
	readonly #readers: Promise<void>[];

	constructor(daemon: Daemon, path: string, atOnce: number) {
		this.#readers = Array.from({ length: atOnce }, () => this.#read(daemon, path));
	}

	async end(): Promise<void> {
		this.#ended = true;
		await Promise.all(this.#readers);
	}

	async #read(daemon: Daemon, path: string): Promise<void> {
		while (!this.#ended) {
			const { status, body } = await sendRequest(daemon.server.url + path, { headers: daemon.ownerHeaders });
			if (status !== 200) throw new Error(body);
		}
	}
}
