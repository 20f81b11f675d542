/**
 * Looks at files and reads them: those of this machine directly, which is many times quicker than asking VS Code, and
 * those of other file systems through it. Fails as `vscode.workspace.fs` does where there is no such file.
 */
import { readFile, stat } from "node:fs/promises";
import * as vscode from "vscode";

export type DiskStat = Pick<vscode.FileStat, "type" | "size" | "mtime">;

export async function statAt(uri: vscode.Uri): Promise<DiskStat> {
	if (uri.scheme !== "file") return await vscode.workspace.fs.stat(uri);
	const found = await stat(uri.fsPath).catch((error: unknown) => fail(uri, error));
	const { File, Directory, Unknown } = vscode.FileType;
	const type = found.isFile() ? File : found.isDirectory() ? Directory : Unknown;
	return { type, size: found.size, mtime: found.mtimeMs };
}

export async function bytesAt(uri: vscode.Uri): Promise<Uint8Array> {
	if (uri.scheme !== "file") return await vscode.workspace.fs.readFile(uri);
	return await readFile(uri.fsPath).catch((error: unknown) => fail(uri, error));
}

function fail(uri: vscode.Uri, error: unknown): never {
	const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
	throw isMissing ? vscode.FileSystemError.FileNotFound(uri) : error;
}
