/** The command that rotates a token: asks everything, shows every line that will change, and only then rotates. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { type Profile, statusOf, type TokenRecord } from "../../daemon/contract.ts";
import { askAnswers } from "../connections/answers.ts";
import type { Connections } from "../connections/connections.ts";
import { excessInWords } from "../connections/excess-words.ts";
import { guideToSecret } from "../connections/guided.ts";
import { type Answer, creationGuide } from "../connections/guides.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { quoted } from "../display-text.ts";

import { refusedLines } from "../env/env-lines.ts";
import { showWarning } from "../notification.ts";
import { untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { askWithMore, runWizard } from "../wizard/wizard.ts";
import { rotateToken } from "./rotate-action.ts";
import {
	command,
	offer,
	type RotationReportDeps,
	reportAlreadyRotated,
	reportOutcome,
} from "./rotation-report.ts";
import {
	type RotationDeps,
	type RotationInput,
	type RotationOutcome,
	type Stage,
	unansweredIn,
} from "./rotation-sequence.ts";
import { planOf, type RotationDraft, rotationSteps } from "./rotation-steps.ts";

const failed = () => l10n.t("The token was not rotated.");

export type RotateDeps = RotationReportDeps & Pick<Services, "bindings" | "connections" | "live" | "tree">;

export async function rotateTokenInteractively(
	services: RotateDeps,
	{ id }: Pick<TokenRecord, "id">,
): Promise<void> {
	const token = await (await services.daemon.client()).getToken(id);
	if (token.successorId !== null) return await reportAlreadyRotated(services, token);
	await connect(services.live);
	if (!(await canBeRotated(services, token))) return;
	const asked = await askWithMore<RotationDraft, Prepared>(
		{ draft: {} },
		(at) => askPlan(services, token, at),
		() => prepare(services, token),
	);
	const [plan, prepared] = [planOf(asked.draft), asked.more];
	let unanswered: unknown;
	for (;;) {
		const outcome = await rotateWithProgress(services, { token, plan, ...prepared, unanswered });
		unanswered = unansweredIn(outcome);
		if (outcome.kind === "rotated") services.tree.mark(outcome.successor.id);
		if ((await reportOutcome(services, token, outcome)) === undefined) return;
	}
}

/** The profile of the token, once the daemon runs. */
async function profileOf({ live }: Pick<Services, "live">, token: TokenRecord): Promise<Profile> {
	await connect(live);
	const profile = live.profiles.find(({ id }) => id === token.profile);
	if (profile === undefined) throw new Error(`The daemon knows no profile ${token.profile}.`);
	return profile;
}

export const stageInWords: Record<Stage, () => string> = {
	creating: () => l10n.t("Creating the successor…"),
	verifying: () => l10n.t("Verifying its secret…"),
	replacing: () => l10n.t("Replacing the secret in env files…"),
	ending: () => l10n.t("Ending the overlap…"),
};

type Prepared = Pick<RotationInput, "answers" | "pasted">;

/** What a connected system needs beside the plan: answers to its questions, or a secret that the user creates there. */
export async function prepare(
	services: Pick<Services, "connections" | "daemon" | "log">,
	token: TokenRecord,
): Promise<Prepared> {
	const { connections } = services;
	if (connections.wayTo("rotate", token) !== "guided") {
		const title = l10n.t("Rotate {0}", quoted(token.name));
		return {
			answers: await askAnswers(connections.profileOf(token)?.connector, ["create", "revoke"], { title }),
		};
	}
	const guide = creationGuide(connections, token.connectionId ?? "", valuesOf(token));
	if (guide === undefined) throw new Error(l10n.t("The profile of the system has no steps for a creation."));
	return { pasted: await guideToSecret(services, guide) };
}

/** What the successor has in common with its predecessor, to be entered at the system. */
function valuesOf({ name, permissions, resources, allowedAddresses, defaultSource }: TokenRecord): Answer[] {
	const rows: Answer[] = [
		{ label: l10n.t("Name"), value: name },
		{ label: l10n.t("Permissions"), value: permissions.join(", ") },
		{ label: l10n.t("Resources"), value: resources.join(", ") },
		{ label: l10n.t("Allowed addresses"), value: allowedAddresses.join(", ") },
		{ label: l10n.t("Default source"), value: defaultSource ?? "" },
	];
	return rows.filter(({ value }) => value !== "");
}

/** Why this editor's token of the server does not rotate it. */
function notHereInWords(connections: Pick<Connections, "excessOf" | "placeOf">, token: TokenRecord): string {
	const { expiry: _, ...beyond } = connections.excessOf(token);
	const [name, server] = [quoted(token.name), quoted(connections.placeOf(token) ?? "")];
	const excess = excessInWords(beyond);
	return excess === undefined
		? l10n.t(
				"Your own token of {1} can't rotate {0}: it may not change tokens there. Ask an administrator.",
				name,
				server,
			)
		: l10n.t("Your own token of {1} can't rotate {0}: it {2}. Ask an administrator.", name, server, excess);
}

/** If not, shows why, and what the user can do. */
async function canBeRotated(
	{ connections }: Pick<Services, "connections">,
	token: TokenRecord,
): Promise<boolean> {
	const name = quoted(token.name);
	const show = showWarning;
	if (connections.wayTo("rotate", token) === "none" && isTokensmith(token.issuer)) {
		await offer(show, notHereInWords(connections, token), []);
		return false;
	}
	if (connections.wayTo("rotate", token) === "none") {
		const connect = { label: l10n.t("Connect a System"), run: () => runCommand("connectSystem") };
		await offer(
			show,
			l10n.t("{0} is of another system without a connection that could rotate it. Connect it first.", name),
			[connect],
		);
		return false;
	}
	if (statusOf(token, Date.now()) === "disabled") {
		const enable = command(l10n.t("Enable"), "enableToken", token);
		await offer(show, l10n.t("{0} is disabled. Enable it first, then rotate it.", name), [enable]);
		return false;
	}
	if (token.revokedDate !== null) {
		await offer(show, l10n.t("{0} is revoked, which cannot be undone. Create another token.", name), [
			{ label: l10n.t("Create API Token"), run: () => runCommand("createToken") },
		]);
		return false;
	}
	return true;
}

function runCommand(name: string): Thenable<unknown> {
	return vscode.commands.executeCommand(`tokensmith.${name}`);
}

async function askPlan(
	services: Pick<Services, "live" | "bindings" | "log">,
	token: TokenRecord,
	{ draft, changeFirst }: { draft: RotationDraft; changeFirst?: string | undefined },
): Promise<RotationDraft> {
	const { live, log } = services;
	const retried = <Answer>(work: () => Promise<Answer>) =>
		untilDone(work, { failed: failed(), log, modal: "modal" });
	const question = {
		token,
		maximumOverlapSeconds: live.policyOf(token.id).maximumOverlapSeconds,
		profile: () => retried(() => profileOf(services, token)),
		lines: () => retried(() => linesOf(services, token)),
	};
	// The env files are scanned while the user thinks.
	live.start();
	services.bindings.start();
	const steps = (prompts: Prompts) => rotationSteps({ ...question, prompts });
	const title = l10n.t("Rotate {0}", quoted(token.name));
	return await runWizard<RotationDraft>(steps, draft, { title, changeFirst });
}

async function linesOf({ bindings }: Pick<Services, "bindings">, { id }: TokenRecord) {
	await bindings.whenReady();
	const lines = bindings.linesOf(id);
	return { lines, refused: await refusedLines(lines) };
}

function rotateWithProgress(
	services: RotationDeps & Pick<Services, "live">,
	input: Omit<RotationInput, "maximumOverlapSeconds">,
): Thenable<RotationOutcome> {
	const title = l10n.t("Rotating {0}", quoted(input.token.name));
	return vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: true },
		(progress, cancellation) =>
			rotateToken(
				services,
				{ ...input, maximumOverlapSeconds: services.live.policyOf(input.token.id).maximumOverlapSeconds },
				{ onProgress: (stage) => progress.report({ message: stageInWords[stage]() }), cancellation },
			),
	);
}
