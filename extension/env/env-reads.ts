/**
 * Env files as last read: where values stand and their hashes. Invariant: no value is kept, and a file is read again
 * only if it has changed since. The text of an unsaved editor wins over the disk.
 */
import * as vscode from "vscode";
import { hashOf } from "../../daemon/rules/secret.ts";
import { readEnvFile } from "./env-files.ts";
import { envValues, lineAt, lineStarts } from "./env-values.ts";
import { FileError, openDocument, statAt } from "./file-text.ts";
import { mayBeSecret, type TokenLike, tokenLike } from "./token-like.ts";

/** A line whose value may be a secret. */
export interface FoundLine {
	readonly key: string;
	readonly line: number;
	readonly range: vscode.Range;
	readonly commented: boolean;
	readonly hash: string;
	readonly like: TokenLike | undefined;
}

export interface EnvRead {
	readonly found: readonly FoundLine[];
	/** Why the file could not be read, for a person. */
	readonly problem?: string;
}

interface Stamp {
	readonly mtime: number;
	readonly size: number;
}

/** Clocks of file systems are coarse: a file that was just written may change once more under the same time. */
const settledMilliseconds = 2000;

export class EnvReads {
	readonly #fromDisk = new Map<string, { read: EnvRead; stamp: Stamp; time: number }>();
	readonly #fromEditors = new WeakMap<vscode.TextDocument, { read: EnvRead; version: number }>();

	/** undefined: there is no such file. */
	async read(uri: vscode.Uri): Promise<EnvRead | undefined> {
		const document = openDocument(uri);
		if (document?.isDirty) return this.readDocument(document);
		const stamp = await stampOf(uri);
		if (stamp === undefined) {
			this.#fromDisk.delete(uri.toString());
			return undefined;
		}
		const known = this.#fromDisk.get(uri.toString());
		if (known !== undefined && isSame(known, stamp)) return known.read;
		const time = Date.now();
		const read = await readNow(uri);
		this.#fromDisk.set(uri.toString(), { read, stamp, time });
		return read;
	}

	/** What the editor shows at this moment. */
	readDocument(document: vscode.TextDocument): EnvRead {
		const known = this.#fromEditors.get(document);
		if (known?.version === document.version) return known.read;
		const read = { found: linesWithValues(document.getText()) };
		this.#fromEditors.set(document, { read, version: document.version });
		return read;
	}
}

/** Of what nobody sees, the document may be behind its file. */
export function shownDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
	const document = openDocument(uri);
	if (document === undefined || document.isDirty) return document;
	const isShown = vscode.window.visibleTextEditors.some((editor) => editor.document === document);
	return isShown ? document : undefined;
}

async function stampOf(uri: vscode.Uri): Promise<Stamp | undefined> {
	return await statAt(uri).then(
		(stat) => stat,
		() => undefined, // What is not within reach holds no line that anybody reads.
	);
}

function isSame(known: { stamp: Stamp; time: number }, { mtime, size }: Stamp): boolean {
	if (known.stamp.mtime !== mtime || known.stamp.size !== size) return false;
	return known.time - mtime > settledMilliseconds;
}

async function readNow(uri: vscode.Uri): Promise<EnvRead> {
	try {
		return { found: linesWithValues(await readEnvFile(uri)) };
	} catch (error) {
		if (error instanceof FileError) return { found: [], problem: error.message };
		throw error;
	}
}

function linesWithValues(text: string): FoundLine[] {
	const starts = lineStarts(text);
	const position = (offset: number) => {
		const line = lineAt(starts, offset);
		return new vscode.Position(line, offset - (starts[line] ?? 0));
	};
	return envValues(text)
		.filter(({ value }) => mayBeSecret(value))
		.map(({ key, value, line, start, end, commented }) => ({
			...{ key, line, commented },
			range: new vscode.Range(position(start), position(end)),
			hash: hashOf(value),
			like: tokenLike(key, value),
		}));
}
