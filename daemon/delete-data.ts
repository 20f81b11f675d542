/** Deletes all data of a data directory: in the place of the daemon, which is asked to stop. */
import { existsSync } from "node:fs";
import type { DeletedLine } from "./contract.ts";
import { isMoveUnfinished, prepareDirectory } from "./data-directory.ts";
import { finishDeletion, foreignNames, markDeleted } from "./delete-files.ts";
import type { HeldError } from "./directory-lock.ts";
import { finishMove } from "./move-data.ts";
import { DeletionError, messageOf } from "./start-failure.ts";
import { lockAfterStop } from "./stop-holder.ts";

/** @throws DeletionError */
export async function deleteData(directory: string): Promise<DeletedLine> {
	if (!existsSync(directory)) return { event: "deleted", left: [] };
	prepareDirectory(directory);
	// Until this process ends, no daemon starts here.
	await lockAfterStop(directory, (held) => new DeletionError(heldWords(directory, held), { cause: held }));
	if (isMoveUnfinished(directory)) finishMove(directory);
	markDeleted(directory);
	try {
		finishDeletion(directory);
	} catch (cause) {
		throw new DeletionError(unfinishedWords(directory, messageOf(cause)), { cause });
	}
	return { event: "deleted", left: foreignNames(directory) };
}

function unfinishedWords(directory: string, reason: string): string {
	return `The deletion in ${directory} has begun, and can't go on: ${reason}. Put that right; the next start of the daemon finishes it, and none of the data counts until then.`;
}

function heldWords(directory: string, { pid }: HeldError): string {
	const which = pid === undefined ? "" : ` (process ${pid})`;
	return `The daemon${which} uses ${directory} and does not stop, so nothing was deleted. End that process, then try again.`;
}
