/**
 * Loads what is on disk into a database in memory: the newest sound snapshot and the logs since. A damaged file is never
 * overwritten; it is set aside, and only when what could be saved of it is safe. No token that had ended verifies again:
 * where a change is missing, the tokens that it may have ended are in doubt, and refused.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { AuditEvent, Notice } from "../../contract.ts";
import { doubtDatesSetting } from "../store.ts";
import { AuditFiles, chainEnd, lastInFiles, lineOf, writeAuditFile } from "./audit-files.ts";
import { type LogLength, newLog, sizeOf } from "./change-log.ts";
import { Connection } from "./connection.ts";
import { IndexFile, type IndexWitness, indexPath } from "./index-file.ts";
import { MemoryDatabase, type SqlJsStatic } from "./memory-database.ts";
import { missingFiles as missingSpares } from "./missing-files.ts";
import { fileNotices, incompleteAudit, type Losses, lossNotices } from "./recovery-notices.ts";
import { type LogRange, ReplayError, type Replayed, replayLogs } from "./replay.ts";
import { type Salvaged, salvageLogs } from "./salvage.ts";
import { migrate, schemaVersion } from "./schema.ts";
import type { Settings } from "./settings.ts";
import {
	listLogs,
	listSnapshots,
	logPath,
	readSnapshot,
	type SnapshotFile,
	setAside,
	snapshotFile,
	writeComplete,
} from "./snapshot.ts";

export interface Recovered {
	connection: Connection;
	audit: AuditFiles;
	/** The log to append to. */
	position: LogPosition;
	/** The length of all logs since the snapshot. */
	replayedBytes: number;
	/** What the user must know about the state in which the data was found. */
	notices: Notice[];
}

/** The log to append to, and how much of it is sound. */
export interface LogPosition extends LogLength {
	generation: number;
}

/** The first version of the tables whose logs have numbered lines and copies. */
const firstNumberedSchema = 7;

export async function recover(sqlJs: SqlJsStatic, directory: string): Promise<Recovered> {
	const found = findFiles(directory);
	const { connection, loaded } = await load(sqlJs, directory, found);
	const { memory } = connection;
	const { base } = found;
	const isCurrent = base?.schema === schemaVersion;
	const whole = "known" in loaded ? undefined : loaded;
	const spares = missingSpares(directory, schemaVersion);
	const goesOn = isCurrent && whole !== undefined && whole.damagedLogs.length === 0;
	if (!goesOn) writeAuditFile(directory, [...eventsInTable(memory), ...loaded.events]);
	if (base !== undefined && !isCurrent) await migrate(connection.kysely);
	const losses = lossesIn(connection, loaded);
	followAuditFiles(connection, directory);
	const position = goesOn ? whole : startOver(memory, directory, isNew(found, loaded), loaded.generation);
	// Only after what could be saved is in a snapshot: a start that fails half-way must find it again.
	const missing = [...missingFiles(found, loaded), ...spares];
	const aside = damagedPaths(found, loaded).map(setAside);
	if (goesOn) for (const copy of whole.damagedCopies) restoreCopy(directory, copy);
	const notices = [...lossNotices(losses), ...fileNotices(aside, missing, losses)];
	const audit = new AuditFiles(directory);
	audit.add(loaded.events);
	if (!isAuditComplete(connection, audit)) notices.push(incompleteAudit);
	// Without a spare file, the next change makes a snapshot, so that there are two again.
	const replayedBytes = spares.length > 0 ? alwaysCompacted : (whole?.totalBytes ?? 0);
	return { connection, audit, position, replayedBytes: goesOn ? replayedBytes : 0, notices };
}

/** As long as the logs since a snapshot are at most. */
const alwaysCompacted = 16 << 20;

interface SoundSnapshot extends SnapshotFile {
	/** The database that is made of it writes into it. */
	image: Uint8Array;
}

/** What there is to load from. */
interface Found {
	directory: string;
	base: SoundSnapshot | undefined;
	damagedSnapshots: string[];
	index: IndexWitness | "damaged" | undefined;
	range: LogRange;
	hasLogs: boolean;
}

function findFiles(directory: string): Found {
	const damagedSnapshots: string[] = [];
	let base: SoundSnapshot | undefined;
	for (const snapshot of listSnapshots(directory)) {
		const image = readSnapshot(snapshot, logBytesSince(directory, snapshot.generation));
		if (image === undefined) damagedSnapshots.push(snapshot.path);
		else {
			base = { ...snapshot, image };
			break;
		}
	}
	const isNumbered = base === undefined || base.schema >= firstNumberedSchema;
	const range: LogRange = { snapshot: base?.generation, isNumbered };
	const hasLogs = listLogs(directory).length > 0;
	return { directory, base, damagedSnapshots, index: IndexFile.witness(directory), range, hasLogs };
}

function imageOf(snapshot: SnapshotFile): Uint8Array {
	const image = readSnapshot(snapshot);
	if (image === undefined) throw new Error(`The snapshot ${snapshot.path} was changed during the start.`);
	return image;
}

/** A row takes about half of its part of the log; the rest of a line is its audit event. */
function logBytesSince(directory: string, generation: number): number {
	const logs = listLogs(directory).filter((log) => log > generation);
	return logs.reduce((sum, log) => sum + sizeOf(logPath(directory, log)), 0) >> 1;
}

/** The database as the snapshot and the logs since have it. */
async function load(
	sqlJs: SqlJsStatic,
	directory: string,
	{ base, range, index, damagedSnapshots, hasLogs }: Found,
): Promise<{ connection: Connection; loaded: Replayed | Salvaged }> {
	const witness = index === "damaged" || isOlder(index, base) ? undefined : index;
	const connection = await openImage(sqlJs, base?.image);
	const { memory } = connection;
	// Nothing was ever stored.
	if (base === undefined && !hasLogs && witness === undefined && damagedSnapshots.length === 0)
		return { connection, loaded: nothingStored };
	memory.beginReplay();
	const replayed = tryReplay(memory, directory, range);
	if (replayed !== undefined && !isBehind(replayed, witness)) {
		memory.endReplay();
		return { connection, loaded: replayed };
	}
	// Part of the logs may be applied, and can't be rolled back.
	memory.close();
	const again = await openImage(sqlJs, base && imageOf(base));
	return { connection: again, loaded: salvageLogs(again.memory, directory, range, witness) };
}

const nothingStored: Salvaged = {
	...{ generation: 0, events: [], lostChanges: 0, known: undefined },
	...{ damagedLogs: [], damagedCopies: [] },
};

async function openImage(sqlJs: SqlJsStatic, image: Uint8Array | undefined): Promise<Connection> {
	const connection = new Connection(new MemoryDatabase(sqlJs, image));
	// Without a snapshot there are no tables for the logs: at the first start, or when all snapshots are damaged.
	if (image === undefined) await migrate(connection.kysely);
	return connection;
}

/** undefined: something is missing. */
function tryReplay(memory: MemoryDatabase, directory: string, range: LogRange): Replayed | undefined {
	try {
		return replayLogs(memory, directory, range);
	} catch (error) {
		if (error instanceof ReplayError) return undefined;
		throw error;
	}
}

/** The snapshot was made of later changes. */
function isOlder(index: IndexWitness | undefined, base: SnapshotFile | undefined): boolean {
	return index !== undefined && base !== undefined && index.generation <= base.generation;
}

/** Whether the index knows of changes that the logs do not hold. */
function isBehind({ generation, lines, bytes }: Replayed, index: IndexWitness | undefined): boolean {
	if (index === undefined) return false;
	if (index.generation !== generation) return index.generation > generation;
	return Number.isFinite(index.end) ? index.end > lines : index.bytes > bytes;
}

/** Marks the tokens that are in doubt. undefined: nothing is lost. */
function lossesIn(connection: Connection, loaded: Replayed | Salvaged): Losses | undefined {
	if (!("known" in loaded) || loaded.lostChanges === 0) return undefined;
	const { known, lostChanges } = loaded;
	return { changes: lostChanges, doubted: known === undefined ? 0 : markDoubt(connection, known) };
}

function markDoubt({ memory, settings }: Connection, known: ReadonlySet<string>): number {
	const alive = `"issuer" = 'local' and "revokedDate" is null and "inDoubtDate" is null`;
	const ids = [...memory.all(`select "id" from "tokens" where ${alive}`)].map(({ id }) => String(id));
	const doubted = ids.filter((id) => !known.has(id));
	const date = new Date().toISOString();
	for (const id of doubted)
		memory.run('update "tokens" set "inDoubtDate" = ?, "version" = "version" + 1 where "id" = ?', [date, id]);
	if (doubted.length === 0) return 0;
	const before = (settings.get(doubtDatesSetting) ?? []) as string[];
	saveSetting(settings, doubtDatesSetting, [...before, date]);
	return doubted.length;
}

function isNew({ base, damagedSnapshots, index }: Found, { generation }: Replayed | Salvaged): boolean {
	return base === undefined && damagedSnapshots.length === 0 && index === undefined && generation === 0;
}

/** A log fits only the tables that it was written for: another schema, or what was saved, becomes a snapshot of its own. */
function startOver(
	memory: MemoryDatabase,
	directory: string,
	isFirst: boolean,
	generation: number,
): LogPosition {
	const first = Math.max(generation, listSnapshots(directory)[0]?.generation ?? 0) + 1;
	const image = memory.export();
	const snapshotOf = (each: number) => snapshotFile({ generation: each, schema: schemaVersion }, image);
	// The logs come first: a snapshot without the log after it would be one that lost its log. A start that fails leaves
	// nothing behind.
	if (isFirst) {
		writeComplete(directory, { ...newLog(first + 1, "nothing").files, ...snapshotOf(first) });
		return { generation: first + 1, ...newLog(first + 1, "nothing").length };
	}
	// The older snapshots do not lead to the logs from here on, so this one is its own predecessor, with an empty log between.
	const logs = [newLog(first, "snapshot"), newLog(first + 1, 1), newLog(first + 2, 1)] as const;
	writeComplete(directory, {
		...Object.assign({}, ...logs.map(({ files }) => files)),
		...snapshotOf(first),
		...snapshotOf(first + 1),
	});
	return { generation: first + 2, ...logs[2].length };
}

function damagedPaths({ damagedSnapshots, index, directory }: Found, loaded: Replayed | Salvaged): string[] {
	const indexes = index === "damaged" ? [indexPath(directory)] : [];
	return [...damagedSnapshots, ...damagedLogFiles(loaded), ...indexes].filter((path) => existsSync(path));
}

function damagedLogFiles({ damagedLogs, damagedCopies }: Replayed | Salvaged): string[] {
	return [...damagedLogs, ...damagedCopies.map(({ path }) => path)];
}

/** The names of files that the others tell of. */
function missingFiles(found: Found, loaded: Replayed | Salvaged): string[] {
	const { base, damagedSnapshots, index, hasLogs } = found;
	const missing = damagedLogFiles(loaded).filter((path) => !existsSync(path));
	const hasChanges = hasLogs && ("known" in loaded || loaded.lines > 1);
	if (base === undefined && damagedSnapshots.length === 0 && hasChanges) missing.push("snapshot");
	if (!("known" in loaded) && typeof loaded.index === "string" && index === undefined)
		missing.push("index.jsonl");
	return missing.map((path) => basename(path));
}

/** The log has all that the copy should have. On a full disk the daemon does without it, as it does while it runs. */
function restoreCopy(directory: string, { path, log, bytes }: Replayed["damagedCopies"][number]): void {
	try {
		writeComplete(directory, { [basename(path)]: readFileSync(log).subarray(0, bytes) });
	} catch (error) {
		if (!["ENOSPC", "EDQUOT", "EFBIG"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
	}
}

/** Up to schema 3, events were rows. */
function eventsInTable(memory: MemoryDatabase): string[] {
	if (memory.first(`select 1 from sqlite_master where name = 'auditEvents'`, []) === undefined) return [];
	return [...memory.all('select * from "auditEvents" order by "sequence"')].map((row) => {
		const { actorId, actorName, before, after, ...rest } = row;
		const actor = { userId: String(actorId), userName: String(actorName) };
		const event = { ...rest, actor, before: JSON.parse(String(before)), after: JSON.parse(String(after)) };
		return lineOf(event as unknown as AuditEvent);
	});
}

/** After a loss, the files can hold newer events than the database knows: the chain continues after those. */
function followAuditFiles({ settings }: Connection, directory: string): void {
	const last = lastInFiles(directory);
	if (last === undefined || last.sequence <= chainEnd(settings, "auditHead").sequence) return;
	saveSetting(settings, "auditHead", last);
}

/** In the tables, so that a snapshot has it. */
function saveSetting(settings: Settings, name: string, value: unknown): void {
	settings.set(name, value);
	settings.save();
}

function isAuditComplete({ settings }: Connection, audit: AuditFiles): boolean {
	const [tail, head] = [chainEnd(settings, "auditTail"), chainEnd(settings, "auditHead")];
	return audit.isComplete(tail.sequence, head.sequence);
}
