/**
 * Audit events outside the database: those of compacted logs in files that never change, one JSON line per event, the newer
 * ones in memory (the logs hold them). So the memory for the audit does not grow, and a query reads only the lines it needs.
 */
import { promises as files, readdirSync, readFileSync, rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { AuditEvent } from "../../contract.ts";
import type { AuditFilter, ChainEnd } from "../store.ts";
import { LongRead, LongReads } from "./long-reads.ts";
import type { Settings } from "./settings.ts";
import { checksumOf, hexOf, writeComplete } from "./snapshot.ts";

interface AuditFile {
	/** Sequences, both included. */
	first: number;
	last: number;
	checksum: string;
	name: string;
}

interface Lines {
	texts: string[];
	/** The sequence up to which they are. */
	last: number;
}

/** Where the lines of a file begin, and a checksum of each event's token id. */
interface LineIndex {
	offsets: Float64Array;
	tokens: Uint32Array;
}

const namePattern = /^audit-(\d{1,15})-(\d{1,15})-([0-9a-f]{8})\.jsonl$/;
const linesAtOnce = 64;
const pieceBytes = 1 << 18;
const lineEnd = 0x0a;
const tokenIdMark = Buffer.from('"tokenId":"');

/** The audit files of a directory, oldest first, without those that others replace. */
export function listAuditFiles(directory: string): AuditFile[] {
	const found = readdirSync(directory).flatMap((name) => {
		const [, first, last, checksum] = namePattern.exec(name) ?? [];
		return checksum === undefined ? [] : [{ first: Number(first), last: Number(last), checksum, name }];
	});
	found.sort((one, other) => one.first - other.first || other.last - one.last);
	let end = 0;
	return found.filter(({ last }) => {
		const isNew = last > end;
		end = Math.max(end, last);
		return isNew;
	});
}

/** Writes the events that no file holds yet. @param events JSON texts, in the order of the chain. */
export function writeAuditFile(directory: string, events: readonly string[]): void {
	const written = listAuditFiles(directory).at(-1)?.last ?? 0;
	const run: string[] = [];
	for (const event of events) {
		const sequence = sequenceOf(event);
		if (sequence <= written) continue;
		// In one file, each line's sequence follows from the first.
		const follows = run.length === 0 || sequence === sequenceOf(run[0] ?? "") + run.length;
		if (!follows) writeRun(directory, run.splice(0));
		run.push(event);
	}
	if (run.length > 0) writeRun(directory, run);
}

function writeRun(directory: string, run: readonly string[]): void {
	const first = sequenceOf(run[0] ?? "");
	const bytes = Buffer.from(`${run.join("\n")}\n`);
	const name = `audit-${first}-${first + run.length - 1}-${checksumOf(bytes)}.jsonl`;
	writeComplete(directory, { [name]: bytes });
}

/** The end of the chain as the files have it. */
export function lastInFiles(directory: string): ChainEnd | undefined {
	const name = listAuditFiles(directory).at(-1)?.name;
	if (name === undefined) return undefined;
	const line = readFileSync(join(directory, name), "utf8").trimEnd().split("\n").at(-1) ?? "";
	const event = parseLine(line);
	return event === undefined ? undefined : { sequence: event.sequence, hash: event.hash };
}

/** `auditTail`: what the oldest event follows. `auditHead`: the newest event. */
export function chainEnd(settings: Pick<Settings, "get">, name: "auditTail" | "auditHead"): ChainEnd {
	return (settings.get(name) as ChainEnd | undefined) ?? { sequence: 0, hash: "" };
}

/** An event as a line. The sequence comes first, where it is found without parsing the rest. */
export function lineOf(event: AuditEvent): string {
	const { sequence, date, actor, action, tokenId, before, after, previousHash, hash } = event;
	return JSON.stringify({ sequence, date, actor, action, tokenId, before, after, previousHash, hash });
}

export class AuditFiles {
	readonly #directory: string;
	#files: AuditFile[];
	readonly #indexes = new Map<string, Promise<LineIndex>>();
	readonly #reads = new LongReads();
	/** JSON texts of the events since the last file. */
	#recent: string[] = [];
	#firstRecent = 0;

	constructor(directory: string) {
		this.#directory = directory;
		this.#files = listAuditFiles(directory);
	}

	/** Adds committed events; those that a file holds are left out. */
	add(events: readonly string[]): void {
		const written = this.#files.at(-1)?.last ?? 0;
		for (const event of events) {
			const sequence = sequenceOf(event);
			if (sequence <= written) continue;
			if (this.#recent.length === 0) this.#firstRecent = sequence;
			this.#recent.push(event);
		}
	}

	/** After a compaction: what the new file holds leaves the memory. */
	refresh(): void {
		this.#files = listAuditFiles(this.#directory);
		const recent = this.#recent;
		this.#recent = [];
		this.add(recent);
	}

	/** Whether each event between the ends is in a file or in memory. */
	isComplete(tail: number, head: number): boolean {
		let next = tail + 1;
		for (const { first, last } of this.#files) {
			if (first > next) return false;
			next = Math.max(next, last + 1);
		}
		if (next > head) return true;
		return this.#firstRecent <= next && this.#firstRecent + this.#recent.length > head;
	}

	/** The names of files whose content is not what was written. */
	async damaged(): Promise<string[]> {
		const wrong: string[] = [];
		// One piece of memory for all files: as whole buffers they would stay in the process long after.
		const piece = Buffer.alloc(pieceBytes);
		for (const { name, checksum } of this.#files) {
			const found = await checksumOfFile(join(this.#directory, name), piece);
			if (found !== checksum) wrong.push(name);
		}
		return wrong;
	}

	/** Newest first, those above the sequence `tail` and below `before`. */
	async list(
		filter: AuditFilter,
		{ limit, before = Infinity, tail }: { limit: number; before?: number | undefined; tail: number },
	): Promise<AuditEvent[]> {
		const found: AuditEvent[] = [];
		for await (const event of this.#newestFirst(filter.tokenId, before, tail)) {
			if (matches(event, filter)) found.push(event);
			if (found.length >= limit) break;
		}
		return found;
	}

	/** Oldest first, those above the sequence `tail`. */
	async *all(tail: number): AsyncIterable<AuditEvent> {
		const read = new LongRead(this.#reads);
		let lines: Lines | undefined;
		for (let after = tail; ; after = lines.last) {
			lines = await this.#after(after, read);
			if (lines === undefined) return;
			for (const line of lines.texts) {
				await read.pause();
				const event = parseLine(line);
				if (event !== undefined) yield event;
			}
		}
	}

	/** The last of the oldest events that are all older than the date. */
	async lastBefore(date: string, tail: number): Promise<ChainEnd | undefined> {
		let last: ChainEnd | undefined;
		for await (const { date: happened, sequence, hash } of this.all(tail)) {
			if (happened >= date) break;
			last = { sequence, hash };
		}
		return last;
	}

	/** Removes the files that hold nothing above the sequence `tail`. @throws when one stays; the next purge removes it. */
	purge(tail: number): void {
		for (const { name } of this.#files.filter(({ last }) => last <= tail)) {
			rmSync(join(this.#directory, name), { force: true });
			this.#indexes.delete(name);
		}
		this.refresh();
	}

	async *#newestFirst(tokenId: string | undefined, before: number, tail: number): AsyncIterable<AuditEvent> {
		const read = new LongRead(this.#reads);
		let below = before;
		// A compaction meanwhile replaces the array; `below` then skips what is in its file.
		const recent = this.#recent;
		for (let at = Math.min(recent.length, below - this.#firstRecent) - 1; at >= 0; at--) {
			await read.pause();
			const text = recent[at] ?? "";
			if (tokenId !== undefined && !text.includes(tokenId)) continue;
			const event: AuditEvent = JSON.parse(text);
			if (event.sequence >= below || event.sequence <= tail) continue;
			below = event.sequence;
			yield event;
		}
		for (;;) {
			const file = this.#files.findLast(({ first, last }) => first < below && last > tail);
			if (file === undefined) return;
			for await (const line of this.#fileNewestFirst(file, tokenId, below, read)) {
				await read.pause();
				const event = parseLine(line);
				if (event !== undefined && event.sequence > tail) yield event;
			}
			below = file.first;
		}
	}

	async *#fileNewestFirst(
		file: AuditFile,
		tokenId: string | undefined,
		before: number,
		read: LongRead,
	): AsyncIterable<string> {
		const handle = await this.#open(file);
		if (handle === undefined) return;
		try {
			const index = await this.#indexOf(file, handle, read);
			let end = Math.min(index.tokens.length, Math.max(0, before - file.first));
			const wanted = tokenId === undefined ? undefined : crc32(tokenId);
			while (end > 0) {
				// With a token, a run of lines ends with the next one of that token.
				if (wanted !== undefined) end = index.tokens.lastIndexOf(wanted, end - 1) + 1;
				const start = Math.max(0, end - (wanted === undefined ? linesAtOnce : 1));
				if (end > 0) yield* (await readLines(handle, index, start, end)).reverse();
				end = start;
			}
		} finally {
			await handle.close();
		}
	}

	/** Some of the lines after the sequence, oldest first; undefined when there are no more. */
	async #after(sequence: number, read: LongRead): Promise<Lines | undefined> {
		const file = this.#files.find(({ last }) => last > sequence);
		if (file === undefined) return this.#recentAfter(sequence);
		const handle = await this.#open(file);
		if (handle === undefined) return this.#after(sequence, read);
		try {
			const index = await this.#indexOf(file, handle, read);
			const start = Math.max(0, sequence + 1 - file.first);
			const end = Math.min(start + linesAtOnce, index.tokens.length);
			const texts = start < end ? await readLines(handle, index, start, end) : [];
			// A file that was cut has fewer lines than its name says, and the next file follows all the same.
			return { texts, last: end < index.tokens.length ? file.first + end - 1 : file.last };
		} finally {
			await handle.close();
		}
	}

	#recentAfter(sequence: number): Lines | undefined {
		const start = Math.max(0, sequence + 1 - this.#firstRecent);
		const texts = this.#recent.slice(start, start + linesAtOnce);
		if (texts.length === 0) return undefined;
		return { texts, last: this.#firstRecent + start + texts.length - 1 };
	}

	/** undefined: the file was removed, and is no longer listed. */
	async #open({ name }: AuditFile): Promise<FileHandle | undefined> {
		try {
			return await files.open(join(this.#directory, name));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
			this.refresh();
			return undefined;
		}
	}

	/** Made once, also for reads that need it at the same time. */
	#indexOf({ name }: AuditFile, handle: FileHandle, read: LongRead): Promise<LineIndex> {
		let index = this.#indexes.get(name);
		if (index === undefined) {
			index = indexOfLines(handle, read);
			this.#indexes.set(name, index);
			index.catch(() => this.#indexes.delete(name));
		}
		return index;
	}
}

export async function checksumOfFile(path: string, piece: Buffer): Promise<string> {
	const handle = await files.open(path);
	try {
		let checksum = crc32("");
		for (;;) {
			const { bytesRead } = await handle.read(piece, 0, piece.length);
			if (bytesRead === 0) return hexOf(checksum);
			checksum = crc32(piece.subarray(0, bytesRead), checksum);
		}
	} finally {
		await handle.close();
	}
}

function sequenceOf(line: string): number {
	return Number(/^\{"sequence":(\d+)/.exec(line)?.[1]);
}

function matches(event: AuditEvent, { tokenId, action, actor, since, until }: AuditFilter): boolean {
	return (
		(tokenId === undefined || event.tokenId === tokenId) &&
		(action === undefined || event.action === action) &&
		(actor === undefined || event.actor.userId === actor || event.actor.userName === actor) &&
		(since === undefined || event.date >= since) &&
		(until === undefined || event.date <= until)
	);
}

async function indexOfLines(handle: FileHandle, read: LongRead): Promise<LineIndex> {
	const offsets: number[] = [];
	const tokens: number[] = [];
	const piece = Buffer.alloc(pieceBytes);
	let unended: Buffer = Buffer.alloc(0);
	let [start, position] = [0, 0];
	const add = (line: Buffer) => {
		offsets.push(start);
		tokens.push(crc32(tokenIdIn(line)));
		start += line.length + 1;
	};
	for (;;) {
		const { bytesRead } = await handle.read(piece, 0, piece.length, position);
		await read.pause();
		if (bytesRead === 0) break;
		position += bytesRead;
		const lines = linesOf(Buffer.concat([unended, piece.subarray(0, bytesRead)]));
		unended = lines.unended;
		lines.ended.forEach(add);
	}
	if (unended.length > 0) add(unended);
	offsets.push(Math.min(start, position));
	return { offsets: Float64Array.from(offsets), tokens: Uint32Array.from(tokens) };
}

function linesOf(bytes: Buffer): { ended: Buffer[]; unended: Buffer } {
	const ended: Buffer[] = [];
	let start = 0;
	for (let end = bytes.indexOf(lineEnd); end !== -1; end = bytes.indexOf(lineEnd, start)) {
		ended.push(bytes.subarray(start, end));
		start = end + 1;
	}
	return { ended, unended: bytes.subarray(start) };
}

/** Empty: the event is about no token. A quote inside a string is escaped, so the mark is the event's own field. */
function tokenIdIn(line: Buffer): Buffer {
	const mark = line.indexOf(tokenIdMark);
	if (mark === -1) return Buffer.alloc(0);
	const start = mark + tokenIdMark.length;
	return line.subarray(start, line.indexOf('"', start));
}

async function readLines(
	handle: FileHandle,
	{ offsets }: LineIndex,
	start: number,
	end: number,
): Promise<string[]> {
	const [from = 0, to = 0] = [offsets[start], offsets[end]];
	const bytes = Buffer.alloc(to - from);
	await handle.read(bytes, 0, bytes.length, from);
	return bytes.toString().split("\n");
}

/** Damaged lines are left out; the check of the chain finds what is missing. */
function parseLine(line: string): AuditEvent | undefined {
	if (line === "") return undefined;
	try {
		return JSON.parse(line);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
