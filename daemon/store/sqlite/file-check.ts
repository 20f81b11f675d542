/**
 * Checks, in the background, the files that no answer depends on: those of audit events, and the snapshot before the newest,
 * which is read only when the newest is damaged.
 */
import { existsSync } from "node:fs";
import type { Notice } from "../../contract.ts";
import { type AuditFiles, checksumOfFile } from "./audit-files.ts";
import { fileNotices } from "./recovery-notices.ts";
import { listSnapshots, setAside } from "./snapshot.ts";

/** As long as a read of it takes no other's turn. */
const pieceBytes = 1 << 18;

export async function checkAudit(audit: AuditFiles): Promise<Notice[]> {
	const names = await audit.damaged();
	if (names.length === 0) return [];
	const detail = `A file of audit events was damaged; its other events can still be read. It was kept as it is: ${names.join(", ")}.`;
	return [{ code: "data-lost", detail }];
}

/** Sets the snapshot before the newest aside if it is damaged. A new one should be made then. */
export async function checkSpareSnapshot(directory: string): Promise<Notice[]> {
	const [, spare] = listSnapshots(directory);
	if (spare === undefined) return [];
	try {
		const found = await checksumOfFile(spare.path, Buffer.alloc(pieceBytes));
		return found === spare.checksum ? [] : fileNotices([setAside(spare.path)], [], undefined);
	} catch (error) {
		// A snapshot that was made meanwhile has replaced it.
		if (!existsSync(spare.path)) return [];
		throw error;
	}
}
