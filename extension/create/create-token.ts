/**
 * The command that creates a token: asks everything first, shows a summary, and only then creates the token and shows
 * its secret, once. Escape before that leaves nothing behind.
 */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { CommandTable } from "../command.ts";
import { SystemUnansweredError } from "../connections/system-unanswered.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { isTokensmith, qualifiedAt } from "../daemon/qualified-ids.ts";
import { labelText, quoted } from "../display-text.ts";
import { type EnvDraft, envSteps, placementOf } from "../env/env-steps.ts";
import { nameOf } from "../env/file-text.ts";
import type { WaitingLine } from "../env/waiting-lines.ts";
import { fieldOf } from "../failure.ts";
import { showError } from "../notification.ts";
import { report, untilDone } from "../report.ts";
import type { Services } from "../services.ts";
import { type RevokeTokensDeps, revokeTokens } from "../tokens/revoke-action.ts";
import { connect, type TokenChoiceDeps, tokenFor } from "../tokens/token-choice.ts";
import type { Prompts } from "../wizard/prompts.ts";
import type { Step } from "../wizard/walk.ts";
import { askWithMore, runWizard, summaryStep } from "../wizard/wizard.ts";
import { prepareAtSystem } from "./at-system.ts";
import { copyCurlTest, variableOf } from "./copy-curl-test.ts";
import {
	type CreateOutcome,
	type CreateTokenDeps,
	createToken,
	findUnanswered,
	isUnanswered,
	type NewToken,
} from "./create-action.ts";
import { type CreateReportDeps, reportCreated } from "./create-report.ts";
import { lastSystemOf, remember } from "./creation-memory.ts";
import { requestFrom, stepOfField } from "./creation-request.ts";
import { type CreationStart, startForLine } from "./for-line.ts";
import {
	askToRecordAgain,
	isSecretRefused,
	type KeptSecret,
	keptOf,
	offerKept,
	settled,
} from "./pasted-secret-kept.ts";
import { permissionSuggestions } from "./permission-suggestions.ts";
import { summaryRows } from "./summary.ts";
import { isOf, optionsOf, type System, systemsOf } from "./system.ts";
import type { CreationDraft, TokenDraft } from "./token-draft.ts";
import { tokenSteps } from "./token-steps.ts";

export type CreateDeps = CreateTokenDeps &
	CreateReportDeps &
	Pick<Services, "connections" | "live" | "profileFiles" | "tree" | "workspaceState">;

const failed = () => l10n.t("The token was not created.");

export const createCommands: CommandTable<CreateDeps & TokenChoiceDeps> = {
	createToken: {
		failed,
		run: ({ services, argument }) => createFrom(services, usualStart(services, argument)),
	},
	copyCurlTest: {
		failed: () => l10n.t("The curl test was not copied."),
		async run(call) {
			const among = ({ issuer }: TokenRecord) => isTokensmith(issuer);
			const token = await tokenFor(call, { title: l10n.t("Copy curl Test"), among });
			await copyCurlTest(call.services, token, await variableOf(call.services, token));
		},
	},
};

/** The line's file and key are answered already. */
export async function createTokenForLine(services: CreateDeps, line: WaitingLine): Promise<void> {
	const start = await startForLine(services, line);
	await createFrom(services, start, l10n.t("Create Token for {0}", line.key));
}

function usualStart(
	{ live, workspaceState }: Pick<Services, "live" | "workspaceState">,
	argument: unknown,
): CreationStart {
	const nothing: TokenDraft = {};
	return {
		draft: systemFrom(live, argument),
		activeSystem: () => lastSystemOf(workspaceState),
		suggest: () => nothing,
		narrow: (profile) => profile,
	};
}

/** A connection or a server that the command was started from is the active answer of the first question. */
function systemFrom(live: LiveTokens, argument: unknown): CreationDraft {
	if (typeof argument !== "object" || argument === null) return {};
	const meant = ({ profile, connection }: System) =>
		"connection" in argument
			? connection?.id === argument.connection
			: "server" in argument && profile.id === qualifiedAt(String(argument.server), "local");
	const system = knownSystems(live).find(meant);
	return system === undefined ? {} : { system };
}

async function createFrom(
	services: CreateDeps,
	start: CreationStart,
	title = l10n.t("Create API Token"),
): Promise<void> {
	const keeping: Keeping = { secret: undefined };
	try {
		await createUntilDone(services, { start, draft: start.draft, title }, keeping);
	} catch (error) {
		if (keeping.secret !== undefined) void offerKept(services, keeping.secret);
		throw error;
	}
}

interface Keeping {
	secret: KeptSecret | undefined;
}

async function createUntilDone(
	services: CreateDeps,
	{ start, draft: first, title }: Asked,
	keeping: Keeping,
): Promise<void> {
	let at: Pick<Asked, "draft" | "changeFirst"> = { draft: first };
	for (;;) {
		const { draft, more } = await askWithMore(
			at,
			(from) => askAll(services, { start, title, ...from }),
			(asked) => prepareAtSystem(services, requestFrom(asked), keeping.secret),
		);
		await remember(services.workspaceState, draft);
		keeping.secret = keptOf(draft.system?.connection?.id, draft.name ?? "", more.pasted) ?? keeping.secret;
		const first = await createWithProgress(services, draft, more);
		const request = requestFrom(draft);
		const outcome = await settled(services, first, { ...more, placement: placementOf(draft), request });
		if (outcome.kind === "created") {
			keeping.secret = undefined;
			services.tree.mark(outcome.token.id);
			const system = draft.system?.connection?.name ?? "Tokensmith";
			const options = optionsOf(draft.system);
			return await reportCreated(services, { ...outcome, system, options, placement: placementOf(draft) });
		}
		if (outcome.kind === "not-created" && isSecretRefused(outcome.error)) keeping.secret = undefined;
		at = { draft, changeFirst: await afterFailure(services, draft, outcome, more) };
	}
}

interface Asked {
	start: CreationStart;
	draft: CreationDraft;
	title: string;
	changeFirst?: string | undefined;
}

async function askAll(
	services: Pick<Services, "daemon" | "live" | "log" | "profileFiles">,
	{ start, draft, title, changeFirst }: Asked,
) {
	const { live } = services;
	// The daemon starts while the user reads the first question.
	live.start();
	const search = new vscode.CancellationTokenSource();
	// So does the search for permissions.
	const suggestions = permissionSuggestions(services, search.token);
	const answers = {
		...answersFrom(services, start),
		suggestions,
		connect: await connectInstead(live),
	};
	const { target, key } = start.draft;
	const isLine = target !== undefined && key !== undefined;
	const steps = (prompts: Prompts) => {
		const placing = envSteps<CreationDraft>({ prompts, purpose: "create" });
		return [
			...tokenSteps<CreationDraft>(prompts, answers),
			...(isLine ? placing.map(answeredByLine) : placing),
			creationSummary(prompts),
		];
	};
	try {
		return await runWizard(steps, draft, { title, changeFirst });
	} finally {
		search.cancel();
	}
}

/** The summary still leads to the file and the key. */
function answeredByLine(step: Step<CreationDraft>): Step<CreationDraft> {
	return step.id === "file" || step.id === "key" ? { ...step, applies: () => false } : step;
}

/** What the steps need to know of the daemon's profiles and tokens. */
function answersFrom(
	{ live, log, profileFiles }: Pick<Services, "live" | "log" | "profileFiles">,
	start: CreationStart,
) {
	const connected = () => untilDone(() => connect(live), { failed: failed(), log, modal: "modal" });
	return {
		async systems() {
			await connected();
			await profileFiles.upToDate();
			return knownSystems(live);
		},
		live: {
			onDidChange: live.onDidChange,
			systems: () => knownSystems(live),
		},
		activeSystem: start.activeSystem,
		suggest: start.suggest,
		/** As it is now: a permission may have been added since the system was chosen. */
		async profile({ system }: CreationDraft) {
			await connected();
			const profile = live.profiles.find(({ id }) => id === system?.profile.id);
			if (profile === undefined) throw new Error("The daemon no longer knows the profile.");
			return start.narrow(profile);
		},
		isNameTaken: (name: string, { system }: CreationDraft) =>
			live.tokens.some((token) => isSameName(token, name, system)),
		knownResources: ({ system }: CreationDraft) =>
			tokensOf(system, live).flatMap(({ resources }) => resources),
		knownSources: ({ system }: CreationDraft) =>
			tokensOf(system, live).flatMap(({ defaultSource }) => defaultSource ?? []),
	};
}

function knownSystems(live: LiveTokens): System[] {
	const { profiles, connections } = live;
	return systemsOf({ profiles, connections, mayCreateBy: (id) => live.mayCreateBy(id) });
}

function tokensOf(system: System | undefined, { tokens }: Pick<LiveTokens, "tokens">) {
	return system === undefined ? [] : tokens.filter((token) => isOf(system, token));
}

/** Where names are unique, they are so among the tokens of one system. */
function isSameName(token: TokenRecord, name: string, system: System | undefined): boolean {
	if (token.name !== name || token.status === "revoked") return false;
	return !system?.profile.names.unique || isOf(system, token);
}

/** What the row to connect a system does. */
async function connectInstead(live: Pick<LiveTokens, "connections">) {
	const command = "tokensmith.connectSystem";
	if (!(await vscode.commands.getCommands(true)).includes(command)) return undefined;
	return async (): Promise<never> => {
		const before = live.connections.length;
		await vscode.commands.executeCommand(command);
		if (live.connections.length > before) await vscode.commands.executeCommand("tokensmith.createToken");
		throw new vscode.CancellationError();
	};
}

function creationSummary(prompts: Prompts): Step<CreationDraft> {
	return summaryStep({
		prompts,
		placeholder: l10n.t("Press Enter to create the token, or choose a row to change its answer."),
		done: () => l10n.t("$(check) Create Token"),
		rows: (draft) =>
			summaryRows({ ...draft, placement: placementInSummary(draft) }, new Date()).map(
				({ label, value, stepId, icon }) => ({
					label: `$(${icon}) ${label}`,
					description: labelText(value),
					value: stepId,
				}),
			),
	});
}

function placementInSummary(draft: EnvDraft) {
	const placement = placementOf(draft);
	if (placement === undefined) return undefined;
	const { uri, state } = placement.target;
	return { ...placement, fileName: nameOf(uri), isNewFile: state === "new" };
}

async function createWithProgress(
	services: CreateTokenDeps,
	draft: CreationDraft,
	prepared: Pick<NewToken, "answers" | "pasted">,
): Promise<CreateOutcome> {
	const { newPermissions } = draft;
	const input = { request: requestFrom(draft), newPermissions, placement: placementOf(draft), ...prepared };
	return vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Creating the API token {0}…", quoted(input.request.name)),
			cancellable: true,
		},
		(_, cancellation) => createToken(services, input, { cancellation }),
	);
}

type FailedOutcome = Exclude<CreateOutcome, { kind: "created" }>;

/** Fulfils with the step to start again from, with all answers kept. @throws CancellationError if the user gives up */
async function afterFailure(
	services: CreateDeps,
	draft: CreationDraft,
	outcome: FailedOutcome,
	{ pasted }: Pick<NewToken, "pasted">,
): Promise<string> {
	if (outcome.kind === "cancelled") throw new vscode.CancellationError();
	const { error } = outcome;
	if (outcome.kind === "not-created" && !isUnanswered(error)) return await afterError(services, error);
	if (pasted !== undefined) {
		await askToRecordAgain();
		return "summary";
	}
	const token = await tokenOf(services, draft, outcome);
	const called = draft.system?.connection?.id;
	if (token === undefined && called !== undefined)
		return await afterError(services, new SystemUnansweredError(called, services, error));
	await afterNoAnswer(services, token);
	return "summary";
}

async function afterError({ log }: Pick<Services, "log">, error: unknown): Promise<string> {
	if (error instanceof vscode.CancellationError) throw error;
	const isUnknown = error instanceof SystemUnansweredError;
	const unknown = l10n.t("It is unknown whether the token was created.");
	const again = await report({ failed: isUnknown ? unknown : failed(), error, log });
	if (again === undefined) throw new vscode.CancellationError();
	return stepOf(error);
}

/** The step whose answer the daemon refused. */
function stepOf(error: unknown): string {
	const pointer = error instanceof TokensmithProblemError ? error.problem.errors?.[0]?.pointer : undefined;
	return stepOfField[fieldOf(pointer ?? "")] ?? "summary";
}

/** The token whose secret did not arrive, if there is one. Lists the tokens until the daemon answers. */
async function tokenOf(
	services: Pick<Services, "daemon" | "log">,
	{ name = "", system }: CreationDraft,
	outcome: Exclude<FailedOutcome, { kind: "cancelled" }>,
): Promise<TokenRecord | undefined> {
	if (outcome.kind === "secret-lost") return outcome.token;
	if (outcome.kind === "not-created") return undefined;
	const { startedAt } = outcome;
	const at = system?.connection?.id ?? system?.profile.id;
	const unknown = l10n.t(
		"The connection to the daemon was lost, and it is unknown whether the token was created.",
	);
	return await untilDone(() => findUnanswered(services, { name, startedAt, at }), {
		failed: unknown,
		log: services.log,
		modal: "modal",
	});
}

/** A token without its secret cannot be used: it is revoked if the user agrees. */
async function afterNoAnswer(services: RevokeTokensDeps, token: TokenRecord | undefined): Promise<void> {
	const [text, button] =
		token === undefined
			? [l10n.t("The connection to the daemon was lost, and no token was created."), l10n.t("Try Again")]
			: [
					l10n.t(
						"The connection to the daemon was lost. The token {0} now exists, but its secret was not received, so it cannot be used.",
						quoted(token.name),
					),
					l10n.t("Revoke It and Try Again"),
				];
	const chosen = await showError(text, button);
	if (chosen === undefined) throw new vscode.CancellationError();
	if (token === undefined) return;
	const { failed } = await revokeTokens(services, { tokens: [token], reason: "Its secret was not received" });
	if (failed !== undefined) throw failed.error;
}
