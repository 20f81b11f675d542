/**
 * Brings a new secret to where it belongs: SecretStorage, the env file, and once before the person's eyes. The token
 * exists by now, so a stage that fails is told, can be tried again, and holds up no other.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { messageText, quoted } from "../display-text.ts";
import type { Placement } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import { type KeptSecret, openPlacement, placeAfterFailure, placeSecret } from "../env/place-secret.ts";
import { explain } from "../failure.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { copyCurlTest } from "./copy-curl-test.ts";

export type DeliveryDeps = Pick<Services, "daemon" | "secrets" | "clipboard" | "log">;

interface Delivery extends KeptSecret {
	/** undefined: SecretStorage only. */
	placement: Placement | undefined;
}

interface Stage {
	error?: unknown;
}

/** Never throws but a cancellation: the token exists, so nothing that fails here may read as if it did not. */
export async function deliverSecret(services: DeliveryDeps, delivery: Delivery): Promise<void> {
	try {
		await deliver(services, delivery);
	} catch (error) {
		if (error instanceof vscode.CancellationError) throw error;
		const failed = l10n.t("{0} is created, but a last step failed.", quoted(delivery.token.name));
		await report({ failed, error, log: services.log });
	}
}

async function deliver(services: DeliveryDeps, delivery: Delivery): Promise<void> {
	const { token, secret, placement } = delivery;
	const kept = await stage(services.secrets.store(token.id, secret));
	const placed = placement === undefined ? {} : await stage(placeSecret(placement, secret));
	if ("error" in kept) services.log.error("SecretStorage did not take the secret.", inspect(kept.error));
	await reveal(services, delivery, { kept, placed });
	await finish(services, delivery, placed);
}

async function stage(work: Promise<unknown>): Promise<Stage> {
	try {
		await work;
		return {};
	} catch (error) {
		return { error };
	}
}

/** The one time that the secret is shown. */
async function reveal(
	{ clipboard }: Pick<Services, "clipboard">,
	{ token, secret, placement }: Delivery,
	stages: { kept: Stage; placed: Stage },
): Promise<void> {
	const copy = { title: l10n.t("Copy") };
	const done = { title: l10n.t("Done"), isCloseAffordance: true };
	const chosen = await vscode.window.showInformationMessage(
		l10n.t("{0} is created. This is its secret:", quoted(token.name)),
		{ modal: true, detail: `${secret}\n\n${whereItIs(placement, stages)}` },
		copy,
		done,
	);
	if (chosen === copy) await clipboard.copySecret(secret);
}

function whereItIs(
	placement: Placement | undefined,
	{ kept, placed }: { kept: Stage; placed: Stage },
): string {
	const inStorage =
		"error" in kept
			? l10n.t("SecretStorage did not take it, so copy it now: {0}", explain(kept.error).text)
			: l10n.t("It is kept in SecretStorage.");
	const once = l10n.t(
		"It is not shown again: the daemon knows only its hash. Copied, it is taken off the clipboard after 60 seconds.",
	);
	if (placement === undefined) return `${inStorage}\n\n${once}`;
	const file = nameOf(placement.target.uri);
	const inFile =
		"error" in placed
			? l10n.t("It is not in {0} yet.", file)
			: l10n.t("{0} in {1} holds it.", placement.key, file);
	return `${inFile} ${inStorage}\n\n${once}`;
}

async function finish(
	services: Pick<Services, "daemon" | "clipboard" | "log">,
	delivery: Delivery,
	placed: Stage,
): Promise<void> {
	const { placement } = delivery;
	if (placement === undefined || !("error" in placed)) return sayNextSteps(services, delivery);
	const finalPlacement = await placeAfterFailure(services, delivery, { placement, error: placed.error });
	await sayNextSteps(services, { ...delivery, placement: finalPlacement });
}

async function sayNextSteps(
	services: Pick<Services, "daemon">,
	{ token, placement }: Delivery,
): Promise<void> {
	const file = placement === undefined ? "" : messageText(nameOf(placement.target.uri));
	const open = l10n.t("Open {0}", file);
	const test = l10n.t("Copy curl Test");
	const chosen = await vscode.window.showInformationMessage(
		placement === undefined
			? l10n.t("{0} is ready: its secret is in SecretStorage.", quoted(token.name))
			: l10n.t("{0} is ready: {1} in {2} holds its secret.", quoted(token.name), placement.key, file),
		...(placement === undefined ? [] : [open]),
		test,
	);
	if (chosen === open && placement !== undefined) await openPlacement(placement);
	const variable = placement && { key: placement.key, envFile: placement.target.path };
	if (chosen === test) await copyCurlTest(services, token, variable);
}
