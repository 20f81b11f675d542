/** The outcome of a setup in one message, with each failure in words and a button for the next step. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import { wayToSee } from "../connections/way-to-see.ts";
import { deviationsAt, deviationsInLines } from "../create/ignored-words.ts";
import { messageText } from "../display-text.ts";
import { openPlacement } from "../env/place-secret.ts";
import { explain } from "../failure.ts";
import { listInWords } from "../language.ts";
import { counted, showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import type { SetUpResult, TokenResult } from "./set-up-action.ts";

type ReportDeps = Pick<Services, "connections" | "log">;

export async function reportSetUp(services: ReportDeps, result: SetUpResult): Promise<void> {
	const ready = result.tokens.filter(({ outcome }) => outcome.kind === "ready");
	const failures = failuresIn(result);
	for (const { error } of failures) services.log.error("A part of the setup failed.", inspect(error));
	const wasCancelled = result.tokens.some(({ outcome }) => outcome.kind === "cancelled");
	const done = [...readyWords(result, ready), ...(wasCancelled ? [cancelledWords(result)] : [])].join(" ");
	const problems = [
		...failures.map(({ words }) => words),
		...ready.flatMap((one) => ignoredBySystem(services, one)),
	];
	const [first] = ready;
	const ways = [
		...(failures.length > 0 || wasCancelled ? [wayOn(failures)] : []),
		...(first === undefined ? [] : [openWay(first)]),
	];
	const show = failures.length === 0 ? showInformation : showWarning;
	const labels = ways.map(({ label }) => label);
	const chosen = await show(counted(messageText(done), problems.map(messageText)), ...labels);
	await ways.find(({ label }) => label === chosen)?.run();
}

/** What a system may have created is looked at there first, and not sent again. */
function wayOn(failures: readonly { error: unknown }[]) {
	const unanswered = failures
		.map(({ error }) => error)
		.find((error) => error instanceof SystemUnansweredError);
	if (unanswered !== undefined) return wayToSee(unanswered);
	const run = () => vscode.commands.executeCommand("tokensmith.setUpWorkspace");
	return { label: l10n.t("Set Up the Rest"), run };
}

function openWay({ line: { creation } }: TokenResult) {
	const run = async () => creation && (await openPlacement(creation.placement));
	return { label: l10n.t("Open File"), run };
}

function readyWords({ permissions }: SetUpResult, ready: readonly TokenResult[]): string[] {
	const added = permissions.filter((result) => !("error" in result)).length;
	const keys = listInWords(ready.map(({ line }) => line.declared.key));
	const files = listInWords([...new Set(ready.map(({ line }) => line.fileName))]);
	return [
		...(ready.length === 0
			? []
			: [
					ready.length === 1
						? l10n.t("{0} is ready, with its secret in {1}.", keys, files)
						: l10n.t("{0} are ready, with their secrets in {1}.", keys, files),
				]),
		...(added === 0
			? []
			: [added === 1 ? l10n.t("1 permission was added.") : l10n.t("{0} permissions were added.", added)]),
	];
}

function ignoredBySystem({ connections }: ReportDeps, { line, outcome }: TokenResult): string[] {
	if (outcome.kind !== "ready") return [];
	const deviations = deviationsAt(connections, outcome.token, outcome.ignored);
	return deviations === undefined ? [] : [`${line.declared.key}: ${deviationsInLines(deviations)}`];
}

/** What exists by then stays. */
function cancelledWords({ tokens }: SetUpResult): string {
	const left = tokens.filter(({ outcome }) => outcome.kind === "cancelled");
	const keys = listInWords(left.map(({ line }) => line.declared.key));
	return left.length === 1
		? l10n.t("Cancelled: {0} was not created.", keys)
		: l10n.t("Cancelled: {0} were not created.", keys);
}

function failuresIn({ permissions, tokens }: SetUpResult): { words: string; error: unknown }[] {
	const ofPermissions = permissions.flatMap((result) => {
		if (!("error" in result)) return [];
		const words = l10n.t(
			"The permission {0} was not added: {1}",
			result.permission.name,
			explain(result.error).text,
		);
		return [{ words, error: result.error }];
	});
	return [...ofPermissions, ...tokens.flatMap(failureOf)];
}

function failureOf({ line, outcome }: TokenResult): { words: string; error: unknown }[] {
	if (outcome.kind === "ready" || outcome.kind === "cancelled") return [];
	const { error } = outcome;
	const { key } = line.declared;
	const why = explain(error).text;
	if (outcome.kind === "failed") return [{ words: l10n.t("{0} was not set up: {1}", key, why), error }];
	if (outcome.kind === "unknown")
		return [{ words: l10n.t("It is unknown whether the token for {0} was created. {1}", key, why), error }];
	const words = l10n.t(
		"The token for {0} was created, but its secret is not in {1}, and it could not be revoked: {2}",
		key,
		line.fileName,
		why,
	);
	return [{ words, error }];
}
