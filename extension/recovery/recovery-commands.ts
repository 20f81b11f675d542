/** Commands for secrets that SecretStorage has lost, and for secrets that it no longer needs. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandCall, CommandTable } from "../command.ts";
import type { Services } from "../services.ts";
import { type TokenChoiceDeps, tokenFor } from "../tokens/token-choice.ts";
import { purgeSecrets } from "./purge-secrets.ts";
import { recoverSecrets } from "./recover-secrets.ts";

type RecoveryDeps = TokenChoiceDeps & Pick<Services, "connections" | "lostSecrets" | "log">;

export const recoveryCommands: CommandTable<RecoveryDeps> = {
	recoverSecrets: {
		failed: () => l10n.t("The secrets were not recovered."),
		run: ({ services }) => recoverSecrets(services),
	},
	replaceInPlace: {
		failed: () => l10n.t("No successor was created."),
		run: replaceInPlace,
	},
	purgeSecrets: {
		failed: () => l10n.t("The secrets were not purged."),
		run: ({ services }) => purgeSecrets(services),
	},
};

/** A rotation: it finds the lines by the hash of their secret, so it does not need the secret itself. */
async function replaceInPlace(call: CommandCall<RecoveryDeps>): Promise<void> {
	const kept = new Set(await call.services.secrets.ids());
	const { id } = await tokenFor(call, {
		title: l10n.t("Replace Token in Place"),
		among: (token) =>
			token.status === "active" &&
			call.services.connections.wayTo("rotate", token) !== "none" &&
			!kept.has(token.id),
		none: l10n.t("No secret of an API token in use is missing."),
	});
	await vscode.commands.executeCommand("tokensmith.rotateToken", { id });
}
