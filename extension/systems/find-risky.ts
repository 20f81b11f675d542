/** The command that looks through the list and all connected systems for tokens that deserve a look. */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection } from "../../daemon/contract.ts";
import { type Answers, askAnswersFor } from "../connections/answers.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { labelText, messageText, plainText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { type Notice, showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";
import { compare } from "./reconcile.ts";
import { type Listed, type RiskyGroup, type RiskyRow, riskyAmong } from "./risky-tokens.ts";

type FindDeps = Pick<Services, "connections" | "daemon" | "live" | "log">;

/** A system that can't be asked is named, and does not stop the others. */
export async function findRiskyTokens(services: FindDeps): Promise<void> {
	const { live, connections } = services;
	await connect(live);
	const { listed, failed } = await listAll(services);
	const systemOf = (token: { connectionId: string | null; issuer: string }) =>
		connections.of(token.connectionId ?? "")?.name ??
		live.serverOf(token.issuer)?.server.name ??
		(isTokensmith(token.issuer) ? l10n.t("This Machine") : token.issuer);
	const groups = riskyAmong(live.tokens, listed, systemOf, Date.now());
	if (failed.length > 0) void sayFailed(failed);
	if (groups.length > 0) return await show(groups);
	if (failed.length === 0)
		void showInformation(
			l10n.t(
				"Every API token that works has an expiry, and no connected system has one of an unknown owner.",
			),
		);
}

async function sayFailed(failed: readonly string[]): Promise<void> {
	const again = l10n.t("Try Again");
	const chosen = await showWarning(failedInWords(failed), again);
	if (chosen === again) await vscode.commands.executeCommand("tokensmith.findRiskyTokens");
}

function failedInWords(failed: readonly string[]): Notice {
	if (failed.length === 1) return { text: failed.join("") };
	return { text: l10n.t("{0} systems could not be asked.", failed.length), details: failed };
}

interface Found {
	listed: Listed[];
	/** Sentences. */
	failed: string[];
}

async function listAll(services: FindDeps): Promise<Found> {
	const { connections } = services;
	const systems = connections.all.filter((one) => connections.capabilitiesOf(one)?.list === true);
	const found: Found = { listed: [], failed: [] };
	if (systems.length === 0) return found;
	const asked = systems.map(({ id }) => ({ connectionId: id }));
	const answersOf = await askAnswersFor(connections, asked, ["list"]);
	await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Looking for risky tokens"),
			cancellable: true,
		},
		async (progress, cancellation) => {
			for (const connection of systems) {
				if (cancellation.isCancellationRequested) throw new vscode.CancellationError();
				progress.report({ message: messageText(connection.name), increment: 100 / systems.length });
				await listOne(services, { connection, answers: answersOf({ connectionId: connection.id }) }, found);
			}
		},
	);
	return found;
}

async function listOne(
	services: FindDeps,
	{ connection, answers }: { connection: Connection; answers: Answers | undefined },
	{ listed, failed }: Found,
): Promise<void> {
	try {
		const { unknown } = await compare(services, connection, answers);
		const identity = services.connections.profileOf(connection)?.identity ?? "creator";
		listed.push({ connection, identity, tokens: unknown });
	} catch (error) {
		services.log.error(`The tokens of the connection ${connection.id} were not listed.`, inspect(error));
		const why = messageText(explain(error).text);
		failed.push(l10n.t("The tokens of {0} were not listed. {1}", quoted(connection.name), why));
	}
}

interface Row extends vscode.QuickPickItem {
	show?: RiskyRow["show"];
}

async function show(groups: readonly RiskyGroup[]): Promise<void> {
	const rows = groups.flatMap(({ title, rows }): Row[] => [
		{ label: title, kind: vscode.QuickPickItemKind.Separator },
		...rows.map((row) => ({
			label: labelText(row.name),
			description: plainText(row.facts.join(" · ")),
			show: row.show,
		})),
	]);
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Risky Tokens"),
		placeHolder: l10n.t("Press Enter to show a token, or the differences of its system."),
		matchOnDescription: true,
	});
	if (chosen?.show === undefined) return;
	if ("token" in chosen.show)
		await vscode.commands.executeCommand("tokensmith.showToken", { id: chosen.show.token });
	else await vscode.commands.executeCommand("tokensmith.reconcile", chosen.show);
}
