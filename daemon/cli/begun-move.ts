/**
 * The note of a move that has begun, in the user's config directory. While tokens may be at both sides, a move to a third
 * place would leave them valid at two. The note names the process that is at it: of two at once, one would find no tokens left.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ownConfigDirectory } from "../client/own-directory.ts";
import { isAlive } from "../client/process-alive.ts";
import { addPrivateFile, readPrivateFile, removePrivateFile, writePrivateFile } from "./private-file.ts";

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
export function noteBegun(move: BegunMove, isBegun: boolean): void {
	if (isBegun ? takeOver(move) : addPrivateFile(notePath(), noteOf(move))) return;
	throw new Error("Another move has begun meanwhile. Nothing was moved by this one: run it again later.");
}

export function forgetBegun(): void {
	removePrivateFile(notePath());
}

/**
 * Whether the note is this process's now. It is replaced and never gone, wherever a process dies; a claim beside it lets one
 * process at a time do so. A claim whose process has died stays until the note is replaced, and the next has another number.
 */
function takeOver({ from, to }: BegunMove): boolean {
	const left = claims();
	const last = left.at(-1);
	if (last !== undefined && isAlive(Number(readPrivateFile(claimPath(last))))) return false;
	const own = (last ?? 0) + 1;
	if (!addPrivateFile(claimPath(own), String(process.pid))) return false;
	try {
		const found = readNote(notePath());
		// The other process has ended the move.
		if (found === undefined) return addPrivateFile(notePath(), noteOf({ from, to }));
		if (found.from !== from || found.to !== to || isAtIt(found)) return false;
		writePrivateFile(notePath(), noteOf({ from, to }));
		for (const one of left) removePrivateFile(claimPath(one));
		return true;
	} finally {
		removePrivateFile(claimPath(own));
	}
}

/** Their numbers, the newest last. */
function claims(): number[] {
	if (!existsSync(ownConfigDirectory())) return [];
	return readdirSync(ownConfigDirectory())
		.filter((name) => name.startsWith(claimPrefix))
		.map((name) => Number(name.slice(claimPrefix.length)))
		.filter(Number.isInteger)
		.sort((one, other) => one - other);
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

function noteOf({ from, to }: BegunMove): string {
	return `${JSON.stringify({ from, to, pid: process.pid } satisfies Note)}\n`;
}

const noteName = "move.json";
const claimPrefix = `${noteName}.claim-`;

function notePath(): string {
	return join(ownConfigDirectory(), noteName);
}

function claimPath(number: number): string {
	return join(ownConfigDirectory(), `${claimPrefix}${number}`);
}
