/**
 * `index.jsonl`: what verifications need, as it was at the last orderly stop, so that the next start answers them before
 * SQLite is loaded. It is valid only together with the very snapshot and log that it was written with; else it is ignored.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import type { VerifiableToken } from "../store.ts";
import { sizeOf } from "./change-log.ts";
import { listLogs, listSnapshots, logPath } from "./snapshot.ts";

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
	logBytes: number;
	logChecksum: number;
}

interface Header extends Pick<Indexed, "settings" | "foreign"> {
	/** Of the program: another version may write rows of another shape. */
	version: string;
	place: Place;
}

const lineEnd = "\n".charCodeAt(0);
const checksumLength = 8;

export class IndexFile implements Pick<Indexed, "settings" | "foreign"> {
	readonly settings: Indexed["settings"];
	readonly foreign: Indexed["foreign"];
	/** Each row follows a line's end: its hash, a space and its JSON, which has no line ends. */
	readonly #rows: Buffer;

	/** undefined: none belongs to the other files of the directory. */
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
		return new IndexFile(header, checked.subarray(end));
	}

	/** Writes the index of the current state. The log must not be written meanwhile. */
	static write(
		directory: string,
		schema: number,
		version: string,
		{ settings, foreign, rows }: Indexed,
	): void {
		const place = placeIn(directory, schema);
		// With several logs, the next start reads those.
		if (place === undefined) return IndexFile.remove(directory);
		const lines = Array.from(rows, ([hash, json]) => `${hash} ${json}\n`);
		const header: Header = { version, place, settings, foreign };
		const checked = Buffer.from(`${JSON.stringify(header)}\n${lines.join("")}`);
		const temporary = `${indexPath(directory)}.tmp`;
		writeFileSync(temporary, Buffer.concat([Buffer.from(checksumOf(checked)), checked]), { mode: 0o600 });
		renameSync(temporary, indexPath(directory));
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

/** undefined: there are several logs, or tables of another schema. */
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
