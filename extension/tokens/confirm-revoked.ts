/** After a revocation at a connected system: asks it, with the stored secrets, whether they are dead. */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { confirmDead } from "../connections/confirm-dead-action.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";
import type { Services } from "../services.ts";
import { isToBeConfirmed } from "./revoke-action.ts";
import { forgetSecret } from "./secret-store.ts";

type ConfirmDeps = Pick<Services, "connections" | "daemon" | "secrets" | "log">;

/** Fulfils with sentences about what is confirmed, or is not. A cancelled one is confirmed later by the watch. */
export async function confirmDeadWithProgress(
	services: ConfirmDeps,
	revoked: readonly { token: TokenRecord }[],
): Promise<string[]> {
	const tokens = revoked
		.map(({ token }) => token)
		.filter((token) => isToBeConfirmed(services.connections, token));
	if (tokens.length === 0) return [];
	const title = l10n.t("Confirming that the system refuses the secret…");
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		async (_, cancellation) => {
			const words: string[] = [];
			for (const token of tokens) words.push(...(await confirmOne(services, token, cancellation)));
			return words;
		},
	);
}

async function confirmOne(
	services: ConfirmDeps,
	token: TokenRecord,
	cancellation: vscode.CancellationToken,
): Promise<string[]> {
	const { connections, secrets, log } = services;
	const secret = await secrets.get(token.id);
	if (secret === undefined || cancellation.isCancellationRequested) return [];
	const system = quoted(connections.of(token)?.name ?? bareId(token.issuer));
	const lagSeconds = connections.capabilitiesOf(token)?.lagSeconds ?? 0;
	try {
		const outcome = await confirmDead(services, { token, secret, lagSeconds }, { cancellation });
		if (outcome === "dead") {
			await forgetSecret(services, token.id);
			return [l10n.t("{0} confirms that its secret is dead.", system)];
		}
		if (outcome === "live") return [l10n.t("{0} still accepts its secret: check it there.", system)];
	} catch (error) {
		log.warn("Whether a revoked secret is dead was not confirmed.", inspect(error));
	}
	return [l10n.t("Whether {0} still accepts its secret is not confirmed.", system)];
}
