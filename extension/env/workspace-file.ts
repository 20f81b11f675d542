/**
 * How one text file of the workspace is changed. Invariant: what a change does not name keeps its bytes, its
 * unsaved edits, and its mode; what cannot be kept is refused before anything is written.
 */
import { constants } from "node:fs";
import { access, chmod, lstat, realpath, stat as statOnDisk } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { codeOf } from "../error-code.ts";
import type { EnvEdit } from "./env-changes.ts";
import { attempt, FileError, type FileText, nameOf, readFileText, readFromDisk } from "./file-text.ts";

export interface ChangeOptions {
	/** What to do if there is no file. Default: create it. */
	readonly missing?: "create" | "refuse";
	/** How far a symbolic link may lead. Default: only to where the file's own workspace folder is. */
	readonly links?: "inside-folder" | "anywhere";
}

/** `unsaved`: the change is in the editor, among other changes that the person has not saved yet. */
export type Saved = "saved" | "unsaved";

/**
 * Makes the one edit that `plan` answers for the file's text, undoable, and saves it.
 * @throws FileError, and whatever `plan` throws, before anything is changed.
 */
export async function changeFile(
	uri: vscode.Uri,
	plan: (text: string) => EnvEdit,
	options: ChangeOptions = {},
): Promise<Saved> {
	if (!(await checkWritable(uri, options)).exists) return await createFile(uri, plan("").newText);
	const opened = await openSettled(uri);
	const edit = new vscode.WorkspaceEdit();
	if (!addEdits(edit, opened.document, [plan(opened.document.getText())])) return savedOf(opened);
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(uri);
	return await saveChange(opened);
}

/** A document that is about to be changed. */
export interface Opened {
	readonly document: vscode.TextDocument;
	/** It has changes that somebody else has to decide about: whoever changes it further leaves the saving to them. */
	readonly wasDirty: boolean;
}

/** The file as it is now, after all has been looked at that could keep it from being changed. @throws FileError */
export async function openForChange(uri: vscode.Uri): Promise<Opened> {
	await checkWritable(uri, { missing: "refuse" });
	return await openSettled(uri);
}

/** Adds edits of the document's present text. Answers whether that changes anything. */
export function addEdits(
	edit: vscode.WorkspaceEdit,
	document: vscode.TextDocument,
	edits: readonly EnvEdit[],
): boolean {
	const real = edits
		.map(({ start, end, newText }) => {
			const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
			return new vscode.TextEdit(range, newText);
		})
		.filter(({ range, newText }) => document.getText(range) !== newText);
	if (real.length > 0) edit.set(document.uri, [...edit.get(document.uri), ...real]);
	return real.length > 0;
}

/** Saves what was changed, unless others have changes in the same editor. @throws FileError `not-saved` */
export async function saveChange({ document, wasDirty }: Opened): Promise<Saved> {
	if (!wasDirty) await save(document);
	return savedOf({ wasDirty });
}

/** Whether the file is there, or can be created, and whether it can be written. Never throws. */
export async function accessTo(uri: vscode.Uri): Promise<"new" | "present" | "read-only"> {
	const stat = await vscode.workspace.fs.stat(uri).then(
		(found) => found,
		() => undefined, // What cannot be looked at is answered for when it is read or written.
	);
	const isReadOnly =
		vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false ||
		((stat?.permissions ?? 0) & vscode.FilePermission.Readonly) !== 0 ||
		(uri.scheme === "file" && !(await canWrite(stat ? uri.fsPath : dirname(uri.fsPath))));
	if (isReadOnly) return "read-only";
	return stat ? "present" : "new";
}

async function checkWritable(uri: vscode.Uri, { missing, links }: ChangeOptions): Promise<FileText> {
	if (links !== "anywhere") await refuseLinkToOutside(uri);
	const found = await readFileText(uri);
	if (!found.exists && (found.unsaved || missing === "refuse")) {
		const detail = l10n.t(
			"{0} does not exist any more. Choose another file, or save it again from its editor.",
			nameOf(uri),
		);
		throw new FileError("deleted", detail);
	}
	await refuseReadOnly(uri);
	return found;
}

async function openSettled(uri: vscode.Uri): Promise<Opened> {
	const document = await openText(uri);
	const wasDirty = document.isDirty;
	if (!wasDirty) await waitForDisk(document);
	return { document, wasDirty };
}

const savedOf = ({ wasDirty }: Pick<Opened, "wasDirty">): Saved => (wasDirty ? "unsaved" : "saved");

async function createFile(uri: vscode.Uri, text: string): Promise<Saved> {
	const edit = new vscode.WorkspaceEdit();
	edit.createFile(uri, { overwrite: false });
	edit.insert(uri, new vscode.Position(0, 0), text);
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(uri);
	// The file is still empty: the text is only in the editor, and reaches the disk once nobody else can read it.
	if (uri.scheme === "file") await chmod(uri.fsPath, 0o600);
	await save(await openText(uri));
	return "saved";
}

async function save(document: vscode.TextDocument): Promise<void> {
	if (!document.isDirty) return;
	let options: ErrorOptions = {};
	const isSaved = await document.save().then(
		(saved) => saved,
		(cause: unknown) => {
			options = { cause };
			return false;
		},
	);
	if (isSaved) return;
	const detail = l10n.t(
		"{0} is changed in its editor, but could not be saved. Save it there.",
		nameOf(document.uri),
	);
	throw new FileError("not-saved", detail, options);
}

/** An open document follows its file with a delay, and has only one kind of line ending, which a save would write everywhere. */
async function waitForDisk(document: vscode.TextDocument): Promise<void> {
	const { uri } = document;
	const deadline = AbortSignal.timeout(5000);
	for (;;) {
		const text = await readFromDisk(uri);
		if (document.getText() === text) return;
		if (unifyLineEndings(document.getText()) === unifyLineEndings(text)) throw mixedLineEndings(uri);
		if (deadline.aborted) throw changed(uri);
		await nextChange(document, AbortSignal.any([deadline, AbortSignal.timeout(500)]));
	}
}

function nextChange(document: vscode.TextDocument, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const subscription = vscode.workspace.onDidChangeTextDocument((event) => {
			if (event.document === document) settle();
		});
		const settle = () => {
			subscription.dispose();
			resolve();
		};
		signal.addEventListener("abort", settle, { once: true });
	});
}

function unifyLineEndings(text: string): string {
	return text.replace(/\r\n?/g, "\n");
}

function mixedLineEndings(uri: vscode.Uri): FileError {
	const detail = l10n.t(
		"{0} mixes line endings, which VS Code would make all the same. Open it, choose LF or CRLF in the status bar, save it, then try again.",
		nameOf(uri),
	);
	return new FileError("mixed-line-endings", detail);
}

/** Somebody else was faster. */
export function changed(uri: vscode.Uri): FileError {
	return new FileError(
		"changed",
		l10n.t("{0} was changed in the meantime. Look at it, then try again.", nameOf(uri)),
	);
}

async function openText(uri: vscode.Uri): Promise<vscode.TextDocument> {
	try {
		return await vscode.workspace.openTextDocument(uri);
	} catch (cause) {
		throw new FileError(
			"not-text",
			l10n.t("{0} cannot be opened as text. Choose another file.", nameOf(uri)),
			{
				cause,
			},
		);
	}
}

async function refuseReadOnly(uri: vscode.Uri): Promise<void> {
	if ((await accessTo(uri)) !== "read-only") return;
	const detail = l10n.t(
		"{0} is read-only, or its folder is. Allow writing there, or choose another file.",
		nameOf(uri),
	);
	throw new FileError("read-only", detail);
}

async function canWrite(path: string): Promise<boolean> {
	try {
		await access(path, constants.W_OK);
		// The superuser may write where the mode says that nobody should.
		return ((await statOnDisk(path)).mode & 0o222) !== 0;
	} catch (error) {
		return codeOf(error) === "ENOENT";
	}
}

/** A repository can hold a link, and with it could have a secret written to anywhere. */
async function refuseLinkToOutside(uri: vscode.Uri): Promise<void> {
	const folder = vscode.workspace.getWorkspaceFolder(uri);
	if (folder === undefined || uri.scheme !== "file") return;
	const target = await attempt(uri, () => resolveLink(uri.fsPath));
	const path = target && relative(await realpath(folder.uri.fsPath), target);
	if (path !== undefined && path !== ".." && !path.startsWith(`..${sep}`) && path !== target) return;
	const where = target ?? l10n.t("a file that does not exist");
	const detail = l10n.t(
		"{0} is a link that leads out of its workspace folder, to {1}. Choose another file.",
		nameOf(uri),
		where,
	);
	throw new FileError("outside-workspace", detail);
}

/** Where a path really leads. undefined: it is a link to nothing. */
async function resolveLink(path: string): Promise<string | undefined> {
	try {
		return await realpath(path);
	} catch (error) {
		if (codeOf(error) !== "ENOENT") throw error;
	}
	const isLink = await lstat(path).then(
		() => true,
		() => false,
	);
	// A file that is to be created lies where its folder really is.
	return isLink ? undefined : resolveLink(dirname(path));
}
