/**
 * The lines of a document that wait for a token, each with the env file that its secret belongs to: the document itself,
 * or for an example or a schema the env file that it describes.
 */
import * as vscode from "vscode";
import { entriesIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isExample, nameWithoutExample } from "../../daemon/env-file/env-text.ts";
import { isOwnEnvFile, isOwnPath, readEnvFile } from "./env-files.ts";
import { FileError } from "./file-text.ts";
import { keysAskedFor, keysWithoutValue, type WaitingKey } from "./waiting-keys.ts";

export interface WaitingLine extends WaitingKey {
	/** The env file to write the secret to. It may not exist yet. */
	readonly envFile: vscode.Uri;
}

/** More env files stand next to no example. */
const maxSiblings = 20;

/** Empty in Restricted Mode, where no env file is read. */
export async function waitingLinesOf(document: vscode.TextDocument): Promise<WaitingLine[]> {
	const { uri } = document;
	if (!vscode.workspace.isTrusted || !isOwnPath(uri)) return [];
	if (isOwnEnvFile(uri))
		return keysWithoutValue(document.getText(), formOf(uri.path)).map((waiting) => ({
			...waiting,
			envFile: uri,
		}));
	const asked = keysAskedFor(document.getText());
	if (asked.length === 0) return [];
	const [envFile, filled] = [describedBy(uri), await filledKeys(uri)];
	return asked.filter(({ key }) => !filled.has(key)).map((waiting) => ({ ...waiting, envFile }));
}

/** `.env.local` for `.env.local.example`, `.env` for `.env.schema`. */
function describedBy(example: vscode.Uri): vscode.Uri {
	return vscode.Uri.joinPath(example, "..", nameWithoutExample(basename(example)) || ".env");
}

/** The keys with a value in the env files next to an example. */
async function filledKeys(example: vscode.Uri): Promise<ReadonlySet<string>> {
	const folder = vscode.Uri.joinPath(example, "..");
	const entries = await vscode.workspace.fs.readDirectory(folder).then(
		(found) => found,
		() => [], // An unreachable folder has no env file.
	);
	const names = entries
		.map(([name]) => name)
		.filter((name) => /^\.env(?:\.|$)/.test(name) && !isExample(name))
		.slice(0, maxSiblings);
	const keys = await Promise.all(names.map((name) => keysIn(vscode.Uri.joinPath(folder, name))));
	return new Set(keys.flat());
}

async function keysIn(envFile: vscode.Uri): Promise<string[]> {
	try {
		const entries = entriesIn(await readEnvFile(envFile), formOf(envFile.path));
		// Of a key that occurs twice, the last counts.
		const values = new Map(entries.map(({ key, value }) => [key, value]));
		return [...values].flatMap(([key, value]) => (value === "" ? [] : [key]));
	} catch (error) {
		if (error instanceof FileError) return [];
		throw error;
	}
}

function basename({ path }: vscode.Uri): string {
	return path.slice(path.lastIndexOf("/") + 1);
}
