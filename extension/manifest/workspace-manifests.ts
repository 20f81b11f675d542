/**
 * What the `tokensmith.json` files of the workspace's folders declare. Invariants: nothing is read before the workspace is
 * trusted, a file with a mistake declares nothing, and no file is read outside of its folder or beyond its bound.
 */
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import {
	largestManifestBytes,
	type Manifest,
	type ManifestPermission,
	type ManifestPolicy,
	type ManifestToken,
	manifestName,
} from "../../daemon/manifest/manifest.ts";
import { decoded, type InsideRead, readInside } from "../../daemon/manifest/read-inside.ts";
import {
	type FileMistake,
	type FileRead,
	readManifest,
	readProfile,
} from "../../daemon/manifest/read-manifest.ts";

interface OfFolder {
	readonly folder: vscode.WorkspaceFolder;
}

export type DeclaredPermission = Required<ManifestPermission> & OfFolder;
export type DeclaredToken = ManifestToken &
	OfFolder & {
		/** Of the token and of its file: each narrows what the user's policy allows. */
		readonly policies: readonly ManifestPolicy[];
	};
export interface DeclaredProfile extends OfFolder {
	readonly profile: Profile;
	/** The file of the profile, or the manifest that contains it. */
	readonly uri: vscode.Uri;
}

export interface Declared {
	readonly permissions: readonly DeclaredPermission[];
	readonly profiles: readonly DeclaredProfile[];
	readonly tokens: readonly DeclaredToken[];
}

/** A manifest, or a profile file that it names, with its mistakes, of which it may have none. */
export interface DeclaringFile extends OfFolder {
	readonly uri: vscode.Uri;
	/** Empty if it can't be read. */
	readonly text: string;
	readonly mistakes: readonly FileMistake[];
}

export interface FolderManifest extends OfFolder, Declared {
	/** The manifest and the profile files that it names. */
	readonly files: readonly DeclaringFile[];
}

type Workspace = Pick<typeof vscode.workspace, "isTrusted" | "workspaceFolders">;

/** What all folders of a trusted workspace declare; empty lists before that. Throws nothing. */
export async function workspaceManifests(workspace: Workspace = vscode.workspace): Promise<Declared> {
	const manifests = await folderManifests(workspace);
	return {
		permissions: manifests.flatMap(({ permissions }) => permissions),
		profiles: manifests.flatMap(({ profiles }) => profiles),
		tokens: manifests.flatMap(({ tokens }) => tokens),
	};
}

/** What is declared for the line of this key in this env file. */
export async function declaredTokenFor(envFile: vscode.Uri, key: string): Promise<DeclaredToken | undefined> {
	const { tokens } = await workspaceManifests();
	return tokens.find((token) => token.key === key && envFileOf(token).toString() === envFile.toString());
}

export function envFileOf({ folder, file }: Pick<DeclaredToken, "folder" | "file">): vscode.Uri {
	return vscode.Uri.joinPath(folder.uri, file);
}

/** One entry for each folder that has the file, also when it is not valid. Throws nothing. */
export async function folderManifests(workspace: Workspace = vscode.workspace): Promise<FolderManifest[]> {
	// A repository's declarations must have no effect before the workspace is trusted.
	if (!workspace.isTrusted) return [];
	const found = await Promise.all((workspace.workspaceFolders ?? []).map(readFolder));
	return found.filter((manifest) => manifest !== undefined);
}

async function readFolder(folder: vscode.WorkspaceFolder): Promise<FolderManifest | undefined> {
	const own = await readDeclaring(folder, manifestName, readManifest);
	if (own === undefined) return undefined;
	if (own.value === undefined)
		return { folder, files: [own.file], permissions: [], profiles: [], tokens: [] };
	const { permissions, profiles, tokens, policy } = own.value;
	const named = await Promise.all(profiles.map((entry) => profileOf(folder, own.file, entry)));
	const filePolicies = policy === undefined ? [] : [policy];
	return {
		folder,
		files: [own.file, ...named.flatMap(({ file }) => (file === undefined ? [] : [file]))],
		permissions: permissions.map((entry) => ({ ...entry, ...wordsOf(entry), folder })),
		profiles: named.flatMap(({ profile, uri }) => (profile === undefined ? [] : [{ profile, uri, folder }])),
		tokens: tokens.map((token) => ({
			...token,
			folder,
			policies: token.policy === undefined ? filePolicies : [...filePolicies, token.policy],
		})),
	};
}

/** The group of both `api.engagements.read` and `engagements:read` is `engagements`. */
function wordsOf({ name, group, description }: ManifestPermission) {
	return { group: group ?? (name.split(/[.:]/).at(-2) || name), description: description ?? "" };
}

async function profileOf(
	folder: vscode.WorkspaceFolder,
	manifest: DeclaringFile,
	entry: Manifest["profiles"][number],
): Promise<{ uri: vscode.Uri; profile?: Profile | undefined; file?: DeclaringFile }> {
	if (typeof entry !== "string") return { uri: manifest.uri, profile: entry };
	const read = await readDeclaring(folder, entry, readProfile);
	const uri = vscode.Uri.joinPath(folder.uri, entry);
	if (read !== undefined) return { uri, profile: read.value, file: read.file };
	return { uri, file: { folder, uri, text: "", mistakes: [wholeFile("does not exist")] } };
}

/** undefined: there is no such file. */
async function readDeclaring<Value>(
	folder: vscode.WorkspaceFolder,
	path: string,
	read: (text: string) => FileRead<Value>,
): Promise<{ file: DeclaringFile; value: Value | undefined } | undefined> {
	const uri = vscode.Uri.joinPath(folder.uri, path);
	const content = await contentOf(folder, path);
	if (content.kind === "missing") return undefined;
	if (content.kind === "refused")
		return { file: { folder, uri, text: "", mistakes: [wholeFile(content.detail)] }, value: undefined };
	const result = read(content.text);
	const mistakes = result.ok ? [] : result.mistakes;
	return { file: { folder, uri, text: content.text, mistakes }, value: result.ok ? result.value : undefined };
}

const wholeFile = (detail: string): FileMistake => ({ pointer: "", detail, start: 0, end: 0 });

async function contentOf({ uri }: vscode.WorkspaceFolder, path: string): Promise<InsideRead> {
	if (uri.scheme === "file") return await readInside(uri.fsPath, path, largestManifestBytes);
	return await readVirtual(vscode.Uri.joinPath(uri, path));
}

/** A virtual file system shows no links that could lead out of the folder. */
async function readVirtual(uri: vscode.Uri): Promise<InsideRead> {
	try {
		const { type, size } = await vscode.workspace.fs.stat(uri);
		if ((type & vscode.FileType.File) === 0) return { kind: "refused", detail: "is not a file" };
		if (size > largestManifestBytes) return { kind: "refused", detail: "is larger than 64 KiB" };
		return decoded(await vscode.workspace.fs.readFile(uri));
	} catch (error) {
		if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") return { kind: "missing" };
		return { kind: "refused", detail: "can't be read" };
	}
}
