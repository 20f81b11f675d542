/** Commands about all data at once: *Back Up…*, *Restore…*, *Export Tokens…* and *Delete All Data…*. */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import { holdsData } from "../daemon/data-place.ts";
import { messageText } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { listInWords } from "../language.ts";
import { showInformation, showWarning } from "../notification.ts";
import {
	type BackupDeps,
	backUp,
	type ExportDeps,
	type ExportFormat,
	exportTokens,
	restore,
	withEarlierTokens,
} from "./backup-action.ts";
import { type DeleteAllDataDeps, deleteAllDataInteractively } from "./delete-all-data.ts";
import { restoreLines, restoresNothing } from "./restore-words.ts";

/** With where earlier versions kept the data. */
interface EarlierDeps extends ExportDeps {
	daemon: DaemonProcess;
}

export const backupCommands: CommandTable<EarlierDeps> = {
	backUp: {
		failed: () => l10n.t("No backup was made."),
		run: ({ services }) => backUpTo(services),
	},
	restore: {
		failed: () => l10n.t("Nothing was restored."),
		run: ({ services }) => restoreFrom(services),
	},
	addEarlierTokens: {
		failed: () => l10n.t("The earlier tokens were not added."),
		run: ({ services }) => addEarlier(services),
	},
	exportTokens: {
		failed: () => l10n.t("The tokens were not exported."),
		run: ({ services }) => exportTo(services),
	},
};

export const deletionCommands: CommandTable<DeleteAllDataDeps> = {
	deleteAllData: {
		failed: () => l10n.t("The data was not deleted."),
		run: ({ services }) => deleteAllDataInteractively(services, () => backUpTo(services)),
	},
};

async function backUpTo(services: ExportDeps): Promise<void> {
	const file = await chooseTarget(l10n.t("Back Up"), "backup", backupFilter());
	const ended = new AbortController();
	await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Backing up tokens and activity…"),
			cancellable: true,
		},
		async (_progress, cancel) => {
			cancel.onCancellationRequested(() => ended.abort());
			await backUp(services, file, ended.signal).catch((error: unknown) => {
				throw ended.signal.aborted ? new vscode.CancellationError() : error;
			});
		},
	);
	const done = l10n.t(
		"Backed up to {0}, without secrets. Only you can read the file.",
		messageText(basename(file)),
	);
	void showInformation(isAlone(services) ? done : `${done} ${l10n.t("It has this machine's tokens alone.")}`);
}

function isAlone({ live }: Pick<ExportDeps, "live">): boolean {
	return live.servers.length === 0;
}

async function restoreFrom(services: ExportDeps): Promise<void> {
	const file = await chooseBackup();
	const warning = l10n.t("Restore only a backup that you made: its tokens are accepted by your services.");
	const here = l10n.t("It is restored on this machine. Servers stay as they are.");
	await restoreFile(services, {
		file,
		name: messageText(basename(file)),
		warning: isAlone(services) ? warning : `${warning} ${here}`,
	});
}

/** The tokens that an earlier version has left in the extension's own storage. */
async function addEarlier(services: EarlierDeps): Promise<void> {
	const earlier = services.daemon.ofEarlierData();
	if (earlier === undefined || !(await holdsData(earlier.dataDir)))
		return void showInformation(l10n.t("There are no API tokens of an earlier version."));
	const name = l10n.t("tokens of an earlier version");
	const warning = l10n.t("They also stay in {0}.", earlier.dataDir);
	await withEarlierTokens(earlier, (file) => restoreFile(services, { file, name, warning }));
}

interface RestoredFile {
	readonly file: string;
	/** What it is called in messages. */
	readonly name: string;
	readonly warning: string;
}

async function restoreFile(services: BackupDeps, { file, name, warning }: RestoredFile): Promise<void> {
	const preview = await withProgress(l10n.t("Checking the backup…"), () =>
		restore(services, file, "preview"),
	);
	if (restoresNothing(preview)) {
		const said = l10n.t("Everything in {0} is here already.", name);
		return void showInformation({ text: said, details: restoreLines(preview) });
	}
	await confirmIrreversible(
		{
			question: l10n.t("Restore {0}?", name),
			detail: [...restoreLines(preview), "", warning].join("\n"),
			keep: l10n.t("Keep as It Is"),
		},
		l10n.t("Restore"),
	);
	const report = await withProgress(l10n.t("Restoring the backup…"), () =>
		restore(services, file, "restore"),
	);
	void showInformation({ text: l10n.t("Restored {0}.", name), details: restoreLines(report) });
}

async function exportTo(services: ExportDeps): Promise<void> {
	const detail = l10n.t("Every token, without secrets and hashes");
	const rows: (vscode.QuickPickItem & { format: ExportFormat })[] = [
		{ label: "CSV", description: l10n.t("for a spreadsheet"), detail, format: "csv" },
		{ label: "JSON", description: l10n.t("for a program"), detail, format: "json" },
	];
	const title = l10n.t("Export Tokens");
	const chosen = await vscode.window.showQuickPick(rows, {
		title,
		placeHolder: l10n.t("In which format?"),
	});
	if (chosen === undefined) throw new vscode.CancellationError();
	const { format, label } = chosen;
	const file = await chooseTarget(title, format, { [label]: [format] });
	const { count, missing } = await exportTokens(services, file, format);
	const name = messageText(basename(file));
	const exported =
		count === 1
			? l10n.t("Exported 1 token to {0}.", name)
			: l10n.t("Exported {0} tokens to {1}.", count, name);
	const open = l10n.t("Open File");
	const answer =
		missing.length === 0
			? await showInformation(exported, open)
			: await showWarning(`${exported} ${missingInWords(missing)}`, open);
	if (answer === open) await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(file));
}

function missingInWords(servers: readonly string[]): string {
	return l10n.t("Without the tokens of {0}, which did not answer.", messageText(listInWords(servers)));
}

function withProgress<Answer>(title: string, work: () => Promise<Answer>): Thenable<Answer> {
	return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, work);
}

function backupFilter(): Record<string, string[]> {
	return { [l10n.t("Tokensmith Backup")]: ["backup"] };
}

/** The dialog asks before a file is replaced. */
async function chooseTarget(
	title: string,
	ending: string,
	filters: Record<string, string[]>,
): Promise<string> {
	const name = `tokensmith-${new Date().toISOString().slice(0, 10)}.${ending}`;
	const defaultUri = vscode.Uri.file(join(homedir(), name));
	return pathOf(await vscode.window.showSaveDialog({ title, filters, defaultUri }));
}

async function chooseBackup(): Promise<string> {
	const [file] =
		(await vscode.window.showOpenDialog({
			title: l10n.t("Restore a Backup"),
			openLabel: l10n.t("Check"),
			defaultUri: vscode.Uri.file(homedir()),
			filters: { ...backupFilter(), [l10n.t("All Files")]: ["*"] },
		})) ?? [];
	const path = pathOf(file);
	if ((await stat(path)).isDirectory()) throw new Error(l10n.t("{0} is a folder.", basename(path)));
	return path;
}

/** @throws CancellationError for no file, Error for one that is not on this machine */
function pathOf(uri: vscode.Uri | undefined): string {
	if (uri === undefined) throw new vscode.CancellationError();
	if (uri.scheme === "file") return uri.fsPath;
	throw new Error(l10n.t("Choose a file of the machine that the daemon runs on."));
}
