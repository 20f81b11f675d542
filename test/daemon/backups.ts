/** Makes, changes and restores backups in tests, and reads what a restore must keep. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { RestoreReport } from "../../daemon/contract.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

export type Line = { kind: string } & Record<string, unknown>;

/** Starts two daemons before each test: one to back up, and another to restore into. */
export function twoDaemonsOfEach(take: (one: TestDaemon, other: TestDaemon) => void): void {
	let one: TestDaemon;
	daemonOfEach((daemon) => {
		one = daemon;
	});
	daemonOfEach((other) => take(one, other));
}

export async function backup(daemon: TestDaemon): Promise<string> {
	const { status, body } = await daemon.call("GET", "/v1/backup");
	assert.equal(status, 200);
	return body;
}

export function restore(daemon: TestDaemon, text: string, query = ""): Promise<Answer> {
	const headers = { "content-type": "application/jsonl" };
	return daemon.call("POST", `/v1/restore${query}`, { body: text, headers });
}

export async function restored(daemon: TestDaemon, text: string): Promise<RestoreReport> {
	const { status, body } = await restore(daemon, text);
	assert.equal(status, 200, JSON.stringify(body));
	return body;
}

export async function list(daemon: TestDaemon): Promise<Line[]> {
	return (await daemon.call("GET", "/v1/api-tokens?limit=1000&sort=name")).body.tokens;
}

export async function verdict(daemon: TestDaemon, secret: string): Promise<unknown> {
	const { status, body } = await daemon.verify(secret);
	return [status, body.code, body.token];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer
export async function audit(daemon: TestDaemon): Promise<any> {
	return (await daemon.call("GET", "/v1/audit-events?verify=true&limit=1000")).body;
}

export async function everything(daemon: TestDaemon): Promise<unknown> {
	const paths = ["/v1/policy", "/v1/permissions", "/v1/profiles", "/v1/connections"];
	const settings = await Promise.all(paths.map(async (path) => (await daemon.call("GET", path)).body));
	return [await list(daemon), await audit(daemon), settings];
}

export function linesOf(text: string): Line[] {
	return text
		.trimEnd()
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));
}

/** A whole backup of the lines, as a newer version or an attacker would write it. */
export function signed(lines: readonly Line[]): string {
	const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
	const sha256 = createHash("sha256").update(text).digest("hex");
	return `${text}${JSON.stringify({ kind: "end", lines: lines.length, sha256 })}\n`;
}

export function changeTokens(text: string, change: object, id?: string): Line[] {
	return linesOf(text).map((line) => {
		const token = line.token as Line | undefined;
		if (token === undefined || (id !== undefined && token.id !== id)) return line;
		return { ...line, token: { ...token, ...change } };
	});
}

/** The daemon's policy with a change. */
export async function policyWith(daemon: TestDaemon, change: object): Promise<object> {
	return { ...(await daemon.call("GET", "/v1/policy")).body.policy, ...change };
}
