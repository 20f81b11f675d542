/**
 * The command that adds the secret of a token whose secret is not stored here, such as one that a comparison has found:
 * pasted, not shown, tested at the token's system, and refused if it belongs to another token.
 */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ProbeResult, TokenRecord } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { accessWith } from "../connections/connections.ts";
import { readSecret } from "../connections/guided.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";

type AddSecretDeps = Pick<Services, "connections" | "daemon" | "log" | "secrets">;

export async function addSecretInteractively(services: AddSecretDeps, token: TokenRecord): Promise<void> {
	const system = services.connections.of(token)?.name ?? bareId(token.issuer);
	for (;;) {
		const secret = await askSecret(token, system);
		const refusal = await tryToAdd(services, { token, system, secret });
		if (refusal === undefined) {
			await services.secrets.store(token.id, secret);
			const text = l10n.t(
				"Stored the secret of {0} on this machine. Its lines in env files are found from now on.",
				quoted(token.name),
			);
			void showInformation(text);
			return;
		}
		await offerAnother(refusal);
	}
}

async function askSecret(token: TokenRecord, system: string): Promise<string> {
	const steps = (prompts: Prompts): Step<{ secret: string }>[] => [
		{
			id: "secret",
			subject: l10n.t("Secret"),
			kind: "numbered",
			async ask(draft, place) {
				const prompt = l10n.t(
					"Paste the secret of {0}. It is tested at {1} and not shown.",
					quoted(token.name),
					system,
				);
				const answer = await prompts.text(place, { prompt, password: true, read: readSecret });
				return answer === back ? draft : { secret: answer };
			},
		},
	];
	const title = l10n.t("Add Its Secret");
	return (await runWizard(steps, { secret: "" }, { title })).secret;
}

interface Pasted {
	token: TokenRecord;
	system: string;
	secret: string;
}

/** Fulfils with why it is not this token's secret; undefined: it is, and is recorded. @throws CancellationError */
async function tryToAdd(services: AddSecretDeps, pasted: Pasted): Promise<string | undefined> {
	const { token, system, secret } = pasted;
	try {
		const probe = await testing(system, async () =>
			(await services.daemon.client()).probeToken(token.id, accessWith(secret)),
		);
		const refusal = refusalOf(pasted, probe);
		if (refusal !== undefined) return refusal;
		const confirmed = !isProved(pasted, probe);
		if (confirmed) await confirm(pasted, probe);
		await (await services.daemon.client()).addSecret(token.id, accessWith(secret), { confirmed });
		return undefined;
	} catch (error) {
		if (error instanceof vscode.CancellationError) throw error;
		services.log.error(`The secret of the token ${token.id} was not added.`, inspect(error));
		return explain(error).text;
	}
}

function testing<Result>(system: string, work: () => Promise<Result>): Thenable<Result> {
	const title = l10n.t("Testing the secret at {0}…", quoted(system));
	return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, work);
}

function refusalOf({ token, system, secret }: Pasted, probe: ProbeResult): string | undefined {
	if (probe.outcome === "dead")
		return l10n.t(
			"{0} refuses this secret: it is wrong, expired or revoked. Nothing was recorded.",
			quoted(system),
		);
	const id = idOf({ token, secret }, probe);
	if (id === undefined || token.remoteId === null || id === token.remoteId) return undefined;
	return l10n.t("This secret belongs to another token than {0}. Nothing was recorded.", quoted(token.name));
}

/** As the system tells it; where the secret is the id, its hash is. undefined: the system does not tell. */
function idOf({ token, secret }: Pick<Pasted, "token" | "secret">, probe: ProbeResult): string | undefined {
	return token.remoteId?.startsWith("sha256:") === true ? hashOf(secret) : probe.token?.id;
}

function isProved({ token, secret }: Pasted, probe: ProbeResult): boolean {
	return probe.outcome === "live" && idOf({ token, secret }, probe) === token.remoteId;
}

/** @throws CancellationError unless the user says that the secret is the token's */
async function confirm({ token, system }: Pasted, { outcome, detail }: ProbeResult): Promise<void> {
	const record = l10n.t("Record It");
	const why =
		outcome === "live"
			? l10n.t("{0} accepts the secret, but does not tell which token it is of.", quoted(system))
			: l10n.t("Whether {0} accepts this secret is unknown. {1}", quoted(system), messageText(detail));
	const question = l10n.t("Is this the secret of {0}?", quoted(token.name));
	const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail: why }, record);
	if (chosen !== record) throw new vscode.CancellationError();
}

/** @throws CancellationError unless the user pastes another one */
async function offerAnother(refusal: string): Promise<void> {
	const again = l10n.t("Paste Again");
	const chosen = await vscode.window.showWarningMessage(messageText(refusal), { modal: true }, again);
	if (chosen !== again) throw new vscode.CancellationError();
}
