/**
 * Tells the user, once for each clone, that its manifest declares tokens whose lines are empty. Sets the context key that
 * offers the setup in views. Asks no daemon, so that opening a folder starts none.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { messageText } from "../display-text.ts";
import type { ManifestWatch } from "../manifest/manifest-watch.ts";
import type { FolderManifest } from "../manifest/workspace-manifests.ts";
import { showInformation } from "../notification.ts";
import { areNoticesWanted } from "../settings.ts";
import { hasEmptyLine } from "./set-up-plan.ts";

interface ManifestNoticeDeps {
	manifests: Pick<ManifestWatch, "onDidRead">;
	/** Remembers the folders that the user was told about. */
	memory: vscode.Memento;
	log: { error(message: string): void };
}

const memoryKey = "manifestsAnnounced";

export function announceManifests({ manifests, memory, log }: ManifestNoticeDeps): vscode.Disposable {
	return manifests.onDidRead((found) => {
		const declares = found.some(({ tokens, permissions }) => tokens.length + permissions.length > 0);
		void vscode.commands.executeCommand("setContext", "tokensmith.hasManifest", declares);
		announce(found, memory).catch((error: unknown) => log.error(inspect(error)));
	});
}

async function announce(found: readonly FolderManifest[], memory: vscode.Memento): Promise<void> {
	if (!areNoticesWanted()) return;
	const known = memory.get<readonly string[]>(memoryKey, []);
	const unknown = found.filter(({ folder }) => !known.includes(folder.uri.toString()));
	const checked = await Promise.all(
		unknown.map(async (manifest) => ({ manifest, isOpen: await hasEmptyLine(manifest.tokens) })),
	);
	const open = checked.filter(({ isOpen }) => isOpen).map(({ manifest }) => manifest);
	if (open.length === 0) return;
	await memory.update(memoryKey, [...known, ...open.map(({ folder }) => folder.uri.toString())]);
	await show(open);
}

async function show(manifests: readonly FolderManifest[]): Promise<void> {
	const count = manifests.reduce((sum, { tokens }) => sum + tokens.length, 0);
	const names = manifests.map(({ folder }) => messageText(folder.name)).join(", ");
	const text =
		count === 1
			? l10n.t("{0} needs 1 API token, which its tokensmith.json declares.", names)
			: l10n.t("{0} needs {1} API tokens, which its tokensmith.json declares.", names, count);
	const setUp = l10n.t("Set Up…");
	const open = l10n.t("Open tokensmith.json");
	const chosen = await showInformation(text, setUp, open);
	if (chosen === setUp) await vscode.commands.executeCommand("tokensmith.setUpWorkspace");
	const [file] = manifests[0]?.files ?? [];
	if (chosen === open && file !== undefined) await vscode.window.showTextDocument(file.uri);
}
