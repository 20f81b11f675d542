/** Writes a secret to the chosen line, and offers other ways until that succeeds or the user gives up. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { entriesIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { showError } from "../notification.ts";
import type { Services } from "../services.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { runWizard } from "../wizard/wizard.ts";
import { openLine } from "./bindings.ts";
import { readEnvFile } from "./env-files.ts";
import { type EnvDraft, envSteps, type Placement, placementOf } from "./env-steps.ts";
import { FileError, nameOf } from "./file-text.ts";
import { placeSecret } from "./place-action.ts";

/** A token with the secret to place. */
export interface KeptSecret {
	token: TokenRecord;
	secret: string;
}

/** Asks for a line for an existing token's secret; with `former`, starts from that placement. */
export async function askPlacement(token: TokenRecord, former?: Placement): Promise<Placement> {
	const draft = { name: token.name, ...(former && draftOf(former)) };
	const changeFirst = former && "key";
	const steps = (prompts: Prompts) => envSteps<EnvDraft>({ prompts, purpose: "insert" });
	const title = l10n.t("Insert Secret into Env File");
	const placement = placementOf(await runWizard(steps, draft, { title, changeFirst }));
	if (placement === undefined) throw new Error("The steps ended without a line for the secret.");
	return placement;
}

/** Omits the value found on the line, so that the line is checked again. */
function draftOf({ target, key, gitignore }: Placement): EnvDraft {
	return { target, key, git: { uri: target.uri.toString(), answer: gitignore } };
}

/** Reports the problem and retries, possibly elsewhere, until the secret is written or the user gives up. */
export async function placeAfterFailure(
	services: Pick<Services, "log" | "clipboard">,
	kept: KeptSecret,
	failed: { placement: Placement; error: unknown },
): Promise<Placement> {
	let { placement, error } = failed;
	for (;;) {
		services.log.error("The secret was not written.", inspect(error));
		const chosen = await askHowToContinue(kept.token, placement, error);
		if (chosen === "copy") {
			await services.clipboard.copySecret(kept.secret, kept.token.name);
			continue;
		}
		if (chosen === "another-file") placement = await askPlacement(kept.token);
		else if (isChanged(error)) placement = await askPlacement(kept.token, placement);
		try {
			await placeSecret(placement, kept.secret);
			return placement;
		} catch (cause) {
			error = cause;
		}
	}
}

/** The value that the user agreed to replace has changed, so ask again. */
function isChanged(error: unknown): boolean {
	return error instanceof FileError && error.code === "changed";
}

type Choice = "try-again" | "another-file" | "copy";

const choices = (): [label: string, choice: Choice][] => [
	[l10n.t("Try Again"), "try-again"],
	[l10n.t("Choose Another File"), "another-file"],
	[l10n.t("Copy Secret"), "copy"],
];

async function askHowToContinue(token: TokenRecord, { target }: Placement, error: unknown) {
	const chosen = await showError(
		l10n.t(
			"The secret of {0} was not written to {1}. {2} You can still copy the secret.",
			quoted(token.name),
			messageText(nameOf(target.uri)),
			messageText(explain(error).text),
		),
		...choices().map(([label]) => label),
	);
	const choice = choices().find(([label]) => label === chosen)?.[1];
	if (choice === undefined) throw new vscode.CancellationError();
	return choice;
}

/** Opens the env file at the secret's line. */
export async function openPlacement({ target, key }: Placement): Promise<void> {
	const entries = entriesIn(await readEnvFile(target.uri), formOf(target.uri.path));
	const entry = entries.findLast((candidate) => candidate.key === key);
	await openLine({ uri: target.uri, line: entry?.line ?? 1 });
}
