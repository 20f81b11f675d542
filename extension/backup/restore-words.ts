/** What a restore does, in words: before it as a question, after it as a report. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { RestoreConflict, RestoreReport } from "../../daemon/contract.ts";
import { plainText, quoted } from "../display-text.ts";
import { dateInWords } from "../tokens/time-left.ts";

/** One line for each thing that is restored, and what is not. */
export function restoreLines(report: RestoreReport): string[] {
	const { backup, audit, conflicts, conflictCount } = report;
	const more = conflictCount - conflicts.length;
	return [
		l10n.t(
			"Backup of {0}. Tokens: {1}. Events: {2}.",
			dateInWords(Date.parse(backup.createdDate)),
			backup.tokens,
			backup.auditEvents,
		),
		...tokenLines(report.tokens),
		...settingLines(report.settings),
		auditWords[audit](),
		...conflicts.map(conflictInWords),
		...(more > 0 ? [l10n.t("and {0} more", more)] : []),
	];
}

/** Whether the backup has nothing that is not here. */
export function restoresNothing({ tokens, settings }: RestoreReport): boolean {
	const { policy, permissions, profiles, connections } = settings;
	return (
		!policy && tokens.added + tokens.replaced + tokens.revoked + permissions + profiles + connections === 0
	);
}

function tokenLines({ added, replaced, revoked, kept, inDoubt }: RestoreReport["tokens"]): string[] {
	return [
		...(added > 0 ? [l10n.t("Tokens added: {0}", added)] : []),
		...(inDoubt > 0 ? [l10n.t("Of these in doubt, until you enable or revoke them: {0}", inDoubt)] : []),
		...(replaced > 0 ? [l10n.t("Tokens replaced by a newer version: {0}", replaced)] : []),
		...(revoked > 0 ? [l10n.t("Tokens revoked, as in the backup: {0}", revoked)] : []),
		...(kept > 0 ? [l10n.t("Tokens kept as they are here: {0}", kept)] : []),
	];
}

function settingLines({ policy, permissions, profiles, connections }: RestoreReport["settings"]): string[] {
	return [
		...(policy ? [l10n.t("The policy of the backup applies.")] : []),
		...(permissions > 0 ? [l10n.t("Permissions added: {0}", permissions)] : []),
		...(profiles > 0 ? [l10n.t("Profiles added: {0}", profiles)] : []),
		...(connections > 0 ? [l10n.t("Systems added: {0}", connections)] : []),
	];
}

const auditWords: Record<RestoreReport["audit"], () => string> = {
	restored: () => l10n.t("The activity goes on from the backup's."),
	left: () => l10n.t("The activity of the backup stays in the file."),
	broken: () =>
		l10n.t(
			"The activity of the backup stays in the file: an event was changed or removed before the backup.",
		),
};

const reasons: Record<RestoreConflict["reason"], () => string> = {
	"hash-known": () => l10n.t("another token here has its secret"),
	"other-secret": () => l10n.t("it has another secret here"),
	"name-taken": () => l10n.t("another one here has its name"),
	"remote-id-known": () => l10n.t("another record here is of the same token"),
	deleted: () => l10n.t("it was deleted here"),
};

function conflictInWords({ name, reason }: RestoreConflict): string {
	return l10n.t("Not restored: {0}, {1}", quoted(plainText(name)), reasons[reason]());
}
