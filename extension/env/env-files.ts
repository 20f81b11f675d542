/**
 * Finds the env files of the workspace, reads them and their examples, and writes one value. Accesses files only
 * through VS Code, so that remote and virtual file systems work. Examples are never written.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { EnvEdit } from "../../daemon/env-file/env-edit.ts";
import { setIn, valueIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isExample, nameWithoutExample } from "../../daemon/env-file/env-text.ts";
import { FileError, nameOf, readFileText } from "./file-text.ts";
import { accessTo, type ChangeOptions, changeFile, type Saved } from "./workspace-file.ts";

/**
 * An env file to write to. For every workspace folder this includes a `.env` at its root, which is `new` if it does not
 * exist.
 */
export interface EnvFile {
	readonly uri: vscode.Uri;
	readonly folder: vscode.WorkspaceFolder;
	/** Path within the workspace folder, with slashes. */
	readonly path: string;
	readonly name: string;
	readonly state: "new" | "present" | "read-only";
}

export interface WriteOptions extends ChangeOptions {
	/** The value that the user agreed to replace; null: the key had no value. Omitted: any value. */
	readonly expected?: string | null;
}

/** Folders of generated or downloaded files. Env files in them are not the user's own. */
const generatedFolders =
	"node_modules,bower_components,.git,.hg,.svn,dist,build,out,target,vendor,coverage,.venv,venv,.next,.nuxt,.cache";
const excluded = `**/{${generatedFolders}}/**`;
const generated = new RegExp(`/(?:${generatedFolders.replaceAll(".", "\\.").replaceAll(",", "|")})/`);

/** More than a user would scroll through. */
const maxFiles = 500;

/** A larger number indicates a mistake in the patterns. */
const maxListed = 5000;

/** More than a folder has on purpose. */
const maxExamples = 10;

/** The env files that match the patterns, by folder, those closest to the folder's root first. */
export async function findEnvFiles(
	patterns: readonly string[],
	cancellation?: vscode.CancellationToken,
): Promise<EnvFile[]> {
	const folders = vscode.workspace.workspaceFolders ?? [];
	const files = await Promise.all(folders.map((folder) => findIn(folder, patterns, cancellation)));
	return files.flat();
}

/** Every existing env file that could hold a secret, once each. Does not read them. */
export async function listEnvFiles(patterns: readonly string[]): Promise<vscode.Uri[]> {
	const found = await Promise.all(
		joined(patterns).map((pattern) => vscode.workspace.findFiles(pattern, excluded, maxListed)),
	);
	const uris = new Map(found.flat().map((uri) => [uri.toString(), uri]));
	return [...uris.values()].filter(isOwnEnvFile);
}

/** The same with fewer patterns: for each pattern VS Code starts a process that walks through all folders. */
function joined(patterns: readonly string[]): string[] {
	const names = patterns.flatMap((pattern) => /^\*\*\/([^/\\{},]+)$/.exec(pattern)?.[1] ?? []);
	if (names.length !== patterns.length || names.length < 2) return [...patterns];
	return [`**/{${names.join(",")}}`];
}

/**
 * For a path that matches the patterns: whether it lies in a workspace folder, is no example and is not generated or
 * downloaded.
 */
export function isOwnEnvFile(uri: vscode.Uri): boolean {
	return !isExample(basename(uri)) && isOwnPath(uri);
}

/** For any path: whether it matches the patterns and is such an env file. */
export function isEnvFile(uri: vscode.Uri, patterns: readonly string[]): boolean {
	const selector = patterns.map((pattern) => ({ pattern }));
	// VS Code matches patterns for documents only, by their path.
	const document = { uri, languageId: "" } as vscode.TextDocument;
	return isOwnEnvFile(uri) && vscode.languages.match(selector, document) > 0;
}

/** Whether the path lies in a workspace folder, but not in one of generated or downloaded files. */
export function isOwnPath(uri: vscode.Uri): boolean {
	const folder = vscode.workspace.getWorkspaceFolder(uri);
	return folder !== undefined && !generated.test(uri.path.slice(folder.uri.path.length));
}

/**
 * The env file's text, empty if it does not exist. The text of an editor with unsaved changes takes precedence over the
 * disk.
 * @throws FileError
 */
export async function readEnvFile(uri: vscode.Uri): Promise<string> {
	return (await readFileText(uri)).text;
}

/** The text of the example next to the env file, empty if no example can be read. */
export async function exampleTextFor(uri: vscode.Uri): Promise<string> {
	return (await examplesFor(uri))[0]?.text ?? "";
}

/** The examples and schemas next to the env file that can be read, those that belong to it first. */
export async function examplesFor(uri: vscode.Uri): Promise<{ uri: vscode.Uri; text: string }[]> {
	const parent = vscode.Uri.joinPath(uri, "..");
	const entries = await vscode.workspace.fs.readDirectory(parent).then(
		(found) => found,
		() => [], // A missing or unreachable folder has no example.
	);
	const own = basename(uri);
	const names = entries
		.map(([name]) => name)
		.filter((name) => isExample(name) && /env/i.test(name) && !isOfOther(name, own))
		.sort((one, other) => relevance(other, own) - relevance(one, own) || compare(one, other))
		.slice(0, maxExamples);
	const read = await Promise.all(names.map((name) => readExample(vscode.Uri.joinPath(parent, name))));
	return read.filter((example) => example !== undefined);
}

async function readExample(uri: vscode.Uri): Promise<{ uri: vscode.Uri; text: string } | undefined> {
	try {
		return { uri, text: (await readFileText(uri)).text };
	} catch (error) {
		// An example only helps to suggest keys.
		if (error instanceof FileError) return undefined;
		throw error;
	}
}

/**
 * Sets the key's value in the env file, as a single edit that can be undone.
 * @throws FileError; nothing is changed then, except with `not-saved`.
 */
export async function writeEnvValue(
	uri: vscode.Uri,
	key: string,
	value: string,
	options: WriteOptions = {},
): Promise<Saved> {
	if (isExample(basename(uri))) {
		const detail = l10n.t(
			"{0} is an example file that is shared with others. Choose another file.",
			nameOf(uri),
		);
		throw new FileError("read-only", detail);
	}
	const form = formOf(uri.path);
	const plan = (text: string): EnvEdit => {
		const { expected } = options;
		if (expected !== undefined && (valueIn(text, key, form) ?? null) !== expected) {
			const detail = l10n.t(
				"The value of {0} in {1} has just changed. Check it, then try again.",
				key,
				nameOf(uri),
			);
			throw new FileError("changed", detail);
		}
		const edit = setIn(text, { key, value }, form);
		if ("reason" in edit) throw new FileError(edit.reason, l10n.t("{0}: {1}", nameOf(uri), edit.detail));
		return edit;
	};
	return await changeFile(uri, plan, options);
}

/** A key that no file has, and a value of the form of a secret. */
const sample = { key: "TOKENSMITH_SAMPLE_TOKEN", value: "tks_0" };

/** Why the file can't take a value of this key, or of a new one: better known before a token is created for it. */
export function refusalToWrite(text: string, uri: vscode.Uri, key = sample.key): string | undefined {
	const edit = setIn(text, { ...sample, key }, formOf(uri.path));
	return "reason" in edit ? `${nameOf(uri)}: ${edit.detail}` : undefined;
}

async function findIn(
	folder: vscode.WorkspaceFolder,
	patterns: readonly string[],
	cancellation: vscode.CancellationToken | undefined,
): Promise<EnvFile[]> {
	const found = await Promise.all(
		joined(patterns).map((pattern) => {
			const relativePattern = new vscode.RelativePattern(folder, pattern);
			return vscode.workspace.findFiles(relativePattern, excluded, maxFiles, cancellation);
		}),
	);
	const rootFile = vscode.Uri.joinPath(folder.uri, ".env");
	const uris = new Map([rootFile, ...found.flat()].map((uri) => [uri.toString(), uri]));
	const files = [...uris.values()].map((uri) => envFileAt(uri, folder));
	const writable = (await Promise.all(files)).filter(({ name }) => !isExample(name));
	return writable.sort((one, other) => depth(one) - depth(other) || compare(one.path, other.path));
}

/** The env file at a path within a workspace folder, whether it exists or not. With its state as of now. */
export async function envFileAt(uri: vscode.Uri, folder: vscode.WorkspaceFolder): Promise<EnvFile> {
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

/** Compares by code unit, so that `.env` precedes `.env.local` in every language. */
function compare(one: string, other: string): number {
	return one < other ? -1 : Number(one > other);
}

/** `.env.local.example` belongs to `.env.local`, and `.env.example` to every file next to it. */
function relevance(example: string, name: string): number {
	const of = nameWithoutExample(example);
	return of === name ? 2 : Number(of === ".env");
}

/** Whether the example belongs to another env file: `.env.local.example` does not describe `.env`. */
function isOfOther(example: string, name: string): boolean {
	const of = nameWithoutExample(example);
	return of !== name && /^\.env\../.test(of);
}
