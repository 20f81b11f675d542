/** Deletes all data of a data directory: in the place of the daemon, which is asked to stop. */
import { existsSync } from "node:fs";
import type { DeletedLine } from "./contract.ts";
import { isMoveUnfinished, prepareDirectory } from "./data-directory.ts";
import { finishDeletion, foreignNames, markDeleted } from "./delete-files.ts";
import type { HeldError } from "./directory-lock.ts";
import { finishMove } from "./move-data.ts";
import { DeletionError } from "./start-failure.ts";
import { lockAfterStop } from "./stop-holder.ts";

/** @throws DeletionError */
export async function deleteData(directory: string): Promise<DeletedLine> {
	if (!existsSync(directory)) return { event: "deleted", left: [] };
	prepareDirectory(directory);
	// Until this process ends, no daemon starts here.
	await lockAfterStop(directory, (held) => new DeletionError(heldWords(directory, held), { cause: held }));
	if (isMoveUnfinished(directory)) finishMove(directory);
	markDeleted(directory);
	finishDeletion(directory);
	return { event: "deleted", left: foreignNames(directory) };
}

function heldWords(directory: string, { pid }: HeldError): string {
	const which = pid === undefined ? "" : ` (process ${pid})`;
	return `The daemon${which} uses ${directory} and does not stop, so nothing was deleted. End that process, then try again.`;
}
