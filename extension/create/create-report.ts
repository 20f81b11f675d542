/**
 * What the user sees of a created token, in one message: its secret, where that is, and what can be done next. The token
 * exists by then, so a step that failed is shown as such, and can be tried again.
 */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ConnectorOption, TokenRecord } from "../../daemon/contract.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import type { Placement } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import { openPlacement, placeAfterFailure } from "../env/place-secret.ts";
import { explain } from "../failure.ts";
import { showInformation } from "../notification.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { copyCurlTest, isForShells } from "./copy-curl-test.ts";
import type { Created } from "./create-action.ts";
import { type Ignored, ignoredInWords } from "./ignored-words.ts";

export type CreateReportDeps = Pick<Services, "daemon" | "clipboard" | "masking" | "log">;

type Creation = Created & {
	/** undefined: SecretStorage only. */
	placement: Placement | undefined;
	/** The system that issued the token. */
	system: string;
	/** Those of its connector. */
	options?: readonly ConnectorOption[];
	ignored?: Ignored;
};

interface Answer extends vscode.MessageItem {
	run(): Promise<unknown>;
}

/** Throws nothing but a cancellation: a failure here must not read as if the token had not been created. */
export async function reportCreated(services: CreateReportDeps, creation: Creation): Promise<void> {
	try {
		await sayCreated(services, creation);
		await placeAgain(services, creation);
	} catch (error) {
		if (error instanceof vscode.CancellationError) throw error;
		const failed = l10n.t("{0} is created, but a last step failed.", quoted(creation.token.name));
		await report({ failed, error, log: services.log });
	}
}

async function sayCreated(services: CreateReportDeps, creation: Creation): Promise<void> {
	const { token, secret, stored } = creation;
	const name = quoted(token.name);
	const copy = { title: l10n.t("Copy Secret"), run: () => services.clipboard.copySecret(secret, token.name) };
	const next = nextSteps(services, creation);
	// Enter chooses the first: a secret that is stored must not get on the clipboard by a slip, another one must.
	const answers = stored.ok ? [...next, copy] : [copy, ...next];
	const showSecret = () =>
		ask(l10n.t("{0} is created. This is its secret:", name), [secret, ...factsOf(creation)], answers);
	if (!services.masking.isPresenting) return showSecret();
	const hidden = l10n.t("{0} is created. Its secret is not shown in presentation mode.", name);
	await ask(hidden, factsOf(creation), [...answers, { title: l10n.t("Show Secret"), run: showSecret }]);
}

async function ask(text: string, paragraphs: readonly string[], answers: readonly Answer[]): Promise<void> {
	const detail = paragraphs.join("\n\n");
	const done = { title: l10n.t("Done"), isCloseAffordance: true, run: async () => undefined };
	const chosen = await vscode.window.showInformationMessage(text, { modal: true, detail }, ...answers, done);
	await chosen?.run();
}

function nextSteps(services: Pick<Services, "daemon">, { token, placement, placed }: Creation): Answer[] {
	const show = {
		title: l10n.t("Show Token"),
		run: async () => vscode.commands.executeCommand("tokensmith.showToken", { id: token.id }),
	};
	if (placement === undefined) return [show];
	// The place is asked for again.
	if (placed?.ok === false) return [];
	return placedAnswers(services, token, placement);
}

/** Only this machine's daemon can be asked about a token without a credential. */
function placedAnswers(
	services: Pick<Services, "daemon">,
	token: TokenRecord,
	placement: Placement,
): Answer[] {
	const open = openAnswer(placement);
	return isTokensmith(token.issuer) ? [open, curlAnswer(services, token, placement)] : [open];
}

function openAnswer(placement: Placement): Answer {
	const file = messageText(nameOf(placement.target.uri));
	return { title: l10n.t("Open {0}", file), run: () => openPlacement(placement) };
}

function curlAnswer(
	services: Pick<Services, "daemon">,
	token: TokenRecord,
	{ key, target }: Placement,
): Answer {
	const variable = isForShells(target.path) ? { key, envFile: target.path } : undefined;
	return { title: l10n.t("Copy curl Test"), run: () => copyCurlTest(services, token, variable) };
}

/** Where the secret is, and what the system decided otherwise. */
function factsOf({ system, options, ignored = [], placement, stored, placed }: Creation): string[] {
	const inStorage = stored.ok
		? l10n.t("It is stored in SecretStorage: you can copy it again from the Tokens view.")
		: l10n.t("SecretStorage did not store it, so copy it now: {0}", explain(stored.error).text);
	const where = placement === undefined ? inStorage : `${inFile(placement, placed)} ${inStorage}`;
	return [ignoredInWords(system, ignored, options), where].filter((fact) => fact !== undefined);
}

function inFile({ target, key }: Placement, placed: Creation["placed"]): string {
	const file = nameOf(target.uri);
	return placed?.ok === false
		? l10n.t("It is not in {0} yet.", file)
		: l10n.t("{0} in {1} contains it.", key, file);
}

/** After a failure: in the same place once that is possible, or in another one. */
async function placeAgain(
	services: CreateReportDeps,
	{ token, secret, placement, placed }: Creation,
): Promise<void> {
	if (placement === undefined || placed?.ok !== false) return;
	const final = await placeAfterFailure(services, { token, secret }, { placement, error: placed.error });
	const file = messageText(nameOf(final.target.uri));
	const text = l10n.t("{0} is ready: {1} in {2} contains its secret.", quoted(token.name), final.key, file);
	const answers = placedAnswers(services, token, final);
	const chosen = await showInformation(text, ...answers.map(({ title }) => title));
	await answers.find(({ title }) => title === chosen)?.run();
}
