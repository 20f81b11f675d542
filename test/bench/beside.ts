/**
 * Verifications while another caller creates token after token, beside the same without that caller: a create waits for
 * the disk, and no verification may wait with it.
 */
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { Daemon, tokenBody } from "./daemon.ts";
import { compare } from "./figure.ts";
import { LoadProcess, requestBytes } from "./load-process.ts";
import type { Turns } from "./turns.ts";

const rounds = 5;
const seconds = 3;
const connections = 4;

export async function* measureBeside({ distFolder, workFolder }: Bench): Turns {
	const [verifying, creating] = [LoadProcess.start(), LoadProcess.start()];
	const daemon = await Daemon.start(distFolder, join(workFolder, "beside"));
	const { port } = daemon.server;
	const verifications = (await daemon.createTokens(1000)).map((secret) =>
		requestBytes(port, "GET /v1/verify?permission=api.api-tokens.read", {
			Authorization: `Bearer ${secret}`,
		}),
	);
	const headers = { ...daemon.ownerHeaders, "Content-Type": "application/json" };
	const creations = [requestBytes(port, "POST /v1/api-tokens", headers, tokenBody(0))];

	const order = { port, seconds, count: Infinity };
	const verify = () => verifying.run({ ...order, requests: verifications, connections, status: 200 });
	const create = () => creating.run({ ...order, requests: creations, connections: 1, status: 201 });
	await verify();
	const turns = [];
	for (let round = 0; round < rounds; round++) {
		const [beside] = await Promise.all([verify(), create()]);
		turns.push({ beside, alone: await verify() });
		yield;
	}
	for (const child of [verifying, creating, daemon.server]) await child.stop();
	const name = "verify beside creates, verify alone";
	return [
		compare(
			name,
			"answers/s",
			turns.map(({ beside, alone }) => ({ ours: beside.answers / seconds, peer: alone.answers / seconds })),
		),
		compare(
			`${name}, p99`,
			"ms",
			turns.map(({ beside, alone }) => ({ ours: beside.p99Milliseconds, peer: alone.p99Milliseconds })),
		),
	];
}
