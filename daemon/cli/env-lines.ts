/**
 * Reads and writes a line of an env file in a folder. Invariant: nothing outside of the folder is read or written, and the
 * file changes as a whole or not at all, with its mode, its owner and every link that leads to it.
 */
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { applyEdit, type EnvEdit, type EnvRefusal } from "../env-file/env-edit.ts";
import { setIn, valueIn } from "../env-file/env-file.ts";
import { formOf } from "../env-file/env-form.ts";
import { envValue } from "../env-file/env-text.ts";
import { pathInside, readInside } from "../manifest/read-inside.ts";

const mostBytes = 1024 * 1024;
const noFolder = "is in a folder that does not exist, or that leads out of this one";

export interface EnvLine {
	/** null: no line sets the key. */
	value: string | null;
	/** The value in the example next to the file. */
	example: string | undefined;
	exists: boolean;
}

/** @throws Error in words that read on from the file's name */
export async function readLine(folder: string, path: string, key: string): Promise<EnvLine> {
	const read = await textOf(folder, path);
	if (read === undefined && (await folderOf(folder, path)) === undefined) throw new Error(noFolder);
	const example = await exampleOf(folder, path);
	const form = formOf(path);
	// Known before a token is created for the line; the value has the form of a secret.
	refuse(setIn(read ?? "", { key, value: "tks_0" }, form));
	await targetOf(folder, path);
	return {
		value: valueIn(read ?? "", key, form) ?? null,
		example: envValue(example, key),
		exists: read !== undefined,
	};
}

/** @param expected the value that may be replaced @throws Error in words that read on from the file's name */
export async function writeLine(
	folder: string,
	path: string,
	{ key, value, expected }: { key: string; value: string; expected: string | null },
): Promise<void> {
	const text = await textOf(folder, path);
	const form = formOf(path);
	if ((valueIn(text ?? "", key, form) ?? null) !== expected)
		throw new Error(`has just got another value of ${key}`);
	const edit = refuse(setIn(text ?? "", { key, value }, form));
	await replaceFile(await targetOf(folder, path), applyEdit(text ?? "", edit), async () => {
		if ((await textOf(folder, path)) !== text) throw new Error("has just been changed by another program");
	});
}

interface Target {
	path: string;
	/** undefined: there is no such file. */
	stats: Stats | undefined;
}

/** Where the file is, or is to be. @throws Error where another file in its place would not be the same to its readers */
async function targetOf(folder: string, path: string): Promise<Target> {
	const parent = await folderOf(folder, path);
	if (parent === undefined) throw new Error(noFolder);
	const link = await ifFound(lstat(join(parent, basename(path))));
	const existing = await ifFound(pathInside(folder, path));
	if (link !== undefined && existing === undefined)
		throw new Error("is a link to a file that does not exist");
	const target = existing ?? join(parent, basename(path));
	const stats = existing === undefined ? undefined : await stat(existing);
	if (stats !== undefined) await refuseToReplace(target, stats);
	if (!(await canWrite(dirname(target)))) throw new Error("is in a folder that is read-only");
	return { path: target, stats };
}

async function refuseToReplace(path: string, { nlink, mode, uid }: Stats): Promise<void> {
	if (nlink > 1) throw new Error("has several names (hard links), of which one alone would be changed");
	// The superuser may write even where the mode permits no one to.
	if ((mode & 0o222) === 0 || !(await canWrite(path))) throw new Error("is read-only: make it writable");
	const user = process.getuid?.() ?? uid;
	if (user !== 0 && user !== uid) throw new Error("belongs to another user");
}

async function canWrite(path: string): Promise<boolean> {
	return await access(path, constants.W_OK).then(
		() => true,
		() => false, // Whatever the reason is, nothing can be written there.
	);
}

/** undefined: there is no such file. */
async function ifFound<Found>(found: Promise<Found>): Promise<Found | undefined> {
	try {
		return await found;
	} catch (error) {
		if (codeOf(error) === "ENOENT") return undefined;
		throw error;
	}
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

function refuse(edit: EnvEdit | EnvRefusal): EnvEdit {
	if ("reason" in edit) throw new Error(`can't hold the line: ${edit.detail}`);
	return edit;
}

/** undefined: there is no such file. */
async function textOf(folder: string, path: string): Promise<string | undefined> {
	const read = await readInside(folder, path, mostBytes);
	if (read.kind === "refused") throw new Error(read.detail);
	if (read.kind === "text" && read.text.includes("\0"))
		throw new Error("contains NUL characters, so it is not text, or UTF-16");
	return read.kind === "text" ? read.text : undefined;
}

/** The real path of the file's folder; undefined: it does not exist, or lies outside. */
async function folderOf(folder: string, path: string): Promise<string | undefined> {
	return await ifFound(pathInside(folder, dirname(path)));
}

/** The text of the closest example, empty if there is none that can be read. */
async function exampleOf(folder: string, path: string): Promise<string> {
	const names = [`${basename(path)}.example`, ".env.example", ".env.sample", ".env.template", ".env.dist"];
	for (const name of [...names, ".env.schema"]) {
		const read = await readInside(folder, join(dirname(path), name), mostBytes);
		if (read.kind === "text") return read.text;
	}
	return "";
}

/** A new file can be read by its owner only. @param check throws if the file must stay as it is */
async function replaceFile({ path, stats }: Target, text: string, check: () => Promise<void>): Promise<void> {
	const temporary = `${path}.${randomUUID()}.tmp`;
	try {
		await writeNew(temporary, text, stats);
		await check();
		await rename(temporary, path);
	} catch (cause) {
		await rm(temporary, { force: true });
		const code = codeOf(cause);
		throw code === undefined ? cause : new Error(`can't be written (${code})`, { cause });
	}
}

async function writeNew(path: string, text: string, like: Stats | undefined): Promise<void> {
	const file = await open(path, "wx", 0o600);
	try {
		await file.writeFile(text);
		if (like !== undefined && process.getuid?.() === 0) await file.chown(like.uid, like.gid);
		if (like !== undefined) await file.chmod(like.mode & 0o777);
		await file.sync();
	} finally {
		await file.close();
	}
}
