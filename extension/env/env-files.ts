/**
 * The env files of the workspace: which there are, what they and their examples say, and the writing of one value.
 * Reaches files through VS Code alone, so that remote and virtual file systems work. Examples are never written.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type EnvEdit, setValue } from "./env-changes.ts";
import { envValue } from "./env-text.ts";
import { FileError, nameOf, readFileText } from "./file-text.ts";
import { accessTo, type ChangeOptions, changeFile, type Saved } from "./workspace-file.ts";

/** An env file to write to. Every workspace folder is offered a `.env` at its top, which is `new` if there is none yet. */
export interface EnvFile {
	readonly uri: vscode.Uri;
	readonly folder: vscode.WorkspaceFolder;
	/** The path within the workspace folder, with slashes. */
	readonly path: string;
	readonly name: string;
	readonly state: "new" | "present" | "read-only";
}

export interface WriteOptions extends ChangeOptions {
	/** The value that the person agreed to replace; null: they were told that there is none. Left out: any. */
	readonly expected?: string | null;
}

/** Folders of what was made or fetched: nobody's own env files are there. */
const foreignFolders =
	"node_modules,bower_components,.git,.hg,.svn,dist,build,out,target,vendor,coverage,.venv,venv,.next,.nuxt,.cache";
const excluded = `**/{${foreignFolders}}/**`;
const foreign = new RegExp(`/(?:${foreignFolders.replaceAll(".", "\\.").replaceAll(",", "|")})/`);

/** Enough for any person to choose from. */
const maximumFiles = 500;

/** More would be a mistake in the patterns. */
const mostListed = 5000;

/** The env files that match the patterns, folder by folder, those nearest to the folder's top first. */
export async function findEnvFiles(
	patterns: readonly string[],
	cancellation?: vscode.CancellationToken,
): Promise<EnvFile[]> {
	const folders = vscode.workspace.workspaceFolders ?? [];
	const files = await Promise.all(folders.map((folder) => findIn(folder, patterns, cancellation)));
	return files.flat();
}

/** Every env file that is there and could hold a secret, each once. Nothing is looked into. */
export async function listEnvFiles(patterns: readonly string[]): Promise<vscode.Uri[]> {
	const found = await Promise.all(
		joined(patterns).map((pattern) => vscode.workspace.findFiles(pattern, excluded, mostListed)),
	);
	const uris = new Map(found.flat().map((uri) => [uri.toString(), uri]));
	return [...uris.values()].filter(isOwnEnvFile);
}

/** The same with fewer patterns, for each makes VS Code start a process that walks through all folders. */
function joined(patterns: readonly string[]): string[] {
	const names = patterns.flatMap((pattern) => /^\*\*\/([^/\\{},]+)$/.exec(pattern)?.[1] ?? []);
	if (names.length !== patterns.length || names.length < 2) return [...patterns];
	return [`**/{${names.join(",")}}`];
}

/** Of a path that fits the patterns: whether it is within a workspace folder and neither an example nor of others. */
export function isOwnEnvFile(uri: vscode.Uri): boolean {
	return !isExample(basename(uri)) && isOwnPath(uri);
}

/** Whether it is within a workspace folder, and not within one of what was made or fetched. */
export function isOwnPath(uri: vscode.Uri): boolean {
	const folder = vscode.workspace.getWorkspaceFolder(uri);
	return folder !== undefined && !foreign.test(uri.path.slice(folder.uri.path.length));
}

/** The env file's text, empty if there is none yet. An editor with unsaved changes wins over the disk. @throws FileError */
export async function readEnvFile(uri: vscode.Uri): Promise<string> {
	return (await readFileText(uri)).text;
}

/** The text of the example beside the env file, empty if there is none that can be read. */
export async function exampleTextFor(uri: vscode.Uri): Promise<string> {
	const parent = vscode.Uri.joinPath(uri, "..");
	const entries = await vscode.workspace.fs.readDirectory(parent).then(
		(found) => found,
		() => [], // A folder that is not there, or not within reach, has no example.
	);
	const own = basename(uri);
	const names = entries.map(([name]) => name).filter((name) => isExample(name) && /env/i.test(name));
	const name = names.sort((one, other) => kinship(other, own) - kinship(one, own) || compare(one, other))[0];
	if (name === undefined) return "";
	try {
		return (await readFileText(vscode.Uri.joinPath(parent, name))).text;
	} catch (error) {
		// An example only helps to suggest keys.
		if (error instanceof FileError) return "";
		throw error;
	}
}

/**
 * Gives the key its value in the env file, as one edit that undo takes back.
 * @throws FileError, and then nothing is changed, except with `not-saved`.
 */
export async function writeEnvValue(
	uri: vscode.Uri,
	key: string,
	value: string,
	options: WriteOptions = {},
): Promise<Saved> {
	if (isExample(basename(uri))) {
		const detail = l10n.t("{0} is an example that others get to see. Choose another file.", nameOf(uri));
		throw new FileError("read-only", detail);
	}
	const plan = (text: string): EnvEdit => {
		const { expected } = options;
		if (expected !== undefined && (envValue(text, key) ?? null) !== expected) {
			const detail = l10n.t(
				"{0} in {1} has another value than a moment ago. Look at it, then try again.",
				key,
				nameOf(uri),
			);
			throw new FileError("changed", detail);
		}
		const edit = setValue(text, key, value);
		if ("reason" in edit) throw new FileError(edit.reason, l10n.t("{0}: {1}", nameOf(uri), edit.detail));
		return edit;
	};
	return await changeFile(uri, plan, options);
}

/** Whether the name is that of an example, which is committed and therefore never holds a secret. */
export function isExample(name: string): boolean {
	return /(?:^|[._-])(?:example|sample|template|dist)(?:[._-]|$)/i.test(name);
}

async function findIn(
	folder: vscode.WorkspaceFolder,
	patterns: readonly string[],
	cancellation: vscode.CancellationToken | undefined,
): Promise<EnvFile[]> {
	const found = await Promise.all(
		joined(patterns).map((pattern) => {
			const relativePattern = new vscode.RelativePattern(folder, pattern);
			return vscode.workspace.findFiles(relativePattern, excluded, maximumFiles, cancellation);
		}),
	);
	const usual = vscode.Uri.joinPath(folder.uri, ".env");
	const uris = new Map([usual, ...found.flat()].map((uri) => [uri.toString(), uri]));
	const files = [...uris.values()].map((uri) => envFileAt(uri, folder));
	const writable = (await Promise.all(files)).filter(({ name }) => !isExample(name));
	return writable.sort((one, other) => depth(one) - depth(other) || compare(one.path, other.path));
}

async function envFileAt(uri: vscode.Uri, folder: vscode.WorkspaceFolder): Promise<EnvFile> {
	const path = uri.path.slice(folder.uri.path.length).replace(/^\//, "");
	const state = await accessTo(uri);
	return { uri, folder, path, name: basename(uri), state };
}

function basename(uri: vscode.Uri): string {
	return uri.path.slice(uri.path.lastIndexOf("/") + 1);
}

function depth(file: EnvFile): number {
	return file.path.split("/").length;
}

/** By code units, so that `.env` comes before `.env.local` in every language. */
function compare(one: string, other: string): number {
	return one < other ? -1 : Number(one > other);
}

/** `.env.local.example` is of `.env.local`, and `.env.example` of every file beside it. */
function kinship(example: string, name: string): number {
	const of = example.replace(/[._-](?:example|sample|template|dist)/i, "");
	return of === name ? 2 : Number(of === ".env");
}
