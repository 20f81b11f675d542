/**
 * The command that sets up a workspace's tokens: one summary of what its manifests declare and this machine lacks, and only
 * then the creation. Escape before that leaves nothing behind.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection } from "../../daemon/contract.ts";
import { manifestName } from "../../daemon/manifest/manifest.ts";
import { mistakesInWords } from "../../daemon/manifest/read-manifest.ts";
import { askAnswersFor } from "../connections/answers.ts";
import { labelText, messageText } from "../display-text.ts";
import { editToAdd } from "../edit/edit-token.ts";
import { type Declared, type FolderManifest, folderManifests } from "../manifest/workspace-manifests.ts";
import { showError, showInformation } from "../notification.ts";
import { requireTrust } from "../report.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";
import { Prompts } from "../wizard/prompts.ts";
import { back, type Place } from "../wizard/walk.ts";
import { askWithMore } from "../wizard/wizard.ts";
import { type AgreedToken, type SetUpDeps, setUp } from "./set-up-action.ts";
import { isComplete, planSetUp, type SetUpPlan } from "./set-up-plan.ts";
import { reportSetUp } from "./set-up-report.ts";
import {
	connectionOf,
	draftOf,
	permissionsOf,
	type SetUpDraft,
	type SetUpPick,
	setUpRows,
	withPlan,
} from "./set-up-rows.ts";

export type SetUpCommandDeps = SetUpDeps &
	Pick<Services, "connections" | "daemon" | "live" | "log" | "profileFiles">;

export async function setUpWorkspace(services: SetUpCommandDeps): Promise<void> {
	await requireTrust(l10n.t("In Restricted Mode, {0} is not read.", manifestName));
	const manifests = await validManifests();
	services.live.start();
	await connect(services.live);
	await services.profileFiles.upToDate();
	const declared = declaredBy(manifests);
	const plan = await planSetUp(services, declared);
	if (isComplete(plan)) return sayNothingToDo(plan);
	const { draft: agreed, more: tokens } = await askWithMore(
		{ draft: draftOf(plan) },
		({ draft }) => agreeOn(services, declared, draft),
		(draft) => withAnswers(services, agreedTokens(draft)),
	);
	const work = { permissions: permissionsOf(agreed), tokens };
	if (work.permissions.length === 0 && work.tokens.length === 0) return;
	const result = await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Setting up this workspace's tokens…"),
			cancellable: true,
		},
		(progress, cancellation) => {
			const onProgress = ({ line }: AgreedToken) => progress.report({ message: line.declared.key });
			return setUp(services, work, { onProgress, cancellation });
		},
	);
	await reportSetUp(services, result);
}

/** @throws CancellationError when there is none, or one with a mistake: the user was told. */
async function validManifests(): Promise<FolderManifest[]> {
	const manifests = await folderManifests();
	const wrong = manifests.flatMap(({ files }) => files).find(({ mistakes }) => mistakes.length > 0);
	if (wrong !== undefined) {
		const name = messageText(vscode.workspace.asRelativePath(wrong.uri));
		const text = l10n.t(
			"{0} has to be corrected first: {1}",
			name,
			mistakesInWords(wrong.mistakes.slice(0, 3)),
		);
		await offer(showError, text, l10n.t("Open File"), () => vscode.window.showTextDocument(wrong.uri));
		throw new vscode.CancellationError();
	}
	if (manifests.length > 0) return manifests;
	const none = l10n.t(
		"No folder of this workspace has a {0}, which declares the tokens that it needs.",
		manifestName,
	);
	await offer(showInformation, none, l10n.t("Write File"), () =>
		vscode.commands.executeCommand("tokensmith.writeManifest"),
	);
	throw new vscode.CancellationError();
}

async function offer(
	show: (text: string, button: string) => Thenable<string | undefined>,
	text: string,
	button: string,
	then: () => unknown,
): Promise<void> {
	if ((await show(messageText(text), button)) === button) await then();
}

function declaredBy(manifests: readonly FolderManifest[]): Declared {
	return {
		permissions: manifests.flatMap(({ permissions }) => permissions),
		profiles: manifests.flatMap(({ profiles }) => profiles),
		tokens: manifests.flatMap(({ tokens }) => tokens),
	};
}

function sayNothingToDo({ lines }: SetUpPlan): void {
	const text =
		lines.length === 0
			? l10n.t("There is nothing to do: {0} declares nothing that this machine lacks.", manifestName)
			: lines.length === 1
				? l10n.t("There is nothing to do: the declared token is on its line and works.")
				: l10n.t(
						"There is nothing to do: all {0} declared tokens are on their lines and work.",
						lines.length,
					);
	void showInformation(text);
}

/** Ends without a further question when edits have added all that was missing. @throws CancellationError on Escape */
async function agreeOn(
	services: SetUpCommandDeps,
	declared: Declared,
	proposed: SetUpDraft,
): Promise<SetUpDraft> {
	let draft = proposed;
	for (;;) {
		const next = await askSummary(draft);
		if (next.edit === undefined) return next.draft;
		await addLacking(services, draft.plan, next.edit);
		draft = withPlan(next.draft, await planSetUp(services, declared));
		if (isComplete(draft.plan)) return draft;
	}
}

type EditPick = Extract<SetUpPick, { kind: "edit" }>;

interface Asked {
	draft: SetUpDraft;
	/** The token that the user wants to edit first. */
	edit?: EditPick;
}

async function askSummary(proposed: SetUpDraft): Promise<Asked> {
	const prompts = new Prompts();
	try {
		let draft = proposed;
		for (;;) {
			const next = await askOnce(prompts, draft);
			if (next === "agreed") return { draft };
			if ("kind" in next) return { draft, edit: next };
			draft = next;
		}
	} finally {
		prompts.dispose();
	}
}

/** Escape in the edit leads back to the summary. */
async function addLacking(
	services: SetUpCommandDeps,
	{ permissions }: SetUpPlan,
	{ token, lacks }: EditPick,
): Promise<void> {
	const descriptionOf = (name: string) => permissions.find((one) => one.name === name)?.description ?? "";
	const wanted = lacks.map((name) => ({ name, description: descriptionOf(name) }));
	try {
		await editToAdd(services, token, wanted);
	} catch (error) {
		if (!(error instanceof vscode.CancellationError)) throw error;
	}
}

const place = (): Place => ({
	title: l10n.t("Set Up This Workspace's Tokens"),
	// No number is shown for a single step.
	step: 0,
	totalSteps: 0,
	canGoBack: false,
});

async function askOnce(prompts: Prompts, draft: SetUpDraft): Promise<SetUpDraft | EditPick | "agreed"> {
	const pick = await prompts.one(place(), {
		placeholder: l10n.t("Press Enter to create what is missing, or choose a row to leave it out."),
		rows: setUpRows(draft),
	});
	if (pick === back) return draft;
	if (pick.kind === "go") return "agreed";
	if (pick.kind === "edit") return pick;
	if (pick.kind === "permissions")
		return { ...draft, permissions: draft.permissions === "add" ? "leave" : "add" };
	if (pick.kind === "line") {
		const chosen = new Set(draft.chosen);
		if (!chosen.delete(pick.line)) chosen.add(pick.line);
		return { ...draft, chosen };
	}
	if (pick.kind === "connection") return await chooseConnection(prompts, draft, pick.issuer);
	await vscode.commands.executeCommand(pick.command);
	throw new vscode.CancellationError();
}

async function chooseConnection(prompts: Prompts, draft: SetUpDraft, issuer: string): Promise<SetUpDraft> {
	const ofIssuer = draft.plan.lines.filter(({ declared }) => declared.issuer === issuer);
	const connections = ofIssuer.flatMap(({ creation }) => creation?.connections ?? []);
	const distinct = [...new Map(connections.map((connection) => [connection.id, connection])).values()];
	const answer = await prompts.one<Connection>(
		{ ...place(), canGoBack: true },
		{
			placeholder: l10n.t("Through which connection are the tokens created?"),
			rows: distinct.map((connection) => ({
				label: `$(plug) ${labelText(connection.name)}`,
				description: labelText(connection.baseUrl),
				value: connection,
			})),
		},
	);
	if (answer === back) return draft;
	return { ...draft, connections: new Map([...draft.connections, [issuer, answer]]) };
}

function agreedTokens(draft: SetUpDraft): AgreedToken[] {
	return [...draft.chosen].flatMap((line) => {
		const { creation } = line;
		return creation === undefined ? [] : [{ line, creation, connectionId: connectionOf(draft, line)?.id }];
	});
}

/** Asks once for each connection, after the summary, so that nothing is kept in the draft. @throws CancellationError */
async function withAnswers(
	{ connections }: Pick<SetUpCommandDeps, "connections">,
	tokens: readonly AgreedToken[],
): Promise<AgreedToken[]> {
	const used = tokens.map(({ connectionId = null }) => ({ connectionId }));
	const answersOf = await askAnswersFor(connections, used, ["create", "revoke"]);
	return tokens.map((token) => ({
		...token,
		answers: answersOf({ connectionId: token.connectionId ?? null }),
	}));
}
