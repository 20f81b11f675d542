/** The command that makes a `tokensmith.json` from a folder's env lines, and shows it unsaved, for review. */
import { isDeepStrictEqual } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { makeManifest, manifestText, type TokenLine } from "../../daemon/manifest/make-manifest.ts";
import { type ManifestInput, manifest, manifestName } from "../../daemon/manifest/manifest.ts";
import { mistakesInWords, readManifest } from "../../daemon/manifest/read-manifest.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { readFileText } from "../env/file-text.ts";
import { showInformation } from "../notification.ts";
import { requireTrust } from "../report.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";

export type WriteManifestDeps = Pick<Services, "daemon" | "live" | "bindings">;

export async function writeManifest(services: WriteManifestDeps): Promise<void> {
	await requireTrust(l10n.t("In Restricted Mode, {0} is not written.", manifestName));
	const folder = await chooseFolder();
	const uri = vscode.Uri.joinPath(folder.uri, manifestName);
	const declared = await declaredIn(uri);
	const { live, bindings, daemon } = services;
	live.start();
	await connect(live);
	await bindings.whenReady();
	const { permissions, requested } = await (await daemon.client()).permissions();
	const own = permissions.filter(({ origin }) => origin === "own");
	const made = makeManifest(declared.value, linesIn(services, folder), {
		profiles: live.profiles,
		permissions: [...own, ...requested.map(({ name }) => ({ name }))],
	});
	if (isEmpty(made)) return await sayEmpty();
	if (isDeepStrictEqual(made, declared.value)) return await sayComplete(uri);
	await showUnsaved(uri, declared, manifestText(made));
}

/** @throws CancellationError */
async function chooseFolder(): Promise<vscode.WorkspaceFolder> {
	const [first, ...more] = vscode.workspace.workspaceFolders ?? [];
	if (first !== undefined && more.length === 0) return first;
	const chosen =
		first === undefined
			? await vscode.commands.executeCommand<undefined>("workbench.action.files.openFolder")
			: await vscode.window.showWorkspaceFolderPick({
					placeHolder: l10n.t("For which folder is {0} written?", manifestName),
				});
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen;
}

interface Existing {
	exists: boolean;
	/** undefined: there is none yet. */
	value: ManifestInput | undefined;
}

/** What the folder's manifest declares already, with the unsaved changes of its editor. @throws Error if it is not valid */
async function declaredIn(uri: vscode.Uri): Promise<Existing> {
	const { text, exists } = await readFileText(uri);
	if (text.trim() === "") return { exists, value: undefined };
	const read = readManifest(text);
	if (read.ok) return { exists, value: JSON.parse(text) };
	const words = mistakesInWords(read.mistakes.slice(0, 3));
	throw new Error(l10n.t("{0} has to be corrected first: {1}", manifestName, words));
}

/** The lines of the folder that hold the secret of a token that works, in files that a manifest can name. */
function linesIn(
	{ bindings, live }: Pick<WriteManifestDeps, "bindings" | "live">,
	folder: vscode.WorkspaceFolder,
): TokenLine[] {
	const tokens = new Map(live.tokens.map((token) => [token.id, token]));
	const files = bindings.files.filter((file) => file.folder.uri.toString() === folder.uri.toString());
	const lines = files.flatMap(({ uri, lines }) =>
		lines.flatMap(({ key, tokenId, commented, part }): TokenLine[] => {
			const token = tokens.get(tokenId ?? "");
			if (commented || part !== "whole" || token?.status !== "active") return [];
			const file = uri.path.slice(folder.uri.path.replace(/\/$/, "").length + 1);
			return [{ key, file, token: forEveryone(token) }];
		}),
	);
	return lines.filter(({ key, file }) => manifest.safeParse({ tokens: [{ key, file }] }).success);
}

/** Only this editor knows a server's token by the server's key. */
function forEveryone(token: TokenRecord): TokenRecord {
	return { ...token, issuer: bareId(token.issuer), profile: bareId(token.profile) };
}

function isEmpty({ permissions = [], tokens = [], profiles = [] }: ManifestInput): boolean {
	return permissions.length + tokens.length + profiles.length === 0;
}

async function sayEmpty(): Promise<void> {
	const create = l10n.t("Create API Token");
	const text = l10n.t(
		"There is nothing to write yet: no env line of this folder holds the secret of a token.",
	);
	if ((await showInformation(text, create)) === create)
		await vscode.commands.executeCommand("tokensmith.createToken");
}

async function sayComplete(uri: vscode.Uri): Promise<void> {
	const open = l10n.t("Open File");
	const text = l10n.t("{0} already declares every token on this folder's env lines.", manifestName);
	if ((await showInformation(text, open)) === open) await vscode.window.showTextDocument(uri);
}

async function showUnsaved(uri: vscode.Uri, { exists }: Existing, text: string): Promise<void> {
	const document = await vscode.workspace.openTextDocument(exists ? uri : uri.with({ scheme: "untitled" }));
	const edit = new vscode.WorkspaceEdit();
	const end = document.lineAt(document.lineCount - 1).range.end;
	edit.replace(document.uri, new vscode.Range(new vscode.Position(0, 0), end), text);
	await vscode.workspace.applyEdit(edit);
	await vscode.window.showTextDocument(document);
}
