/**
 * Writes many lines of many env files as a single edit that can be undone. Invariants: nothing is written before all
 * files have been checked, and a line is changed only while it still holds the expected value. Knows no tokens.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { EnvEdit, EnvRefusal } from "../../daemon/env-file/env-edit.ts";
import { commentIn, type PlaceChange, replaceIn } from "../../daemon/env-file/env-file.ts";
import { type EnvForm, formOf } from "../../daemon/env-file/env-form.ts";
import { type SecretPlace, secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { FileError, nameOf, readFileText } from "./file-text.ts";
import { addEdits, changed, type Opened, openForChange, saveChange } from "./workspace-file.ts";

/** Identifies a secret in a line. `line` is where it was last seen: lines may have been added or removed above it. */
export interface KnownLine {
	readonly uri: vscode.Uri;
	readonly key: string;
	/** Counted from 1. */
	readonly line: number;
	/** `sha256:…` of the secret. */
	readonly hash: string;
}

/** Where each line's new value is after the write. */
export interface Written<Line extends KnownLine> {
	/** On disk. */
	readonly saved: readonly Line[];
	/** In an editor that has other unsaved changes of the user. */
	readonly unsaved: readonly Line[];
	/** In an editor that could not be saved: the disk still has the old value. */
	readonly notSaved: readonly Line[];
	/** Not changed, with the reason. */
	readonly refused: readonly Refused<Line>[];
}

export interface Refused<Line extends KnownLine> {
	readonly line: Line;
	readonly error: FileError;
}

interface Options {
	/** Whether to change the other files when one cannot be changed. Default: change nothing. */
	readonly whenRefused?: "throw" | "leave";
}

/**
 * Replaces the secret on each line.
 * @throws FileError; nothing is changed then, unless refused lines are to be left as they are.
 */
export async function replaceSecrets<Line extends KnownLine>(
	edits: readonly { line: Line; value: string }[],
	options: Options = {},
): Promise<Written<Line>> {
	const values = new Map(edits.map(({ line, value }) => [line, value]));
	const plan: Plan<Line> = (text, found, form) =>
		replaceIn(
			text,
			found.map(({ line, place }): PlaceChange => ({ place, value: values.get(line) ?? place.secret })),
			form,
		);
	return await writeLines([...values.keys()], plan, options);
}

/** Comments the lines out, so that no program reads them. Otherwise like `replaceSecrets`. */
export async function commentOut<Line extends KnownLine>(
	lines: readonly Line[],
	options: Options = {},
): Promise<Written<Line>> {
	const plan: Plan<Line> = (text, found, form) =>
		commentIn(
			text,
			found.map(({ place }) => place),
			form,
		);
	return await writeLines(lines, plan, options);
}

/** The lines whose value could not be replaced now, with the reason. Writes nothing. */
export async function refusedLines<Line extends KnownLine>(lines: readonly Line[]): Promise<Refused<Line>[]> {
	const plan: Plan<Line> = (text, found, form) =>
		replaceIn(
			text,
			found.map(({ place }) => ({ place, value: place.secret })),
			form,
		);
	const files = await planFiles(lines, plan);
	return files.flatMap((file) => ("error" in file ? refusalsOf(file) : []));
}

/** The line's value, if it is still the expected one. @throws FileError */
export async function secretOn(line: KnownLine): Promise<string> {
	const { text } = await readFileText(line.uri);
	const [found] = find(text, [line], formOf(line.uri.path));
	if (found === undefined) throw changed(line.uri);
	return found.place.secret;
}

interface Found<Line extends KnownLine> {
	line: Line;
	place: SecretPlace;
}

type Plan<Line extends KnownLine> = (
	text: string,
	found: readonly Found<Line>[],
	form: EnvForm,
) => EnvEdit[] | EnvRefusal;

interface Planned<Line extends KnownLine> {
	lines: readonly Line[];
	opened: Opened;
	version: number;
	edits: readonly EnvEdit[];
}

interface RefusedFile<Line extends KnownLine> {
	lines: readonly Line[];
	error: FileError;
}

async function writeLines<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
	{ whenRefused = "throw" }: Options,
): Promise<Written<Line>> {
	const files = await planFiles(lines, plan);
	const refused = files.filter((file) => "error" in file);
	if (refused[0] !== undefined && whenRefused === "throw") throw refused[0].error;
	const planned = files.filter((file) => "opened" in file);
	await apply(planned);
	return { ...(await saveAll(planned)), refused: refused.flatMap(refusalsOf) };
}

/** VS Code applies an edit completely or not at all, and not to a document that has changed since it was planned. */
async function apply<Line extends KnownLine>(files: readonly Planned<Line>[]): Promise<void> {
	const edit = new vscode.WorkspaceEdit();
	for (const { opened, version, edits } of files) {
		// The document may have been edited while the other files were checked.
		if (opened.document.version !== version) throw changed(opened.document.uri);
		addEdits(edit, opened.document, edits);
	}
	const [first] = files;
	if (first === undefined || edit.size === 0) return;
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(first.opened.document.uri);
}

async function planFiles<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
): Promise<(Planned<Line> | RefusedFile<Line>)[]> {
	const byFile = Map.groupBy(lines, ({ uri }) => uri.toString());
	return await Promise.all([...byFile.values()].map((ofFile) => planFile(ofFile, plan)));
}

async function planFile<Line extends KnownLine>(
	lines: readonly Line[],
	plan: Plan<Line>,
): Promise<Planned<Line> | RefusedFile<Line>> {
	const uri = lines[0]?.uri;
	if (uri === undefined) throw new Error("A file was checked without any lines.");
	try {
		const opened = await openForChange(uri);
		const text = opened.document.getText();
		const form = formOf(uri.path);
		const found = find(text, lines, form);
		if (new Set(found.map(({ line }) => line)).size < lines.length) throw lineChanged(uri);
		const edits = plan(text, found, form);
		if ("reason" in edits) throw new FileError(edits.reason, `${nameOf(uri)}: ${edits.detail}`);
		return { lines, opened, version: opened.document.version, edits };
	} catch (error) {
		if (error instanceof FileError) return { lines, error };
		throw error;
	}
}

/** The places of each secret: of those with the same key and value, the nearest and all others in its line. */
function find<Line extends KnownLine>(text: string, lines: readonly Line[], form: EnvForm): Found<Line>[] {
	const places = secretPlaces(text, form)
		.filter(({ commented }) => !commented)
		.map((place) => ({ place, hash: hashOf(place.secret) }));
	const taken = new Set<SecretPlace>();
	return lines.flatMap((line) => {
		const distance = (place: SecretPlace) => Math.abs(place.line - line.line);
		const [nearest, ...others] = places
			.filter(({ place, hash }) => place.key === line.key && hash === line.hash && !taken.has(place))
			.map(({ place }) => place)
			.sort((one, other) => distance(one) - distance(other));
		if (nearest === undefined) return [];
		const all = [nearest, ...others.filter((other) => other.line === nearest.line)];
		for (const place of all) taken.add(place);
		return all.map((place) => ({ line, place }));
	});
}

function lineChanged(uri: vscode.Uri): FileError {
	const detail = l10n.t(
		"{0} has changed: a line no longer contains the expected secret. Check the file, then try again.",
		nameOf(uri),
	);
	return new FileError("changed", detail);
}

function refusalsOf<Line extends KnownLine>({ lines, error }: RefusedFile<Line>): Refused<Line>[] {
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
