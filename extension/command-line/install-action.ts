/**
 * Writes the command `tokensmith` into a folder, for terminals outside of VS Code. A file of others is never overwritten, and no
 * profile of a shell is changed.
 */
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import * as l10n from "@vscode/l10n";

/** What runs the command line. */
export interface Program {
	/** Node.js, or VS Code's own. */
	readonly node: string;
	/** The bundled daemon.js. */
	readonly script: string;
}

/** The command was not installed. The message says what to do before another try. */
export class CommandFileError extends Error {
	override readonly name = "FileError";
}

const marker = "Written by the Tokensmith extension, which renews it.";
const isWindows = process.platform === "win32";
const fileName = isWindows ? "tokensmith.cmd" : "tokensmith";

/** Returns the file. @throws CommandFileError */
export async function installCommand(folder: string, program: Program): Promise<string> {
	const file = join(folder, fileName);
	const present = await textOf(file);
	if (present !== undefined && !present.includes(marker))
		throw new CommandFileError(
			l10n.t("{0} is another program's file. Move it away, or choose another folder.", file),
		);
	const temporary = `${file}.${process.pid}.tmp`;
	try {
		await mkdir(folder, { recursive: true });
		await writeFile(temporary, isWindows ? batchOf(program) : shellScriptOf(program), { flag: "wx" });
		await chmod(temporary, 0o755);
		await rename(temporary, file);
	} catch (cause) {
		await rm(temporary, { force: true }).catch(() => {});
		throw notWritten(file, cause);
	}
	return file;
}

/** Writes an installed command again after an update has moved what it runs. Answers whether it did. */
export async function renewCommand(file: string, program: Program): Promise<boolean> {
	const present = await textOf(file).catch(() => undefined);
	const wanted = isWindows ? batchOf(program) : shellScriptOf(program);
	if (present === undefined || present === wanted || !present.includes(marker)) return false;
	await installCommand(join(file, ".."), program);
	return true;
}

/** Whether terminals find commands in the folder, as far as VS Code knows their PATH. */
export function isInPath(folder: string, path = process.env.PATH ?? ""): boolean {
	return path.split(delimiter).some((one) => one !== "" && resolve(one) === resolve(folder));
}

/** Empty for a link or a folder, which is another program's too. */
async function textOf(file: string): Promise<string | undefined> {
	try {
		return (await lstat(file)).isFile() ? await readFile(file, "utf8") : "";
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw notWritten(file, cause);
	}
}

function notWritten(file: string, cause: unknown): CommandFileError {
	const { code = "" } = cause as NodeJS.ErrnoException;
	return new CommandFileError(l10n.t("{0} cannot be written ({1}). Choose another folder.", file, code), {
		cause,
	});
}

/** A line for the profile of a shell. */
export function pathLine(folder: string): string {
	return `export PATH="$PATH":${shellQuoted(folder)}`;
}

function shellQuoted(path: string): string {
	return `'${path.replaceAll("'", `'\\''`)}'`;
}

function shellScriptOf({ node, script }: Program): string {
	return `#!/bin/sh
# ${marker}
node=${shellQuoted(node)}
program=${shellQuoted(script)}
[ -x "$node" ] || node=node
if [ ! -f "$program" ]; then
	echo "The Tokensmith extension was moved or removed. Start VS Code once, or install the command again." >&2
	exit 1
fi
ELECTRON_RUN_AS_NODE=1 exec "$node" "$program" "$@"
`;
}

function batchOf({ node, script }: Program): string {
	const quoted = (path: string) => `"${path.replaceAll("%", "%%")}"`;
	const lines = [
		"@echo off",
		`rem ${marker}`,
		"setlocal",
		"set ELECTRON_RUN_AS_NODE=1",
		`${quoted(node)} ${quoted(script)} %*`,
	];
	return lines.map((line) => `${line}\r\n`).join("");
}
