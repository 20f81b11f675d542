/** Backs up, restores and exports. The files are of the machine that the daemon runs on. */

import { createReadStream } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeBackupFile } from "../../daemon/client/backup-file.ts";
import type { RestoreReport, TokenRecord } from "../../daemon/contract.ts";
import { tokensAsCsv } from "../../daemon/token-csv.ts";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import { bareId } from "../daemon/qualified-ids.ts";

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

/** Every token, revoked and expired ones included, without secrets and their hashes. Returns how many. */
export async function exportTokens(
	{ daemon }: BackupDeps,
	file: string,
	format: ExportFormat,
): Promise<number> {
	const tokens = (await (await daemon.client()).listTokens()).map(ofItsAuthority);
	const part = `${file}.part`;
	try {
		await writeFile(part, textOf(tokens, format), { mode: 0o600, flush: true });
		await rename(part, file);
	} finally {
		await rm(part, { force: true });
	}
	return tokens.length;
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

function textOf(tokens: readonly TokenRecord[], format: ExportFormat): string {
	return format === "csv" ? tokensAsCsv(tokens) : `${JSON.stringify({ tokens }, null, 2)}\n`;
}
