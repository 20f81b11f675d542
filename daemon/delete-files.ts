/**
 * Deletes the files of a data directory. Invariant: one empty file, `deleting`, decides. Before it is there, all data is;
 * from then on none of it counts, and the next holder of the lock deletes what is left. What is not known to be Tokensmith's
 * stays, as do an installed service and what each editor knows of its own SecretStorage.
 */
import { closeSync, lstatSync, openSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compileCache } from "./client/own-files.ts";
import { MisplacedFileError, syncPath } from "./data-directory.ts";

/** Those that a daemon writes. A damaged one, and one that was there before a move, has another ending. */
const dataFile =
	/^(?:identity\.pem|index\.jsonl|moved-from|daemon\.(?:json|spare|log)|(?:lock|link)\.spare|daemon-errors\.txt|snapshot-\d+-\d+-[0-9a-f]{8}\.db|changes-\d+\.log|copy-\d+\.(?:log|dropped)|audit-\d+-\d+-[0-9a-f]{8}\.jsonl)(?:\.1|\.(?:damaged|earlier)(?:-\d+)?)?$/;

/** Written in part when a crash came. Locks are those of other processes. */
const incompleteFile = /^(?!lock-).+\.tmp$/;

/** What a move has found here, and has kept. */
const unusedFolder = /^unused-[\dTZ-]+$/;

/** Of the editors: which notices one of them has shown. `kept-secrets` is an earlier version's. */
const claimFolder = /^(?:notices|data-notices|ends|kept-secrets)$/;
const claimFile = /^[\w.~%-]+$/;

/** What stays, and is Tokensmith's. */
const keptName = /^(?:lock-.*|service|editors)$/;

/** From here on the data is deleted. */
export function markDeleted(directory: string): void {
	// Empty: a full disk has room for its name.
	closeSync(openSync(markOf(directory), "w", 0o600));
	syncPath(directory);
}

/** @throws MisplacedFileError, since what no daemon has written must delete nothing */
function isDeletionUnfinished(directory: string): boolean {
	const path = markOf(directory);
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (found === undefined) return false;
	if (found.isFile() && found.size === 0) return true;
	throw new MisplacedFileError(`${path} is not the empty file that begins a deletion of all data.`);
}

/** To be called by the holder of the lock. */
export function finishDeletion(directory: string): void {
	if (!isDeletionUnfinished(directory)) return;
	deleteIn(directory, (name) => dataFile.test(name) || incompleteFile.test(name));
	for (const name of readdirSync(directory)) {
		if (name === compileCache) rmSync(join(directory, name), { recursive: true });
		else if (unusedFolder.test(name)) deleteFolder(join(directory, name), (file) => dataFile.test(file));
		else if (claimFolder.test(name)) deleteFolder(join(directory, name), (file) => claimFile.test(file));
	}
	// Only then: a power cut must not leave data without the mark.
	syncPath(directory);
	rmSync(markOf(directory));
}

/** What is in a directory and none of Tokensmith's. */
export function foreignNames(directory: string): string[] {
	return readdirSync(directory).filter((name) => !keptName.test(name) && name !== markName);
}

const markName = "deleting";

function markOf(directory: string): string {
	return join(directory, markName);
}

/** Files only: a folder or a link that has such a name is not ours. */
function deleteIn(directory: string, isOurs: (name: string) => boolean): void {
	for (const name of readdirSync(directory)) {
		const path = join(directory, name);
		if (isOurs(name) && lstatSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path, { force: true });
	}
}

/** A folder in which something else is stays. */
function deleteFolder(path: string, isOurs: (name: string) => boolean): void {
	if (!lstatSync(path).isDirectory()) return;
	deleteIn(path, isOurs);
	if (readdirSync(path).length === 0) rmdirSync(path);
}
