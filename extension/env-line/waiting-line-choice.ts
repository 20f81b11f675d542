/** The line that a token is created for: the one that the command was started from, at the cursor, or chosen now. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { labelText } from "../display-text.ts";
import { isOwnPath } from "../env/env-files.ts";
import { nameOf } from "../env/file-text.ts";
import { type WaitingLine, waitingLinesOf } from "../env/waiting-lines.ts";
import { showInformation } from "../notification.ts";
import { requireTrust } from "../report.ts";
import { envFilePatterns } from "../settings.ts";
import { kindOf } from "./env-documents.ts";
import { missingKeyIn } from "./missing-key.ts";

/** More files than a user would look through. */
const mostFiles = 100;

/** @throws CancellationError */
export async function waitingLineFor(argument: unknown): Promise<WaitingLine> {
	await requireTrust(l10n.t("In Restricted Mode, env files are neither read nor written."));
	const given = givenLine(argument);
	if (given !== undefined) return await lookedUp(given);
	const missing = missingKeyIn(argument);
	if (missing !== undefined) return missing;
	return (await lineAtCursor()) ?? (await chosenLine());
}

interface GivenLine {
	uri: string;
	key: string;
}

function givenLine(argument: unknown): GivenLine | undefined {
	if (typeof argument !== "object" || argument === null || !("waiting" in argument)) return undefined;
	const { uri, key } = argument.waiting as GivenLine;
	return { uri: String(uri), key: String(key) };
}

/** A lens may be older than its line. */
async function lookedUp({ uri, key }: GivenLine): Promise<WaitingLine> {
	const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri, true));
	const line = (await linesOf(document)).find((one) => one.key === key);
	if (line !== undefined) return line;
	void showInformation(l10n.t("{0} has a value by now.", key));
	throw new vscode.CancellationError();
}

async function lineAtCursor(): Promise<WaitingLine | undefined> {
	const editor = vscode.window.activeTextEditor;
	if (editor === undefined) return undefined;
	const at = editor.selection.active.line;
	return (await linesOf(editor.document)).find(({ line }) => line === at);
}

async function chosenLine(): Promise<WaitingLine> {
	const rows = waitingRows();
	const title = l10n.t("Create Token for This Line");
	const placeHolder = l10n.t("Choose a line that waits for a token.");
	if ((await rows).length === 0) return await explainNone();
	const chosen = await vscode.window.showQuickPick(rows, { title, placeHolder });
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.line;
}

async function waitingRows() {
	const found = await Promise.all(
		envFilePatterns().map((pattern) => vscode.workspace.findFiles(pattern, undefined, mostFiles)),
	);
	const uris = new Map(found.flat().map((uri) => [uri.toString(), uri]));
	const own = [...uris.values()].filter(isOwnPath).slice(0, mostFiles);
	const documents = await Promise.all(own.map(openText));
	const readable = documents.filter((document) => document !== undefined);
	const lines = await Promise.all(
		readable.map(async (document) =>
			(await linesOf(document)).map((line) => ({
				label: labelText(`${nameOf(document.uri)}:${line.line + 1}`),
				description: line.key,
				line,
			})),
		),
	);
	return lines.flat();
}

async function openText(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
	return await vscode.workspace.openTextDocument(uri).then(
		(document) => document,
		() => undefined, // A file that is no text has no lines.
	);
}

async function linesOf(document: vscode.TextDocument): Promise<WaitingLine[]> {
	return kindOf(document) === "other" ? [] : await waitingLinesOf(document);
}

async function explainNone(): Promise<never> {
	const create = l10n.t("Create API Token");
	const text = l10n.t("No line here waits for a token: such a line has a key like API_TOKEN and no value.");
	if ((await showInformation(text, create)) === create)
		await vscode.commands.executeCommand("tokensmith.createToken");
	throw new vscode.CancellationError();
}
