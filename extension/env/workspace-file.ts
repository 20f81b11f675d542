/**
 * Changes one text file of the workspace. Invariant: everything outside the change keeps its bytes, its unsaved edits
 * and its mode; if that is not possible, the change is refused before anything is written.
 */
import { constants } from "node:fs";
import { access, chmod, lstat, realpath, stat as statOnDisk } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { EnvEdit } from "../../daemon/env-file/env-edit.ts";
import { codeOf } from "../error-code.ts";
import { attempt, FileError, type FileText, nameOf, readFileText, readFromDisk } from "./file-text.ts";

export interface ChangeOptions {
	/** What to do if the file does not exist. Default: create it. */
	readonly missing?: "create" | "refuse";
	/** Where a symbolic link may lead. Default: only to where the file's own workspace folder is. */
	readonly links?: "inside-folder" | "anywhere";
	/** Who can read a file that is created. Default: only the user, since it holds a secret. */
	readonly readers?: "user" | "all";
}

/** `unsaved`: the change is in the editor, among other unsaved changes of the user. */
export type Saved = "saved" | "unsaved";

/**
 * Applies the single edit that `plan` returns for the file's text, undoable, and saves the file.
 * @throws FileError, and any error of `plan`, before anything is changed.
 */
export async function changeFile(
	uri: vscode.Uri,
	plan: (text: string) => EnvEdit,
	options: ChangeOptions = {},
): Promise<Saved> {
	const { exists } = await checkWritable(uri, options);
	if (!exists) return await createFile(uri, plan("").newText, options);
	const opened = await openSettled(uri);
	const edit = new vscode.WorkspaceEdit();
	if (!addEdits(edit, opened.document, [plan(opened.document.getText())])) return savedOf(opened);
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(uri);
	return await saveChange(opened);
}

/** A document that is about to be changed. */
export interface Opened {
	readonly document: vscode.TextDocument;
	/** Has unsaved changes of the user, who decides when to save them: a further change is not saved either. */
	readonly wasDirty: boolean;
}

/** The current file, after everything that could prevent a change has been checked. @throws FileError */
export async function openForChange(uri: vscode.Uri): Promise<Opened> {
	await checkWritable(uri, { missing: "refuse" });
	return await openSettled(uri);
}

/** Adds edits that refer to the document's current text. Returns whether they change anything. */
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

/** Saves the change, unless the editor has other unsaved changes. @throws FileError `not-saved` */
export async function saveChange({ document, wasDirty }: Opened): Promise<Saved> {
	if (!wasDirty) await save(document);
	return savedOf({ wasDirty });
}

/** Whether the file exists, can be created, or cannot be written. Never throws. */
export async function accessTo(uri: vscode.Uri): Promise<"new" | "present" | "read-only"> {
	const stat = await vscode.workspace.fs.stat(uri).then(
		(found) => found,
		() => undefined, // Reading or writing reports why a path is not accessible.
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
			"{0} no longer exists. Choose another file, or save it again from its editor.",
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

async function createFile(uri: vscode.Uri, text: string, { readers }: ChangeOptions): Promise<Saved> {
	const edit = new vscode.WorkspaceEdit();
	edit.createFile(uri, { overwrite: false });
	edit.insert(uri, new vscode.Position(0, 0), text);
	if (!(await vscode.workspace.applyEdit(edit))) throw changed(uri);
	// The file is still empty and the text exists in the editor only; it reaches the disk once no other user can read
	// it.
	if (uri.scheme === "file" && readers !== "all") await chmod(uri.fsPath, 0o600);
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
		"{0} was changed in its editor but could not be saved. Save it there.",
		nameOf(document.uri),
	);
	throw new FileError("not-saved", detail, options);
}

/**
 * An open document follows its file with a delay, and has a single kind of line ending, which saving would apply
 * everywhere.
 */
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
		"{0} has mixed line endings, which VS Code would unify. Open it, choose LF or CRLF in the status bar, save it, then try again.",
		nameOf(uri),
	);
	return new FileError("mixed-line-endings", detail);
}

/** The file has changed in the meantime. */
export function changed(uri: vscode.Uri): FileError {
	return new FileError(
		"changed",
		l10n.t("{0} has changed in the meantime. Check it, then try again.", nameOf(uri)),
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
		"{0} or its folder is read-only. Make it writable, or choose another file.",
		nameOf(uri),
	);
	throw new FileError("read-only", detail);
}

async function canWrite(path: string): Promise<boolean> {
	try {
		await access(path, constants.W_OK);
		// The superuser may write even where the mode permits no one to.
		return ((await statOnDisk(path)).mode & 0o222) !== 0;
	} catch (error) {
		return codeOf(error) === "ENOENT";
	}
}

/** A repository can contain a link, which could redirect a secret to any file. @throws FileError */
export async function refuseLinkToOutside(uri: vscode.Uri): Promise<void> {
	const folder = vscode.workspace.getWorkspaceFolder(uri);
	if (folder === undefined || uri.scheme !== "file") return;
	const target = await attempt(uri, () => resolveLink(uri.fsPath));
	const path = target && relative(await realpath(folder.uri.fsPath), target);
	if (path !== undefined && path !== ".." && !path.startsWith(`..${sep}`) && path !== target) return;
	const where = target ?? l10n.t("a file that does not exist");
	const detail = l10n.t(
		"{0} is a link that points outside its workspace folder, to {1}. Choose another file.",
		nameOf(uri),
		where,
	);
	throw new FileError("outside-workspace", detail);
}

/** The real path. undefined: a link to nothing. */
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
	// A file that does not exist yet is located in its folder's real path.
	return isLink ? undefined : resolveLink(dirname(path));
}
