/**
 * The note of a move that has begun, in the user's config directory. While tokens may be at both sides, a move to a third
 * place would leave them valid at two. The note names the process that is at it: of two at once, one would find no tokens left.
 */
import { randomUUID } from "node:crypto";
import { linkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ownConfigDirectory } from "../client/own-directory.ts";
import { isAlive } from "../client/process-alive.ts";
import { addPrivateFile, readPrivateFile, removePrivateFile } from "./private-file.ts";

/** Each by its data directory or its address. */
export interface BegunMove {
	readonly from: string;
	readonly to: string;
}

interface Note extends BegunMove {
	/** Earlier versions did not write it. */
	readonly pid?: number;
}

/** Whether this very move has begun before, and was interrupted. @throws Error while another one has, or a process is at it */
export function checkBegun({ from, to }: BegunMove): boolean {
	const begun = readNote(notePath());
	if (begun === undefined) return false;
	if (begun.from !== from || begun.to !== to)
		throw new Error(
			`A move from ${begun.from} to ${begun.to} has not ended: run it again first, so that no token is valid at both. If that can't be done any more, and ${begun.to} is gone for good, remove ${notePath()}.`,
		);
	if (isAtIt(begun))
		throw new Error(
			`This move is under way already, in the process ${begun.pid}: wait until it has ended. If that is none of Tokensmith, remove ${notePath()}, then run the command again.`,
		);
	return true;
}

/** @throws Error where another move has begun since it was checked, or another process went on with this one */
export function noteBegun({ from, to }: BegunMove, isBegun: boolean): void {
	if (isBegun) takeOver({ from, to });
	if (addPrivateFile(notePath(), `${JSON.stringify({ from, to, pid: process.pid })}\n`)) return;
	throw new Error("Another move has begun meanwhile. Nothing was moved by this one: run it again later.");
}

export function forgetBegun(): void {
	removePrivateFile(notePath());
}

/** Only one process can rename the note of the interrupted move. */
function takeOver({ from, to }: BegunMove): void {
	const aside = `${notePath()}.${randomUUID()}`;
	try {
		renameSync(notePath(), aside);
	} catch (error) {
		// The other process has ended the move, or is about to write its own note.
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
		throw error;
	}
	let isTaken = false;
	try {
		const found = readNote(aside);
		isTaken = found?.from === from && found.to === to && !isAtIt(found);
	} finally {
		if (!isTaken) linkSync(aside, notePath());
		removePrivateFile(aside);
	}
}

function isAtIt({ pid }: Partial<Note>): boolean {
	return pid !== undefined && pid !== process.pid && isAlive(pid);
}

function readNote(path: string): Partial<Note> | undefined {
	const content = readPrivateFile(path);
	if (content === undefined) return undefined;
	try {
		return Object(JSON.parse(content));
	} catch (cause) {
		const words = `${notePath()} is damaged, which tells of a move that has not ended. Run that move again once you have removed the file.`;
		throw new Error(words, { cause });
	}
}

function notePath(): string {
	return join(ownConfigDirectory(), "move.json");
}
