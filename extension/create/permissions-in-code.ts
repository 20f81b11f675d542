/**
 * Searches the workspace's code for permissions, within bounds of files, bytes and time. Invariant: nothing is read before
 * the workspace is trusted.
 */
import * as vscode from "vscode";
import { type FoundPermission, permissionsIn } from "./permissions-in-text.ts";

const languages =
	"js,mjs,cjs,jsx,ts,mts,cts,tsx,vue,svelte,py,rb,php,go,rs,java,kt,scala,cs,fs,swift,dart,ex,exs,clj,sh,conf,yml,yaml";
const code = `**/*.{${languages}}`;
const always = [
	"**/node_modules/**",
	"**/.git/**",
	"**/{dist,build,out,target,vendor,coverage,.venv,venv}/**",
];

const maxFiles = 2000;
const maxFileBytes = 256 * 1024;
const maxBytes = 32 * 1024 * 1024;
const maxMilliseconds = 3000;
const maxPermissions = 50;
/** More would not be faster, and leave other work waiting. */
const atOnce = 8;

/** By name, at their first place. The settings `files.exclude` and `search.exclude` are respected. */
export async function permissionsInCode(
	cancellation: vscode.CancellationToken,
): Promise<{ name: string; place: string }[]> {
	if (!vscode.workspace.isTrusted) return [];
	const ending = new vscode.CancellationTokenSource();
	const timer = setTimeout(() => ending.cancel(), maxMilliseconds);
	const cancelled = cancellation.onCancellationRequested(() => ending.cancel());
	try {
		const files = await vscode.workspace.findFiles(code, excluded(), maxFiles, ending.token);
		return await search(files, ending.token);
	} finally {
		clearTimeout(timer);
		cancelled.dispose();
		ending.dispose();
	}
}

function excluded(): string {
	const patterns = ["files", "search"].flatMap((section) =>
		Object.entries(vscode.workspace.getConfiguration(section).get<Record<string, unknown>>("exclude", {}))
			// A condition on sibling files can't be part of a pattern.
			.filter(([, value]) => value === true)
			.map(([pattern]) => pattern),
	);
	// VS Code cannot nest braces in a pattern of alternatives.
	return `{${[...always, ...patterns].filter((one) => !/[{},]/.test(one) || always.includes(one)).join(",")}}`;
}

async function search(
	files: readonly vscode.Uri[],
	ending: vscode.CancellationToken,
): Promise<{ name: string; place: string }[]> {
	const found = new Map<string, string>();
	let bytes = 0;
	for (let start = 0; start < files.length; start += atOnce) {
		const read = await Promise.all(files.slice(start, start + atOnce).map(readCode));
		for (const { uri, text, size } of read) {
			bytes += size;
			for (const permission of permissionsIn(text))
				if (!found.has(permission.name)) found.set(permission.name, placeOf(uri, permission));
		}
		if (ending.isCancellationRequested || bytes > maxBytes || found.size >= maxPermissions) break;
	}
	return [...found].slice(0, maxPermissions).map(([name, place]) => ({ name, place }));
}

/** The text is empty if the file is too large or cannot be read. */
async function readCode(uri: vscode.Uri): Promise<{ uri: vscode.Uri; text: string; size: number }> {
	try {
		const { size, type } = await vscode.workspace.fs.stat(uri);
		if (size > maxFileBytes || type !== vscode.FileType.File) return { uri, text: "", size: 0 };
		const bytes = await vscode.workspace.fs.readFile(uri);
		return { uri, text: new TextDecoder().decode(bytes), size };
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return { uri, text: "", size: 0 };
		throw error;
	}
}

function placeOf(uri: vscode.Uri, { line }: FoundPermission): string {
	return `${vscode.workspace.asRelativePath(uri)}:${line}`;
}
