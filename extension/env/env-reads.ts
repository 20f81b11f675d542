/**
 * Env files as last read: the positions and hashes of their values. Invariant: no value is stored, and a file is read
 * again only after it has changed. The text of an unsaved editor takes precedence over the disk.
 */
import * as vscode from "vscode";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { lineAt, lineStarts } from "../../daemon/env-file/text-lines.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import { type DiskStat, FileError, openDocument, readStatted, statAt } from "./file-text.ts";
import { mayBeSecret, type TokenLike, tokenLike } from "./token-like.ts";

/** A line whose value, or a part of it, may be a secret. */
export interface FoundLine {
	readonly key: string;
	readonly line: number;
	readonly range: vscode.Range;
	readonly commented: boolean;
	/** Whether the secret is the line's whole value. */
	readonly part: "whole" | "piece";
	readonly hash: string;
	/** Its first and last four characters. */
	readonly partial: string;
	readonly like: TokenLike | undefined;
}

export interface EnvRead {
	readonly found: readonly FoundLine[];
	/** Why the file could not be read, as shown to the user. */
	readonly problem?: string;
}

/** File system timestamps are coarse: a file that has just been written may change again within the same timestamp. */
const settledMilliseconds = 2000;

export class EnvReads {
	readonly #fromDisk = new Map<string, { read: EnvRead; stat: DiskStat; time: number }>();
	readonly #fromEditors = new WeakMap<vscode.TextDocument, { read: EnvRead; version: number }>();

	/** undefined: the file does not exist. */
	async read(uri: vscode.Uri): Promise<EnvRead | undefined> {
		const document = unsavedDocument(uri);
		if (document !== undefined) return this.readDocument(document);
		const stat = await statOf(uri);
		if (stat === undefined) {
			this.#fromDisk.delete(uri.toString());
			return undefined;
		}
		const known = this.#fromDisk.get(uri.toString());
		if (known !== undefined && isSame(known, stat)) return known.read;
		const time = Date.now();
		const read = await readNow(uri, stat);
		this.#fromDisk.set(uri.toString(), { read, stat, time });
		return read;
	}

	/** The current text of the editor. */
	readDocument(document: vscode.TextDocument): EnvRead {
		const known = this.#fromEditors.get(document);
		if (known?.version === document.version) return known.read;
		const read = { found: linesWithValues(document.getText(), document.uri.path) };
		this.#fromEditors.set(document, { read, version: document.version });
		return read;
	}
}

/** The document of an editor that is not visible may be older than its file. */
export function shownDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
	const document = openDocument(uri);
	if (document === undefined || document.isDirty) return document;
	const isShown = vscode.window.visibleTextEditors.some((editor) => editor.document === document);
	return isShown ? document : undefined;
}

/** Compares only the addresses of unsaved documents, since the first scan calls this for each of many files. */
function unsavedDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
	const text = uri.toString();
	return vscode.workspace.textDocuments.find(
		(document) => document.isDirty && document.uri.toString() === text,
	);
}

async function statOf(uri: vscode.Uri): Promise<DiskStat | undefined> {
	return await statAt(uri).then(
		(stat) => stat,
		() => undefined, // An unreachable file has no lines in effect.
	);
}

function isSame(known: { stat: DiskStat; time: number }, { mtime, size }: DiskStat): boolean {
	if (known.stat.mtime !== mtime || known.stat.size !== size) return false;
	return known.time - mtime > settledMilliseconds;
}

async function readNow(uri: vscode.Uri, stat: DiskStat): Promise<EnvRead> {
	try {
		return { found: linesWithValues(await readStatted(uri, stat), uri.path) };
	} catch (error) {
		if (error instanceof FileError) return { found: [], problem: error.message };
		throw error;
	}
}

function linesWithValues(text: string, path: string): FoundLine[] {
	const starts = lineStarts(text);
	const position = (offset: number) => {
		const line = lineAt(starts, offset);
		return new vscode.Position(line, offset - (starts[line] ?? 0));
	};
	return secretPlaces(text, formOf(path))
		.filter(({ secret }) => mayBeSecret(secret))
		.map(({ key, secret, line, start, end, commented, part }) => ({
			...{ key, line, commented, part },
			range: new vscode.Range(position(start), position(end)),
			hash: hashOf(secret),
			partial: partialTokenOf(secret),
			// The key's name tells nothing about a part of its value.
			like: tokenLike(part === "whole" ? key : "", secret),
		}));
}
