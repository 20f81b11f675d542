/**
 * `index.jsonl`: what the daemon keeps in memory, as it was when it last stopped in order, so that the next start needs
 * no SQL before it verifies. It counts only beside the very snapshot and log that it was written beside; stale, damaged,
 * of another schema or version or missing, it is passed over, and all is read from those.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { sizeOf } from "./log.ts";
import { listLogs, listSnapshots, logPath } from "./snapshot.ts";

/** What is to be found again: settings by name, and rows by a key without blanks. */
export interface Indexed {
	settings: Readonly<Record<string, unknown>>;
	rows: Iterable<readonly [key: string, row: object]>;
}

/** What an index was written beside: the newest snapshot, and the one log since. */
interface Place {
	snapshot: string;
	snapshotBytes: number;
	log: number;
	logBytes: number;
	logChecksum: number;
}

interface Header {
	/** Of the program that wrote it: another one may keep its rows in another shape. */
	version: string;
	place: Place;
	settings: Readonly<Record<string, unknown>>;
}

const lineEnd = "\n".charCodeAt(0);
const checksumLength = 8;

export class IndexFile {
	readonly settings: Readonly<Record<string, unknown>>;
	/** Each row behind a line's end, as its key, a blank and JSON, in which no line ends. */
	readonly #rows: Buffer;

	/** undefined: there is none that belongs to what else is in the directory. */
	static read(directory: string, schema: number, version: string): IndexFile | undefined {
		const place = placeIn(directory, schema);
		const bytes = place === undefined ? undefined : readIfThere(indexPath(directory));
		if (bytes === undefined) return undefined;
		const checked = bytes.subarray(checksumLength);
		if (bytes.toString("latin1", 0, checksumLength) !== checksumOf(checked)) return undefined;
		const end = checked.indexOf(lineEnd);
		const header: Header = JSON.parse(checked.toString("utf8", 0, end));
		if (header.version !== version || JSON.stringify(header.place) !== JSON.stringify(place))
			return undefined;
		return new IndexFile(header.settings, checked.subarray(end));
	}

	/** Writes the index of what is there now. Nothing may be writing to the log meanwhile. */
	static write(directory: string, schema: number, version: string, { settings, rows }: Indexed): void {
		const place = placeIn(directory, schema);
		// A snapshot that could not be made leaves two logs behind; the next start reads those.
		if (place === undefined) return IndexFile.remove(directory);
		const lines = Array.from(rows, ([key, row]) => `${key} ${JSON.stringify(row)}\n`);
		const header: Header = { version, place, settings };
		const checked = Buffer.from(`${JSON.stringify(header)}\n${lines.join("")}`);
		const temporary = `${indexPath(directory)}.tmp`;
		writeFileSync(temporary, Buffer.concat([Buffer.from(checksumOf(checked)), checked]), { mode: 0o600 });
		renameSync(temporary, indexPath(directory));
	}

	static remove(directory: string): void {
		rmSync(indexPath(directory), { force: true });
	}

	private constructor(settings: IndexFile["settings"], rows: Buffer) {
		this.settings = settings;
		this.#rows = rows;
	}

	/** The row with the key, without reading any other: on a start, the first is asked for before all are needed. */
	find(key: string): unknown {
		const at = this.#rows.indexOf(`\n${key} `);
		return at === -1 ? undefined : this.#rowAt(at + 1);
	}

	*rows(): Iterable<unknown> {
		for (let at = 1; at < this.#rows.length; at = this.#rows.indexOf(lineEnd, at) + 1) yield this.#rowAt(at);
	}

	#rowAt(start: number): unknown {
		const blank = this.#rows.indexOf(" ", start);
		return JSON.parse(this.#rows.toString("utf8", blank + 1, this.#rows.indexOf(lineEnd, blank)));
	}
}

/** undefined: there is no such place, but several logs, or tables of another schema. */
function placeIn(directory: string, schema: number): Place | undefined {
	const newest = listSnapshots(directory)[0];
	if (newest?.schema !== schema) return undefined;
	const [log, ...others] = listLogs(directory).filter((generation) => generation > newest.generation);
	if (log !== newest.generation + 1 || others.length > 0) return undefined;
	const logged = readFileSync(logPath(directory, log));
	return {
		snapshot: basename(newest.path),
		snapshotBytes: sizeOf(newest.path),
		log,
		logBytes: logged.length,
		logChecksum: crc32(logged),
	};
}

function indexPath(directory: string): string {
	return join(directory, "index.jsonl");
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
