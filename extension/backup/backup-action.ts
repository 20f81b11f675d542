/** Backs up, restores and exports. The files are of the machine that the daemon runs on. */

import { createReadStream } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeBackupFile } from "../../daemon/client/backup-file.ts";
import type { RestoreReport, TokenRecord } from "../../daemon/contract.ts";
import { tokensAsCsv } from "../../daemon/token-csv.ts";
import type { Client } from "../daemon/client.ts";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import type { LiveServer } from "../daemon/live-server.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { bareId, qualifiedAt } from "../daemon/qualified-ids.ts";

export interface BackupDeps {
	daemon: Pick<DaemonProcess, "client">;
}

/** A file that exists is replaced by a complete backup. The signal ends it, and leaves nothing. */
export async function backUp({ daemon }: BackupDeps, file: string, signal: AbortSignal): Promise<void> {
	const client = await daemon.client();
	await writeBackupFile(client.backup(), file, { existing: "replace", signal });
}

/** All or nothing. `preview`: what would be restored. */
export async function restore(
	{ daemon }: BackupDeps,
	file: string,
	mode: "preview" | "restore",
): Promise<RestoreReport> {
	return (await daemon.client()).restore(() => createReadStream(file), mode);
}

/**
 * Backs up the tokens that an earlier version has left to a file, for as long as it is used. They stay where they are.
 * @throws DaemonError
 */
export async function withEarlierTokens<Result>(
	earlier: DaemonProcess,
	use: (file: string) => Promise<Result>,
): Promise<Result> {
	const folder = await mkdtemp(join(tmpdir(), "tokensmith-"));
	try {
		const client = await earlier.client();
		const file = join(folder, "earlier.backup");
		await writeBackupFile(client.backup(), file, { existing: "replace" });
		await client.shutdown();
		return await use(file);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

export type ExportFormat = "csv" | "json";

export interface ExportDeps extends BackupDeps {
	live: Pick<LiveTokens, "servers">;
}

interface Exported {
	readonly count: number;
	/** The names of the servers that did not answer. */
	readonly missing: readonly string[];
}

/** Every token, revoked and expired ones included, without secrets and their hashes. Of servers too, by name. */
export async function exportTokens(
	{ daemon, live }: ExportDeps,
	file: string,
	format: ExportFormat,
): Promise<Exported> {
	const client = await daemon.client();
	const here = await client.listTokens("local");
	const there = await Promise.all(live.servers.map((one) => listAt(client, one)));
	const isShared = live.servers.length > 0;
	const tokens = [
		...here.map((token) => ({ ...token, ...(isShared && { server: null }) })),
		...there.flatMap(({ server, listed }) =>
			(listed ?? []).map((token) => ({ ...ofItsAuthority(token), server: server.name })),
		),
	];
	const missing = there.flatMap(({ server, listed }) => (listed === undefined ? [server.name] : []));
	const part = `${file}.part`;
	try {
		await writeFile(part, textOf(tokens, format), { mode: 0o600, flush: true });
		await rename(part, file);
	} finally {
		await rm(part, { force: true });
	}
	return { count: tokens.length, missing };
}

/** `listed`: undefined if the server does not answer, or refuses. */
async function listAt(client: Client, { key, server }: LiveServer) {
	const listed = await client.listTokens(qualifiedAt(key, "")).catch(() => undefined);
	return { server, listed };
}

/** With the ids that its authority knows. */
function ofItsAuthority(token: TokenRecord): TokenRecord {
	const bare = (id: string | null) => id && bareId(id);
	return {
		...token,
		...{ id: bareId(token.id), issuer: bareId(token.issuer), profile: bareId(token.profile) },
		...{ predecessorId: bare(token.predecessorId), successorId: bare(token.successorId) },
		connectionId: bare(token.connectionId),
	};
}

function textOf(tokens: Parameters<typeof tokensAsCsv>[0], format: ExportFormat): string {
	return format === "csv" ? tokensAsCsv(tokens) : `${JSON.stringify({ tokens }, null, 2)}\n`;
}
