/**
 * The text of a workspace file as the user sees it, or why it cannot be read. Local files are accessed directly, which
 * is many times faster than through VS Code; other file systems through VS Code.
 */
import { readFile as readFileInto, type Stats, stat as statInto } from "node:fs";
import { promisify } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { EnvRefusalReason } from "../../daemon/env-file/env-edit.ts";
import { codeOf } from "../error-code.ts";

export type FileErrorCode =
	| EnvRefusalReason
	| "is-folder"
	| "read-only"
	| "deleted"
	| "changed"
	| "outside-workspace"
	| "too-large"
	| "not-text"
	| "mixed-line-endings"
	| "not-saved"
	| "unreachable";

/** Why a file was not read or written. The message tells the user what to do; it never contains a value. */
export class FileError extends Error {
	override readonly name = "FileError";
	readonly code: FileErrorCode;

	constructor(code: FileErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.code = code;
	}
}

/**
 * A file as the user sees it: the text of an editor with unsaved changes takes precedence over the disk. Without byte
 * order mark.
 */
export interface FileText {
	readonly text: string;
	readonly exists: boolean;
	readonly unsaved: boolean;
}

const maximumBytes = 1024 * 1024;

/** @throws FileError */
export async function readFileText(uri: vscode.Uri): Promise<FileText> {
	const open = openDocument(uri);
	const exists = (await statFile(uri)) !== undefined;
	if (open?.isDirty) return { text: open.getText(), exists, unsaved: true };
	return { text: exists ? await readFromDisk(uri) : "", exists, unsaved: false };
}

/** The file's path as shown to the user. */
export function nameOf(uri: vscode.Uri): string {
	return vscode.workspace.asRelativePath(uri);
}

export function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
	const text = uri.toString();
	return vscode.workspace.textDocuments.find((document) => document.uri.toString() === text);
}

async function statFile(uri: vscode.Uri): Promise<DiskStat | undefined> {
	const stat = await attempt(uri, () => statAt(uri));
	if (stat !== undefined) refuseUnreadable(uri, stat);
	return stat;
}

function refuseUnreadable(uri: vscode.Uri, { type, size, special }: DiskStat): void {
	if ((type & vscode.FileType.Directory) !== 0)
		throw new FileError("is-folder", l10n.t("{0} is a folder. Choose a file.", nameOf(uri)));
	// Reading a pipe waits for another program, and reading a device may never end.
	if (special !== undefined || (type & vscode.FileType.File) === 0)
		throw new FileError("not-text", specialFile[special ?? "other"](nameOf(uri)));
	if (size > maximumBytes)
		throw new FileError("too-large", l10n.t("{0} is larger than 1 MB. Choose another file.", nameOf(uri)));
}

/** The text on disk of a file that `statAt` has just returned; empty if it has been deleted since. @throws FileError */
export async function readStatted(uri: vscode.Uri, stat: DiskStat): Promise<string> {
	refuseUnreadable(uri, stat);
	return await readFromDisk(uri);
}

export async function readFromDisk(uri: vscode.Uri): Promise<string> {
	const bytes = (await attempt(uri, () => bytesAt(uri))) ?? new Uint8Array();
	const encoding = otherEncoding(bytes);
	if (encoding !== undefined) throw notUtf8(uri, encoding);
	const text = decoded(uri, bytes);
	if (text.includes("\0")) throw withNul(uri);
	return text;
}

/** What is in a file's place. */
type Special = "pipe" | "socket" | "device" | "other";

const specialFile: Record<Special, (name: string) => string> = {
	pipe: (name) => l10n.t("{0} is a named pipe, not a file. Choose another file.", name),
	socket: (name) => l10n.t("{0} is a socket, not a file. Choose another file.", name),
	device: (name) => l10n.t("{0} is a device, not a file. Choose another file.", name),
	other: (name) => l10n.t("{0} is not a regular file. Choose another file.", name),
};

/** By its byte order mark (Unicode, section 23.8). */
function otherEncoding(bytes: Uint8Array): string | undefined {
	const [first, second, third, fourth] = bytes;
	if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? "UTF-32" : "UTF-16";
	return first === 0xfe && second === 0xff ? "UTF-16" : undefined;
}

function notUtf8(uri: vscode.Uri, encoding: string): FileError {
	const detail = l10n.t(
		"{0} is {1} text, which programs do not read as an env file. Save it with the encoding UTF-8, then try again.",
		nameOf(uri),
		encoding,
	);
	return new FileError("not-text", detail);
}

function withNul(uri: vscode.Uri): FileError {
	const detail = l10n.t(
		"{0} contains NUL characters: it is binary, or UTF-16 text without a byte order mark. Choose another file, or save it with the encoding UTF-8.",
		nameOf(uri),
	);
	return new FileError("not-text", detail);
}

function decoded(uri: vscode.Uri, bytes: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch (cause) {
		throw notText(uri, { cause });
	}
}

function notText(uri: vscode.Uri, options?: ErrorOptions): FileError {
	const detail = l10n.t(
		"{0} is not UTF-8 text. Choose another file, or save it in that encoding.",
		nameOf(uri),
	);
	return new FileError("not-text", detail, options);
}

/** The file system's answer, or undefined if the file does not exist. */
export async function attempt<Answer>(
	uri: vscode.Uri,
	ask: () => Thenable<Answer>,
): Promise<Answer | undefined> {
	try {
		return await ask();
	} catch (cause) {
		if (cause instanceof vscode.FileSystemError && cause.code === "FileNotFound") return undefined;
		const detail = l10n.t(
			"{0} cannot be read. Make sure that it is accessible, then try again.",
			nameOf(uri),
		);
		throw new FileError("unreachable", detail, { cause });
	}
}

export interface DiskStat extends Pick<vscode.FileStat, "type" | "size" | "mtime"> {
	/** What it is if neither a file nor a folder. */
	readonly special?: Special;
}

// For many files at once, these need half the CPU time of their counterparts in `node:fs/promises`.
const readFile = promisify(readFileInto);
const stat = promisify(statInto);

/** Fails like `vscode.workspace.fs` if the file does not exist. */
export async function statAt(uri: vscode.Uri): Promise<DiskStat> {
	if (uri.scheme !== "file") return await vscode.workspace.fs.stat(uri);
	const found = await stat(uri.fsPath).catch((error: unknown) => fail(uri, error));
	const { File, Directory, Unknown } = vscode.FileType;
	const type = found.isFile() ? File : found.isDirectory() ? Directory : Unknown;
	const special = type === Unknown ? { special: specialOf(found) } : {};
	return { type, size: found.size, mtime: found.mtimeMs, ...special };
}

function specialOf(found: Stats): Special {
	if (found.isFIFO()) return "pipe";
	if (found.isSocket()) return "socket";
	return found.isCharacterDevice() || found.isBlockDevice() ? "device" : "other";
}

async function bytesAt(uri: vscode.Uri): Promise<Uint8Array> {
	if (uri.scheme !== "file") return await vscode.workspace.fs.readFile(uri);
	return await readFile(uri.fsPath).catch((error: unknown) => fail(uri, error));
}

function fail(uri: vscode.Uri, error: unknown): never {
	throw codeOf(error) === "ENOENT" ? vscode.FileSystemError.FileNotFound(uri) : error;
}
