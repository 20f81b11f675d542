/**
 * Deletes secrets from SecretStorage that no longer work. Invariant: never one of a token that works, or that may work
 * in another data directory.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { labelText, quoted } from "../display-text.ts";
import { confirmIrreversible } from "../irreversible.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { connect, serverNameOf } from "../tokens/token-choice.ts";
import type { Orphan } from "./secret-survey.ts";

type PurgeSecretsDeps = Pick<Services, "live" | "secrets" | "lostSecrets">;

export async function purgeSecrets(services: PurgeSecretsDeps): Promise<void> {
	await connect(services.live);
	const { orphans, strangers } = await services.lostSecrets.survey();
	if (orphans.length === 0) {
		void showInformation(nothingToPurge(strangers));
		return;
	}
	const chosen = await choose(services, orphans);
	await confirm(chosen);
	await purge(services, chosen);
	const text =
		chosen.length === 1
			? l10n.t("1 secret was deleted from SecretStorage.")
			: l10n.t("{0} secrets were deleted from SecretStorage.", chosen.length);
	void showInformation(text);
}

/** Deletes the chosen ones that are still orphans: another window may have restored a record in the meantime. */
export async function purge(
	{ secrets, lostSecrets }: Pick<PurgeSecretsDeps, "secrets" | "lostSecrets">,
	chosen: readonly Orphan[],
): Promise<void> {
	const now = new Set((await lostSecrets.survey()).orphans.map(({ id }) => id));
	for (const { id } of chosen) if (now.has(id)) await secrets.delete(id);
}

function nothingToPurge(strangers: number): string {
	if (strangers === 0) return l10n.t("SecretStorage has no secret of a revoked or deleted API token.");
	return l10n.t(
		"SecretStorage has no secret of a revoked or deleted API token of this data directory. Its other secrets ({0}) may belong to a remote or another profile and are not touched.",
		strangers,
	);
}

async function choose(
	{ live }: Pick<PurgeSecretsDeps, "live">,
	orphans: readonly Orphan[],
): Promise<Orphan[]> {
	const rows = orphans.map((orphan) => ({
		label: labelText(orphan.token?.name ?? orphan.id),
		description: [serverNameOf(live, orphan), reasonInWords(orphan)].filter(Boolean).join(" · "),
		picked: true,
		orphan,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Purge Orphaned Secrets"),
		placeHolder: l10n.t("Which secrets should be deleted from SecretStorage?"),
		canPickMany: true,
		matchOnDescription: true,
	});
	if (chosen === undefined || chosen.length === 0) throw new vscode.CancellationError();
	return chosen.map(({ orphan }) => orphan);
}

function reasonInWords({ token }: Orphan): string {
	const revoked = token?.revokedDate;
	if (typeof revoked === "string") return l10n.t("revoked on {0}", dateInWords(revoked));
	return l10n.t("no record");
}

async function confirm(chosen: readonly Orphan[]): Promise<void> {
	const [first] = chosen;
	const question =
		chosen.length === 1 && first !== undefined
			? l10n.t("Delete the secret of {0} from SecretStorage?", quoted(first.token?.name ?? first.id))
			: l10n.t("Delete {0} secrets from SecretStorage?", chosen.length);
	const detail = l10n.t(
		"They belong to tokens that no longer work. This cannot be undone. Env files do not change.",
	);
	const keep = chosen.length === 1 ? l10n.t("Keep Secret") : l10n.t("Keep Secrets");
	await confirmIrreversible({ question, detail, keep }, l10n.t("Purge"));
}
