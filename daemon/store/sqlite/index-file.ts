/**
 * `index.jsonl`: what verifications need, as it was at the last orderly stop, so that the next start answers them before
 * SQLite is loaded. That start trusts it only together with the very snapshot and log that it was written with. It is removed
 * before the first change after it, so it also tells a start with damaged files how far the changes went.
 */
import { closeSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import type { VerifiableToken } from "../store.ts";
import { sizeOf } from "./change-log.ts";
import { endLine } from "./log-lines.ts";
import { copyPath, listLogs, listSnapshots, logPath, writeComplete } from "./snapshot.ts";

export interface Indexed {
	settings: Readonly<Record<string, unknown>>;
	/** The hashes of the tokens of other issuers. */
	foreign: readonly string[];
	/** Each local token: its hash and its JSON. */
	rows: Iterable<readonly [hash: string, json: string]>;
}

/** The files that an index belongs to: the newest snapshot, and the one log since. */
interface Place {
	snapshot: string;
	snapshotBytes: number;
	log: number;
	/** Without the line by which the log ends. */
	logLines: number;
	logBytes: number;
	logChecksum: number;
}

interface Header extends Pick<Indexed, "settings" | "foreign"> {
	/** Of the program: another version may write rows of another shape. */
	version: string;
	place: Place;
}

/** What an index tells of the state at an orderly stop, whatever has become of the other files. */
export interface IndexWitness extends Pick<Indexed, "settings"> {
	/** The log, and how many of its lines the state includes. */
	generation: number;
	end: number;
	/** Their length. */
	bytes: number;
	checksum: string;
	/** JSON texts. */
	rows: () => Iterable<string>;
}

const lineEnd = "\n".charCodeAt(0);
const checksumLength = 8;
/** Longer than the line by which a log ends. */
const endBytes = 256;

export class IndexFile implements Pick<Indexed, "settings" | "foreign"> {
	readonly settings: Indexed["settings"];
	readonly foreign: Indexed["foreign"];
	/** Each row follows a line's end: its hash, a space and its JSON, which has no line ends. */
	readonly #rows: Buffer;

	/** undefined: none belongs to the other files of the directory. */
	static read(directory: string, schema: number, version: string): IndexFile | undefined {
		const found = readIndex(directory);
		if (found === undefined || found === "damaged" || found.header.version !== version) return undefined;
		const { place } = found.header;
		return isPlace(directory, schema, place) && endsWith(directory, place, found.checksum)
			? new IndexFile(found.header, found.rows)
			: undefined;
	}

	/** undefined: there is none, or it was written before the log's last changes by an earlier version. */
	static witness(directory: string): IndexWitness | "damaged" | undefined {
		const found = readIndex(directory);
		if (found === undefined || found === "damaged") return found;
		const { checksum, rows } = found;
		const { settings, place } = found.header;
		const isLast = sizeOf(logPath(directory, place.log)) <= place.logBytes;
		// Earlier versions did not count lines, and kept an index beside later changes.
		const end = place.logLines ?? (isLast ? Infinity : undefined);
		if (end === undefined) return undefined;
		const jsonRows = () => jsonOf(rows);
		return { settings, generation: place.log, end, bytes: place.logBytes, checksum, rows: jsonRows };
	}

	/**
	 * Writes the index of the current state. The log must not be written meanwhile.
	 * @returns its checksum, for the line by which the log ends; null: with several logs, the next start reads those.
	 */
	static write(
		directory: string,
		{
			schema,
			version,
			logLines,
			logBytes,
		}: { schema: number; version: string; logLines: number; logBytes: number },
		{ settings, foreign, rows }: Indexed,
	): string | null {
		const files = filesIn(directory, schema);
		if (files === undefined) {
			IndexFile.remove(directory);
			return null;
		}
		const logChecksum = crc32(readStart(logPath(directory, files.log), logBytes));
		const place: Place = { ...files, logLines, logBytes, logChecksum };
		const lines = Array.from(rows, ([hash, json]) => `${hash} ${json}\n`);
		const header: Header = { version, place, settings, foreign };
		const checked = Buffer.from(`${JSON.stringify(header)}\n${lines.join("")}`);
		const checksum = checksumOf(checked);
		writeComplete(directory, {
			[basename(indexPath(directory))]: Buffer.concat([Buffer.from(checksum), checked]),
		});
		return checksum;
	}

	static remove(directory: string): void {
		rmSync(indexPath(directory), { force: true });
	}

	private constructor({ settings, foreign }: Header, rows: Buffer) {
		this.settings = settings;
		this.foreign = foreign;
		this.#rows = rows;
	}

	/** Reads the row of the hash, and no other. */
	find(hash: string): VerifiableToken | undefined {
		const at = this.#rows.indexOf(`\n${hash} `);
		if (at === -1) return undefined;
		const start = at + hash.length + 2;
		return JSON.parse(this.#rows.toString("utf8", start, this.#rows.indexOf(lineEnd, start)));
	}
}

/** Whether an orderly stop has left no token, connection, profile or permission of the owner. */
export function isIndexEmpty(directory: string): boolean {
	const found = readIndex(directory);
	if (found === undefined || found === "damaged") return false;
	const { settings, foreign } = found.header;
	const owned = ["connections", "profiles", "permissions"].flatMap((name) =>
		Object.keys(settings[name] ?? {}),
	);
	return owned.length + foreign.length === 0 && jsonOf(found.rows)[Symbol.iterator]().next().done === true;
}

/** More than any daemon writes, and than Node.js reads. */
const largestIndex = 1 << 30;

export function indexPath(directory: string): string {
	return join(directory, "index.jsonl");
}

function readIndex(
	directory: string,
): { header: Header; rows: Buffer; checksum: string } | "damaged" | undefined {
	if (sizeOf(indexPath(directory)) > largestIndex) return "damaged";
	const bytes = readIfThere(indexPath(directory));
	if (bytes === undefined) return undefined;
	const checked = bytes.subarray(checksumLength);
	const checksum = bytes.toString("latin1", 0, checksumLength);
	if (checksum !== checksumOf(checked)) return "damaged";
	const end = checked.indexOf(lineEnd);
	return { header: JSON.parse(checked.toString("utf8", 0, end)), rows: checked.subarray(end), checksum };
}

function* jsonOf(rows: Buffer): Iterable<string> {
	for (const row of rows.toString().split("\n")) if (row !== "") yield row.slice(row.indexOf(" ") + 1);
}

/** undefined: there are several logs, or tables of another schema. */
function filesIn(
	directory: string,
	schema: number,
): Pick<Place, "snapshot" | "snapshotBytes" | "log"> | undefined {
	const newest = listSnapshots(directory)[0];
	if (newest?.schema !== schema) return undefined;
	const [log, ...others] = listLogs(directory).filter((generation) => generation > newest.generation);
	if (log !== newest.generation + 1 || others.length > 0) return undefined;
	return { snapshot: basename(newest.path), snapshotBytes: sizeOf(newest.path), log };
}

function isPlace(directory: string, schema: number, place: Place): boolean {
	const files = filesIn(directory, schema);
	return (
		files !== undefined &&
		files.snapshot === place.snapshot &&
		files.snapshotBytes === place.snapshotBytes &&
		files.log === place.log
	);
}

/** Whether the log and its copy end with the changes of the index. */
function endsWith(
	directory: string,
	{ log, logLines, logBytes, logChecksum }: Place,
	index: string,
): boolean {
	const found = readStart(logPath(directory, log), logBytes + endBytes);
	const copy = readStart(copyPath(directory, log), logBytes + endBytes);
	const end = endLine(logLines, { index });
	const written = logBytes + end.length;
	const [room, roomInCopy] = [found.subarray(written), copy.subarray(written)];
	return (
		crc32(found.subarray(0, logBytes)) === logChecksum &&
		found.subarray(logBytes, written).equals(end) &&
		room.length > 0 &&
		[room, roomInCopy].every((zeros) => zeros.every((byte) => byte === 0)) &&
		copy.subarray(0, written).equals(found.subarray(0, written))
	);
}

/** At most so many bytes. */
function readStart(path: string, length: number): Buffer {
	const size = sizeOf(path);
	if (size === 0) return Buffer.alloc(0);
	const bytes = Buffer.alloc(Math.min(length, size));
	const file = openSync(path, "r");
	try {
		let filled = 0;
		for (let read = -1; filled < bytes.length && read !== 0; filled += read)
			read = readSync(file, bytes, filled, bytes.length - filled, filled);
		return bytes.subarray(0, filled);
	} finally {
		closeSync(file);
	}
}

function readIfThere(path: string): Buffer | undefined {
	try {
		return readFileSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

function checksumOf(bytes: Buffer): string {
	return crc32(bytes).toString(16).padStart(checksumLength, "0");
}
