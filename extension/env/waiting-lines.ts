/**
 * The lines of a document that wait for a token, each with the env file that its secret belongs to: the document itself,
 * or for an example or a schema the env file that it describes.
 */
import * as vscode from "vscode";
import { envValue, isExample, nameWithoutExample } from "../../daemon/env-file/env-text.ts";
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
		return keysWithoutValue(document.getText()).map((waiting) => ({ ...waiting, envFile: uri }));
	const asked = keysAskedFor(document.getText());
	if (asked.length === 0) return [];
	const [envFile, texts] = [describedBy(uri), await siblingTexts(uri)];
	return asked
		.filter(({ key }) => !texts.some((text) => envValue(text, key)))
		.map((waiting) => ({ ...waiting, envFile }));
}

/** `.env.local` for `.env.local.example`, `.env` for `.env.schema`. */
function describedBy(example: vscode.Uri): vscode.Uri {
	return vscode.Uri.joinPath(example, "..", nameWithoutExample(basename(example)) || ".env");
}

/** The texts of the env files next to an example. */
async function siblingTexts(example: vscode.Uri): Promise<string[]> {
	const folder = vscode.Uri.joinPath(example, "..");
	const entries = await vscode.workspace.fs.readDirectory(folder).then(
		(found) => found,
		() => [], // An unreachable folder has no env file.
	);
	const names = entries
		.map(([name]) => name)
		.filter((name) => /^\.env(?:\.|$)/.test(name) && !isExample(name))
		.slice(0, maxSiblings);
	const texts = await Promise.all(names.map((name) => textOf(vscode.Uri.joinPath(folder, name))));
	return texts.filter((text) => text !== undefined);
}

async function textOf(envFile: vscode.Uri): Promise<string | undefined> {
	try {
		return await readEnvFile(envFile);
	} catch (error) {
		if (error instanceof FileError) return undefined;
		throw error;
	}
}

function basename({ path }: vscode.Uri): string {
	return path.slice(path.lastIndexOf("/") + 1);
}
