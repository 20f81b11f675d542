/**
 * A secret that the user has created at a system's own pages and pasted here. Its system does not show it again: until the
 * token is recorded, another try uses it, and it can be copied.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import { quoted } from "../display-text.ts";
import { showWarning } from "../notification.ts";
import { untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { type CreateOutcome, type CreateTokenDeps, finishRecorded, type NewToken } from "./create-action.ts";

/** In memory, for one command. */
export interface KeptSecret {
	readonly connection: string;
	/** Of the token that is to be recorded. */
	readonly name: string;
	readonly secret: string;
}

export function keptOf(
	connection: string | undefined,
	name: string,
	pasted: string | undefined,
): KeptSecret | undefined {
	return connection === undefined || pasted === undefined ? undefined : { connection, name, secret: pasted };
}

/** The daemon refuses the secret itself, so that another try needs another one. */
export function isSecretRefused(error: unknown): boolean {
	return error instanceof TokensmithProblemError && error.problem.code === "already-known";
}

/** What the daemon recorded of a pasted secret is used, however late it says so. @throws CancellationError */
export async function settled(
	services: CreateTokenDeps & Pick<Services, "log">,
	outcome: CreateOutcome,
	{ pasted, placement, request }: Pick<NewToken, "pasted" | "placement" | "request">,
): Promise<CreateOutcome> {
	if (outcome.kind !== "unknown" || pasted === undefined) return outcome;
	const failed = l10n.t(
		"The connection to the daemon was lost, and it is unknown whether the token was recorded.",
	);
	const recorded = () => finishRecorded(services, { pasted, placement, request });
	const found = await untilDone(recorded, { failed, log: services.log, modal: "modal" });
	return found ?? { kind: "not-created", error: outcome.error };
}

/** After the daemon was lost. @throws CancellationError if the user gives up */
export async function askToRecordAgain(): Promise<void> {
	const text = l10n.t(
		"The connection to the daemon was lost, and the token was not recorded. The secret that you pasted is kept for another try.",
	);
	const again = l10n.t("Try Again");
	if ((await showWarning(text, again)) !== again) throw new vscode.CancellationError();
}

/** When the user gives up. */
export async function offerKept(
	{ clipboard, connections }: Pick<Services, "clipboard" | "connections">,
	{ connection, name, secret }: KeptSecret,
): Promise<void> {
	const copy = l10n.t("Copy Secret");
	const system = quoted(connections.of(connection)?.name ?? connection);
	const text = l10n.t(
		"The token that you created at {0} is not recorded here. Keep its secret, or revoke the token there.",
		system,
	);
	if ((await showWarning(text, copy)) === copy) await clipboard.copySecret(secret, name);
}
