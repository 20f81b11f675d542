/**
 * What the user sees of a created token: its secret, this once, and where it is. The token exists by then, so a step that
 * failed is shown as such, and can be tried again.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { ConnectorOption } from "../../daemon/contract.ts";
import { messageText, quoted } from "../display-text.ts";
import type { Placement } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import { openPlacement, placeAfterFailure } from "../env/place-secret.ts";
import { explain } from "../failure.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { copyCurlTest, isForShells } from "./copy-curl-test.ts";
import type { Created } from "./create-action.ts";
import { type Ignored, ignoredInWords } from "./ignored-words.ts";

export type CreateReportDeps = Pick<Services, "daemon" | "clipboard" | "log">;

type Creation = Created & {
	/** undefined: SecretStorage only. */
	placement: Placement | undefined;
	/** The system that issued the token. */
	system: string;
	/** Those of its connector. */
	options?: readonly ConnectorOption[];
	ignored?: Ignored;
};

/** Throws nothing but a cancellation: a failure here must not read as if the token had not been created. */
export async function reportCreated(services: CreateReportDeps, creation: Creation): Promise<void> {
	try {
		await reveal(services, creation);
		await finish(services, creation);
	} catch (error) {
		if (error instanceof vscode.CancellationError) throw error;
		const failed = l10n.t("{0} is created, but a last step failed.", quoted(creation.token.name));
		await report({ failed, error, log: services.log });
	}
}

/** The one time that the secret is shown. */
async function reveal({ clipboard }: Pick<Services, "clipboard">, creation: Creation): Promise<void> {
	const { token, secret, system, options, ignored = [] } = creation;
	const parts = [secret, ignoredInWords(system, ignored, options), whereItIs(creation)];
	const copy = { title: l10n.t("Copy") };
	const done = { title: l10n.t("Done"), isCloseAffordance: true };
	const chosen = await vscode.window.showInformationMessage(
		l10n.t("{0} is created. This is its secret:", quoted(token.name)),
		{ modal: true, detail: parts.filter((part) => part !== undefined).join("\n\n") },
		copy,
		done,
	);
	if (chosen === copy) await clipboard.copySecret(secret);
}

function whereItIs({ placement, stored, placed }: Creation): string {
	const inStorage = stored.ok
		? l10n.t("It is stored in SecretStorage.")
		: l10n.t("SecretStorage did not store it, so copy it now: {0}", explain(stored.error).text);
	const once = l10n.t(
		"It is not shown again: the daemon stores only its hash. A copy is removed from the clipboard after 60 seconds.",
	);
	if (placement === undefined) return `${inStorage}\n\n${once}`;
	const file = nameOf(placement.target.uri);
	const inFile =
		placed?.ok === false
			? l10n.t("It is not in {0} yet.", file)
			: l10n.t("{0} in {1} contains it.", placement.key, file);
	return `${inFile} ${inStorage}\n\n${once}`;
}

async function finish(services: CreateReportDeps, creation: Creation): Promise<void> {
	const { token, secret, placement, placed } = creation;
	if (placement === undefined || placed?.ok !== false) return sayNextSteps(services, creation);
	const failed = { placement, error: placed.error };
	const finalPlacement = await placeAfterFailure(services, { token, secret }, failed);
	await sayNextSteps(services, { token, stored: creation.stored, placement: finalPlacement });
}

async function sayNextSteps(
	services: Pick<Services, "daemon">,
	{ token, stored, placement }: Pick<Creation, "token" | "stored" | "placement">,
): Promise<void> {
	const file = placement === undefined ? "" : messageText(nameOf(placement.target.uri));
	const name = quoted(token.name);
	const inStorage = stored.ok
		? l10n.t("{0} is ready: its secret is in SecretStorage.", name)
		: l10n.t("{0} is ready.", name);
	const open = l10n.t("Open {0}", file);
	const test = l10n.t("Copy curl Test");
	const chosen = await vscode.window.showInformationMessage(
		placement === undefined
			? inStorage
			: l10n.t("{0} is ready: {1} in {2} contains its secret.", name, placement.key, file),
		...(placement === undefined ? [] : [open]),
		test,
	);
	if (chosen === open && placement !== undefined) await openPlacement(placement);
	const isVariable = placement !== undefined && isForShells(placement.target.path);
	const variable = isVariable ? { key: placement.key, envFile: placement.target.path } : undefined;
	if (chosen === test) await copyCurlTest(services, token, variable);
}
