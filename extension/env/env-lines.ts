/**
 * Writes many lines of many env files as one edit that undo takes back. Invariants: nothing is written before all files
 * were looked at, and a line is only changed while it still holds the value that it is known by. Knows no tokens.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { hashOf } from "../../daemon/rules/secret.ts";
import {
	commentEntries,
	type EntryChange,
	type EnvEdit,
	type EnvRefusal,
	setEntries,
} from "./env-changes.ts";
import { type EnvEntry, parseEnv } from "./env-text.ts";
import { FileError, nameOf, readFileText } from "./file-text.ts";
import { addEdits, changed, type Opened, openForChange, saveChange } from "./workspace-file.ts";

/** What a line is known by. The number is where it was seen last: lines may have come or gone above it. */
export interface KnownLine {
	readonly uri: vscode.Uri;
	readonly key: string;
	/** Counted from 1. */
	readonly line: number;
	/** `sha256:…` of its value. */
	readonly hash: string;
}

/** Where each line stands after the writing. */
export interface Written<Line extends KnownLine> {
	/** On disk. */
	readonly saved: readonly Line[];
	/** In an editor, among changes of the person's own that they have not saved yet. */
	readonly unsaved: readonly Line[];
	/** In an editor whose saving failed: the disk still has the old value. */
	readonly notSaved: readonly Line[];
	/** Not changed at all, and why. */
	readonly refused: readonly Refused<Line>[];
}

export interface Refused<Line extends KnownLine> {
	readonly line: Line;
	readonly error: FileError;
}

interface Options {
	/** What becomes of the other files when one cannot be changed. Default: nothing is changed anywhere. */
	readonly whenRefused?: "throw" | "leave";
}

/**
 * Gives each line its new secret.
 * @throws FileError and nothing is changed, unless refused lines are to be left out.
 */
export async function replaceSecrets<Line extends KnownLine>(
	edits: readonly { line: Line; value: string }[],
	options: Options = {},
): Promise<Written<Line>> {
	const values = new Map(edits.map(({ line, value }) => [line, value]));
	const plan: Plan<Line> = (text, found) =>
		setEntries(
			text,
			found.map(({ line, entry }): EntryChange => ({ entry, value: values.get(line) ?? entry.value })),
		);
	return await writeLines([...values.keys()], plan, options);
}

/** Turns the lines into comments, which no reader sees. Otherwise as `replaceSecrets`. */
export async function commentOut<Line extends KnownLine>(
	lines: readonly Line[],
	options: Options = {},
): Promise<Written<Line>> {
	const plan: Plan<Line> = (text, found) =>
		commentEntries(
			text,
			found.map(({ entry }) => entry),
		);
	return await writeLines(lines, plan, options);
}

/** The lines that could not be given another value now, and why. Writes nothing. */
export async function refusedLines<Line extends KnownLine>(lines: readonly Line[]): Promise<Refused<Line>[]> {
	const plan: Plan<Line> = (text, found) =>
		setEntries(
			text,
			found.map(({ entry }) => ({ entry, value: entry.value })),
		);
	const files = await lookAt(lines, plan);
	return files.flatMap((file) => ("error" in file ? refusalsOf(file) : []));
}

/** The value that the line holds, if it is still the one that it is known by. @throws FileError */
export async function secretOn(line: KnownLine): Promise<string> {
	const { text } = await readFileText(line.uri);
	const [found] = find(text, [line]);
	if (found === undefined) throw changed(line.uri);
	return found.entry.value;
}

interface Found<Line extends KnownLine> {
	line: Line;
	entry: EnvEntry;
}

type Plan<Line extends KnownLine> = (text: string, found: readonly Found<Line>[]) => EnvEdit[] | EnvRefusal;

interface Planned<Line extends KnownLine> {
	lines: readonly Line[];
	opened: Opened;
	version: number;
	edits: readonly EnvEdit[];
}

interface Unfit<Line extends KnownLine> {
	lines: readonly Line[];
	error: FileError;
}

async function writeLines<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
	{ whenRefused = "throw" }: Options,
): Promise<Written<Line>> {
	const files = await lookAt(lines, plan);
	const unfit = files.filter((file) => "error" in file);
	if (unfit[0] !== undefined && whenRefused === "throw") throw unfit[0].error;
	const fit = files.filter((file) => "opened" in file);
	await apply(fit);
	return { ...(await saveAll(fit)), refused: unfit.flatMap(refusalsOf) };
}

/** VS Code applies all of an edit or nothing, and nothing to a document that is not as it was planned for. */
async function apply<Line extends KnownLine>(files: readonly Planned<Line>[]): Promise<void> {
	const edit = new vscode.WorkspaceEdit();
	for (const { opened, version, edits } of files) {
		// While another file was looked at, somebody may have typed into this one.
		if (opened.document.version !== version) throw changed(opened.document.uri);
		addEdits(edit, opened.document, edits);
	}
	const [first] = files;
	if (first === undefined || edit.size === 0) return;
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(first.opened.document.uri);
}

async function lookAt<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
): Promise<(Planned<Line> | Unfit<Line>)[]> {
	const byFile = Map.groupBy(lines, ({ uri }) => uri.toString());
	return await Promise.all([...byFile.values()].map((ofFile) => lookAtFile(ofFile, plan)));
}

async function lookAtFile<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
): Promise<Planned<Line> | Unfit<Line>> {
	const uri = lines[0]?.uri;
	if (uri === undefined) throw new Error("A file without lines was looked at.");
	try {
		const opened = await openForChange(uri);
		const text = opened.document.getText();
		const found = find(text, lines);
		if (found.length < lines.length) throw gone(uri);
		const edits = plan(text, found);
		if ("reason" in edits) throw new FileError(edits.reason, `${nameOf(uri)}: ${edits.detail}`);
		return { lines, opened, version: opened.document.version, edits };
	} catch (error) {
		if (error instanceof FileError) return { lines, error };
		throw error;
	}
}

/** Each line's entry, the nearest of those that hold the value under the key. */
function find<Line extends KnownLine>(text: string, lines: readonly Line[]): Found<Line>[] {
	const entries = parseEnv(text).map((entry) => ({ entry, hash: hashOf(entry.value) }));
	const taken = new Set<EnvEntry>();
	return lines.flatMap((line) => {
		const distance = (entry: EnvEntry) => Math.abs(entry.line - line.line);
		const [nearest] = entries
			.filter(({ entry, hash }) => entry.key === line.key && hash === line.hash && !taken.has(entry))
			.sort((one, other) => distance(one.entry) - distance(other.entry));
		if (nearest === undefined) return [];
		taken.add(nearest.entry);
		return [{ line, entry: nearest.entry }];
	});
}

function gone(uri: vscode.Uri): FileError {
	const detail = l10n.t(
		"{0} was changed in the meantime: a line does not hold the secret any more that it held. Look at it, then try again.",
		nameOf(uri),
	);
	return new FileError("changed", detail);
}

function refusalsOf<Line extends KnownLine>({ lines, error }: Unfit<Line>): Refused<Line>[] {
	return lines.map((line) => ({ line, error }));
}

async function saveAll<Line extends KnownLine>(
	files: readonly Planned<Line>[],
): Promise<Omit<Written<Line>, "refused">> {
	const saved: Line[] = [];
	const unsaved: Line[] = [];
	const notSaved: Line[] = [];
	for (const { lines, opened } of files) {
		try {
			((await saveChange(opened)) === "saved" ? saved : unsaved).push(...lines);
		} catch (error) {
			if (!(error instanceof FileError)) throw error;
			notSaved.push(...lines);
		}
	}
	return { saved, unsaved, notSaved };
}
