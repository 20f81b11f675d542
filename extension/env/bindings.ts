/** Finds the lines of env files that hold a secret, by looking: what is remembered would be wrong after the next edit. */
import * as vscode from "vscode";
import { envFilePatterns } from "../settings.ts";
import { type EnvFile, findEnvFiles, readEnvFile } from "./env-files.ts";
import { parseEnv } from "./env-text.ts";
import { FileError, nameOf } from "./workspace-file.ts";

export interface Binding {
	uri: vscode.Uri;
	key: string;
	/** Counted from 1. */
	line: number;
	/** As a person knows the file. */
	fileName: string;
	/** `.env:3 (API_TOKEN)` */
	words: string;
}

/** Every line of the workspace's env files whose value is the secret. None in Restricted Mode, where nothing is read. */
export async function bindingsOf(secret: string): Promise<Binding[]> {
	if (!vscode.workspace.isTrusted) return [];
	const files = await findEnvFiles(envFilePatterns());
	return (await Promise.all(files.map((file) => bindingsIn(file, secret)))).flat();
}

async function bindingsIn({ uri }: EnvFile, secret: string): Promise<Binding[]> {
	const fileName = nameOf(uri);
	return parseEnv(await textOf(uri))
		.filter(({ value }) => value === secret)
		.map(({ key, line }) => ({ uri, key, line, fileName, words: `${fileName}:${line} (${key})` }));
}

async function textOf(uri: vscode.Uri): Promise<string> {
	try {
		return await readEnvFile(uri);
	} catch (error) {
		// What cannot be read as text holds no line that anybody reads.
		if (error instanceof FileError) return "";
		throw error;
	}
}

/** Opens the file with the cursor on the line. */
export async function openLine({ uri, line }: Pick<Binding, "uri" | "line">): Promise<void> {
	const position = new vscode.Position(line - 1, 0);
	await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position) });
}
