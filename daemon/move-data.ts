/**
 * Moves the data of an earlier data directory here, once. Earlier versions kept it in the extension's own storage, which
 * VS Code deletes after an uninstall. Invariant: at every moment one of the two directories has all of it, and the next
 * start finishes a move that a crash has interrupted.
 *
 * By one rename the earlier directory becomes `moved-in` of this one, and from there its files move up. On another disk it is
 * first renamed to where no earlier daemon finds it, and then copied.
 */
import { randomUUID } from "node:crypto";
import {
	copyFileSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { compileCache, foreignFileAt } from "./client/own-files.ts";
import type { Notice } from "./contract.ts";
import {
	hasArrived,
	holdsData,
	isDataFile,
	isMovingUp,
	isTransient,
	movedIn,
	moveMark,
	movingUp,
	syncPath,
} from "./data-directory.ts";
import { finishDeletion } from "./delete-files.ts";
import type { HeldError } from "./directory-lock.ts";
import { MoveError } from "./start-failure.ts";
import { lockAfterStop } from "./stop-holder.ts";

export interface Move {
	/** The earlier directory. */
	readonly from: string;
	/** This daemon's directory. */
	readonly to: string;
	/** Whether this directory's own data was never used: it has no token, connection, profile or permission. */
	readonly isUnused: () => boolean;
}

/**
 * Takes over the data of the earlier directory, unless this one has data of its own. To be called by the holder of this
 * directory's lock, before its data is read. @throws MoveError
 */
export async function moveData(move: Move): Promise<Notice[]> {
	const { from, to } = move;
	const finished = finishMove(to);
	if (isWithin(from, to) || isWithin(to, from)) return finished;
	try {
		if (!existsSync(from) && finished.length > 0) placeGuard(prepareGuard(move), from);
		if (existsSync(asideOf(from))) return moveAcrossDisks(move);
		if (finished.length > 0) return finished;
		return isWanted(move) ? await takeOver(move) : [];
	} catch (error) {
		if (error instanceof MoveError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw new MoveError(`The data in ${from} could not be moved to ${to}: ${reason}. Nothing is lost.`, {
			cause: error,
		});
	}
}

function isWanted({ from, to, isUnused }: Move): boolean {
	return holdsData(from) && (!holdsData(to) || isUnused());
}

async function takeOver(move: Move): Promise<Notice[]> {
	const { from, to } = move;
	refuseForeign(from);
	const lock = await lockAfterStop(from, (error) => new MoveError(heldWords(from, error), { cause: error }));
	try {
		finishDeletion(from);
		// An earlier daemon may have removed or moved files until now.
		if (!isWanted(move)) return [];
		mark(from);
		const guard = prepareGuard(move);
		if (renameWithinDisk(from, movedIn(to)) === "other disk") {
			renameSync(from, asideOf(from));
			return moveAcrossDisks(move);
		}
		placeGuard(guard, from);
		syncPath(to);
		return finishMove(to);
	} finally {
		lock.release();
	}
}

/** From the name under which no daemon finds it. What was copied completely before an interruption is not copied again. */
function moveAcrossDisks(move: Move): Notice[] {
	const { from, to } = move;
	const aside = asideOf(from);
	if (!existsSync(from)) placeGuard(prepareGuard(move), from);
	if (!isCopied(aside, to)) {
		if (holdsData(to) && !move.isUnused()) return putBack(from);
		copyTree(aside, arriving(to));
		renameSync(arriving(to), movedIn(to));
		syncPath(to);
		finishMove(to);
	}
	const notice = movedNotice(to);
	rmSync(aside, { recursive: true, force: true });
	return [notice];
}

/** Other data came here meanwhile. */
function putBack(from: string): Notice[] {
	if (!holdsData(from)) {
		rmSync(from, { recursive: true, force: true });
		renameSync(asideOf(from), from);
	}
	return [];
}

/** Puts what has arrived in the place of this directory's own data, which is kept in a folder if there is any. */
export function finishMove(to: string): Notice[] {
	if (hasArrived(to) && !existsSync(movingUp(to))) {
		setAsideData(to);
		renameSync(movedIn(to), movingUp(to));
	}
	if (!isMovingUp(to)) return [];
	for (const name of readdirSync(movingUp(to))) {
		if (isTransient(name)) rmSync(join(movingUp(to), name), { recursive: true, force: true });
		else moveUp(join(movingUp(to), name), join(to, name));
	}
	syncPath(to);
	rmdirSync(movingUp(to));
	return [movedNotice(to)];
}

function setAsideData(directory: string): void {
	const names = readdirSync(directory).filter(isDataFile);
	if (names.length === 0) return;
	const folder = join(directory, `unused-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`);
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	for (const name of names) renameSync(join(directory, name), join(folder, name));
}

/** Folders are merged. A file that is there already, which is none of the data, stays, and the other one has another name. */
function moveUp(source: string, target: string): void {
	const found = lstatSync(target, { throwIfNoEntry: false });
	if (found === undefined) return renameSync(source, target);
	if (!(found.isDirectory() && lstatSync(source).isDirectory())) return renameSync(source, freeName(target));
	for (const name of readdirSync(source)) moveUp(join(source, name), join(target, name));
	rmdirSync(source);
}

function freeName(path: string): string {
	let name = `${path}.earlier`;
	for (let attempt = 2; existsSync(name); attempt++) name = `${path}.earlier-${attempt}`;
	return name;
}

function heldWords(from: string, { pid }: HeldError): string {
	const which = pid === undefined ? "" : ` (process ${pid})`;
	return `An earlier daemon${which} uses ${from} and does not stop, so the data there was not moved. End that process, then try again.`;
}

/** Data that others could have written is not believed in its new place either. @throws MoveError */
function refuseForeign(from: string): void {
	const foreign = foreignFileAt(from, compileCache);
	if (foreign === undefined) return;
	throw new MoveError(
		`${foreign} belongs to another user, or other users can write to it, so the data in ${from} was not moved. Make it yours (chown) and private (chmod go-w) if you trust what is in it, or move ${from} away. Then try again.`,
	);
}

/**
 * Earlier daemons refuse a directory in which a folder has the name of one of their files, and their message names it: a
 * window that still runs an earlier version must not start with new, empty data.
 */
const guardName = "audit-moved--reload-this-window.log";

function prepareGuard({ from, to }: Move): string {
	const guard = `${from}.moved`;
	rmSync(guard, { recursive: true, force: true });
	mkdirSync(join(guard, guardName), { recursive: true, mode: 0o700 });
	const words = `Tokensmith keeps its data in ${to} now. Reload windows that run an earlier version.\n`;
	writeFileSync(join(guard, guardName, "README.txt"), words, { mode: 0o600 });
	return guard;
}

function placeGuard(guard: string, from: string): void {
	try {
		renameSync(guard, from);
	} catch (error) {
		if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(codeOf(error))) throw error;
		// An earlier version was faster and has begun new data. The extension tells of data in both places.
		rmSync(guard, { recursive: true, force: true });
	}
}

function renameWithinDisk(from: string, to: string): "renamed" | "other disk" {
	try {
		renameSync(from, to);
		return "renamed";
	} catch (error) {
		if (codeOf(error) === "EXDEV") return "other disk";
		throw error;
	}
}

/** A copy counts once it has its name, and gets it once it is on disk. */
function copyTree(source: string, target: string): void {
	mkdirSync(target, { recursive: true, mode: 0o700 });
	for (const entry of readdirSync(source, { withFileTypes: true })) {
		if (isTransient(entry.name)) continue;
		const [from, to] = [join(source, entry.name), join(target, entry.name)];
		if (entry.isDirectory()) copyTree(from, to);
		else if (entry.isFile() && !existsSync(to)) copyFile(from, to);
	}
	syncPath(target);
}

function copyFile(from: string, to: string): void {
	const part = `${to}.part`;
	copyFileSync(from, part);
	syncPath(part);
	renameSync(part, to);
}

function mark(directory: string): void {
	writeFileSync(moveMark(directory), `${directory}\n${randomUUID()}\n`, { mode: 0o600 });
}

function isCopied(aside: string, to: string): boolean {
	const [original, copy] = [moveMark(aside), moveMark(to)];
	return existsSync(original) && existsSync(copy) && readFileSync(original).equals(readFileSync(copy));
}

function movedNotice(to: string): Notice {
	const [from] = readFileSync(moveMark(to), "utf8").split("\n");
	return {
		code: "data-moved",
		detail: `Your API tokens have moved to ${to}, where all your editors and the command line find them. They were in ${from}.`,
	};
}

function isWithin(inner: string, outer: string): boolean {
	const path = relative(outer, inner);
	return path === "" || !(path.startsWith("..") || isAbsolute(path));
}

function asideOf(from: string): string {
	return `${from}.moving`;
}

function arriving(to: string): string {
	return join(to, "arriving");
}

function codeOf(error: unknown): string {
	return (error as NodeJS.ErrnoException).code ?? "";
}
