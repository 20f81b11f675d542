/**
 * Reads and writes a line of an env file in a folder. Invariant: nothing outside of the folder is read or written, and the
 * file changes as a whole or not at all.
 */
import { open, rename, rm, stat } from "node:fs/promises";
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
	const parent = await folderOf(folder, path);
	if (parent === undefined) throw new Error(noFolder);
	const existing = text === undefined ? undefined : await pathInside(folder, path);
	await replaceFile(existing ?? join(parent, basename(path)), applyEdit(text ?? "", edit));
}

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
	try {
		return await pathInside(folder, dirname(path));
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
		throw error;
	}
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

/** Keeps the mode; a new file can be read by its owner only. */
async function replaceFile(target: string, text: string): Promise<void> {
	const mode = await stat(target).then(
		(found) => found.mode & 0o777,
		() => 0o600, // A new file.
	);
	const temporary = `${target}.${process.pid}.tmp`;
	const file = await open(temporary, "wx", mode);
	try {
		await file.writeFile(text);
		await file.chmod(mode);
		await file.sync();
		await file.close();
		await rename(temporary, target);
	} catch (error) {
		await file.close();
		await rm(temporary, { force: true });
		throw error;
	}
}
