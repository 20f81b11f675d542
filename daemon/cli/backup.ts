/** `tokensmith backup FILE` and `tokensmith restore FILE`. */
import { constants, createReadStream, createWriteStream } from "node:fs";
import { access, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { completeBackup, writeBackupFile } from "../client/backup-file.ts";
import type { RestoreConflict, RestoreReport } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { flag } from "./options.ts";
import { dateWords, oneLine, print } from "./output.ts";
import { table } from "./table.ts";

export const backup = defineCommand({
	name: "backup",
	argument: { value: "FILE", offers: "file" },
	summary: "back up all data but secrets",
	description: `Writes tokens with the hashes of their secrets, policy, permissions, profiles, connections, usage and the whole
audit to a file that only you can read; - writes to standard output. Secrets, credentials, the owner key and the daemon's
identity are not in it.`,
	examples: ["tokensmith backup tokens.backup", "tokensmith backup - | age -p > tokens.backup.age"],
	options: { force: flag("replaces a file that exists") },
	stdin: "caller",
	async run({ word, values, format, client }) {
		const text = (await client()).backup();
		if (word === "-") return writeTo(text, process.stdout);
		await writeFile(text, word, values.force === true ? "replace" : "keep");
		return print(format === "json" ? { file: word } : `Backed up to ${word}.`, format);
	},
});

async function writeTo(text: AsyncIterable<string>, target: Writable): Promise<number> {
	await pipeline(Readable.from(completeBackup(text)), target, { end: false });
	return 0;
}

async function writeFile(text: AsyncIterable<string>, file: string, existing: "replace" | "keep") {
	await writeBackupFile(text, file, { existing }).catch((error: NodeJS.ErrnoException) => {
		if (error.code === undefined || error.syscall === undefined) throw error;
		const what = `${file} can't be written: ${unwritable[error.code] ?? error.code}.`;
		throw new Error(error.code === "EEXIST" ? `${file} ${unwritable.EEXIST}.` : what, { cause: error });
	});
}

const unwritable: Readonly<Record<string, string>> = {
	EEXIST: "exists already; give --force to replace it, or another name",
	ENOENT: "its folder does not exist",
	ENOTDIR: "what is before its name is no folder",
	EACCES: "you may not write there",
	EROFS: "the disk is read-only",
	ENOSPC: "the disk is full",
	ENAMETOOLONG: "its name is too long",
};

export const restore = defineCommand({
	name: "restore",
	argument: { value: "FILE", offers: "file" },
	summary: "restore a backup, all or nothing",
	description: `Adds what is missing here; - reads standard input. A token that is here with an equal or newer version stays, one that
is refused here stays refused, and one that is revoked in the backup is revoked. Restore only backups that you made.`,
	examples: ["tokensmith restore tokens.backup --preview"],
	options: { preview: flag("says what would be restored, and changes nothing") },
	stdin: "caller",
	async run({ word, values, format, client }) {
		const report = await withFile(word, async (file) => {
			const connected = await client();
			return connected.restore(() => createReadStream(file), { preview: values.preview });
		});
		return print(format === "json" ? report : await words(report), format);
	},
});

/** Before the request, whose failure would speak of the daemon. */
async function checkFile(file: string): Promise<void> {
	const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
		const what = cause.code === "ENOENT" ? "does not exist" : `can't be read (${cause.code})`;
		throw new Error(`${file} ${what}. Nothing was changed.`, { cause });
	});
	if (found.isDirectory()) throw new Error(`${file} is a directory, not a backup. Nothing was changed.`);
	// A terminal or `/dev/zero` has no end.
	if (found.isCharacterDevice() || found.isBlockDevice())
		throw new Error(`${file} is a device, not a backup. Nothing was changed.`);
	await access(file, constants.R_OK).catch((cause) => {
		throw new Error(`${file} can't be read: it is not yours to read. Nothing was changed.`, { cause });
	});
}

/** Standard input is read to its end first: it may wait for a passphrase for longer than the daemon waits for a request. */
async function withFile<Result>(word: string, use: (file: string) => Promise<Result>): Promise<Result> {
	if (word !== "-") {
		await checkFile(word);
		return use(word);
	}
	const folder = await mkdtemp(join(tmpdir(), "tokensmith-"));
	try {
		const file = join(folder, "backup");
		await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
		return await use(file);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function words(report: RestoreReport): Promise<string> {
	const { preview, backup: of, into, audit } = report;
	const head = `Backup of ${dateWords(of.createdDate)} by Tokensmith ${oneLine(of.daemonVersion)}: ${amount(of.tokens, "token")}, ${amount(of.auditEvents, "audit event")}.`;
	const lines: string[] = [
		head,
		`${preview ? "Would be restored" : "Restored"}${into === "empty" ? "" : ", beside what is here"}: ${restoredWords(report)}.`,
		auditWords[audit],
		...(await conflictLines(report)),
	];
	return lines.join("\n");
}

async function conflictLines({ conflicts, conflictCount }: RestoreReport): Promise<string[]> {
	if (conflictCount === 0) return [];
	const more = conflictCount - conflicts.length;
	return ["", "Not restored:", await conflictTable({ conflicts }), ...(more > 0 ? [`and ${more} more`] : [])];
}

export function conflictTable({ conflicts }: Pick<RestoreReport, "conflicts">): Promise<string> {
	return table(conflicts.map(conflictRow));
}

/** `2 tokens added, 1 token kept as here, the policy`. */
export function restoredWords({ tokens, settings }: RestoreReport): string {
	return [...tokenWords(tokens), ...settingWords(settings)].join(", ") || "nothing";
}

const auditWords: Record<RestoreReport["audit"], string> = {
	restored: "The audit goes on from the backup's.",
	left: "The backup's audit events stay in the file: they are not merged with those here.",
	broken: "The backup's audit events stay in the file: an event was changed or removed before the backup.",
};

function tokenWords(tokens: RestoreReport["tokens"]): string[] {
	const { added, replaced, revoked, kept, inDoubt } = tokens;
	return [
		...(added > 0 ? [`${amount(added, "token")} added${inDoubt > 0 ? ` (${inDoubt} in doubt)` : ""}`] : []),
		...(replaced > 0 ? [`${amount(replaced, "token")} replaced by a newer version`] : []),
		...(revoked > 0 ? [`${amount(revoked, "token")} revoked`] : []),
		...(kept > 0 ? [`${amount(kept, "token")} kept as here`] : []),
	];
}

function settingWords(settings: RestoreReport["settings"]): string[] {
	const { policy, permissions, profiles, connections } = settings;
	return [
		...(policy ? ["the policy"] : []),
		...(permissions > 0 ? [amount(permissions, "permission")] : []),
		...(profiles > 0 ? [amount(profiles, "profile")] : []),
		...(connections > 0 ? [amount(connections, "connection")] : []),
	];
}

const reasons: Record<RestoreConflict["reason"], string> = {
	"hash-known": "another token here has its secret",
	"other-secret": "it has another secret here",
	"name-taken": "another one here has its name",
	"remote-id-known": "another record here is of the same token",
	deleted: "it was deleted here",
};

function conflictRow({ kind, id, name, reason }: RestoreConflict): string[] {
	return [kind, name, id, reasons[reason]];
}

export function amount(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? "" : "s"}`;
}
