/** The command that edits a token: every field that can be changed, several at once, with one confirmation. */

import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Profile, TokenRecord } from "../../daemon/contract.ts";
import type { CommandCall, CommandTable } from "../command.ts";
import { askAnswers } from "../connections/answers.ts";
import { ignoredInWords } from "../create/ignored-words.ts";
import { type NewPermission, newNames } from "../create/permission-choices.ts";
import { permissionSuggestions } from "../create/permission-suggestions.ts";
import { bareId, isTokensmith } from "../daemon/qualified-ids.ts";
import { messageText, quoted } from "../display-text.ts";
import { explain } from "../failure.ts";
import { listInWords } from "../language.ts";
import { showError, showInformation, showWarning } from "../notification.ts";
import { report } from "../report.ts";
import type { Services } from "../services.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { connect, type TokenChoiceDeps, tokenFor } from "../tokens/token-choice.ts";
import { stateInWords } from "../tokens/token-facts.ts";
import { Prompts } from "../wizard/prompts.ts";
import { walk } from "../wizard/walk.ts";
import { changeBetween, type Difference, differences, rebase, type Settings, settingsOf } from "./changes.ts";
import { type Edit, type EditOutcome, editToken, reachesSystem } from "./edit-action.ts";
import { draftOf, type EditDraft, editSteps, settingsAfter } from "./edit-steps.ts";
import { isOnlyRecorded, lockOf, profileOf } from "./editable.ts";

type Changed = Extract<EditOutcome, { kind: "changed" }>;
type EditDeps = Pick<Services, "connections" | "daemon" | "live" | "log">;

const failed = () => l10n.t("The token was not changed.");

export const editCommands: CommandTable<TokenChoiceDeps & EditDeps> = {
	editToken: {
		failed,
		run: async (call) => {
			const { services } = call;
			const { before, outcome } = await editInteractively(services, await editableFor(call));
			await sayChanged(services, before, outcome);
		},
	},
};

/**
 * Opens the edit with the permissions added; the user applies it. Its message stays while the caller goes on.
 * @throws CancellationError
 */
export async function editToAdd(
	services: EditDeps,
	token: TokenRecord,
	permissions: readonly NewPermission[],
): Promise<void> {
	const lock = lockOf("permissions", token, profileOf(token, services));
	if (lock !== undefined) return sayLocked(token, permissions, lock);
	const { before, outcome } = await editInteractively(services, token, permissions);
	const saying = sayChanged(services, before, outcome);
	saying.catch((error: unknown) => services.log.error(failed(), inspect(error)));
}

function sayLocked({ name }: TokenRecord, permissions: readonly NewPermission[], lock: string): void {
	const names = messageText(permissions.map((permission) => permission.name).join(", "));
	const text = l10n.t("{0} can't be given {1}: {2}.", quoted(name), names, messageText(lock));
	const create = l10n.t("Create API Token");
	void showWarning(text, create).then((chosen) => {
		if (chosen === create) void vscode.commands.executeCommand("tokensmith.createToken");
	});
}

/** @throws CancellationError for a token that has ended, after a message that says what to do instead. */
async function editableFor(call: CommandCall<TokenChoiceDeps>): Promise<TokenRecord> {
	const token = await tokenFor(call, {
		title: l10n.t("Edit Token"),
		among: (one) => !hasEnded(one),
		needs: "write",
		none: l10n.t("No API token can be edited."),
	});
	if (hasEnded(token)) await sayEnded(token);
	return token;
}

/** The record of another system's token can be corrected after its expiry. */
function hasEnded({ status, issuer }: TokenRecord): boolean {
	return status === "revoked" || (status === "expired" && isTokensmith(issuer));
}

async function sayEnded(token: TokenRecord): Promise<never> {
	const isRevoked = token.status === "revoked";
	const text = isRevoked
		? l10n.t("{0} is revoked, so it cannot be changed. Create another token instead.", quoted(token.name))
		: l10n.t("{0} has expired, so it cannot be changed. Rotate it instead.", quoted(token.name));
	const button = isRevoked ? l10n.t("Create Token") : l10n.t("Rotate Token");
	const chosen = await showInformation(text, button);
	if (chosen === button && isRevoked) await vscode.commands.executeCommand("tokensmith.createToken");
	else if (chosen === button) await vscode.commands.executeCommand("tokensmith.rotateToken", token);
	throw new vscode.CancellationError();
}

async function editInteractively(
	services: EditDeps,
	{ id }: TokenRecord,
	toAdd: readonly NewPermission[] = [],
): Promise<{ before: TokenRecord; outcome: Changed }> {
	await connect(services.live);
	// As it is now: the list may be a moment behind.
	let token = await (await services.daemon.client()).getToken(id);
	const rules = rulesFor(token, services);
	let draft = withAdded(draftOf(settingsOf(token), rules, token), rules, toAdd);
	let next: "ask" | "apply" = "ask";
	for (;;) {
		if (next === "ask") draft = await askEdits(services, { token, rules, draft });
		const before = settingsOf(token);
		const after = settingsAfter(token, draft, new Date());
		const change = changeBetween(before, after);
		const outcome = await tryEdit(services, { token, change, newPermissions: draft.newPermissions });
		if (outcome?.kind === "changed") return { before: token, outcome };
		next = "ask";
		if (outcome === undefined) continue;
		const mine = rebase(before, after, settingsOf(outcome.token));
		next = await askAfterConflict(token, outcome.token, mine);
		draft = { ...draftOf(mine, rules, outcome.token), newPermissions: draft.newPermissions };
		token = outcome.token;
	}
}

/** As if the user had just picked the permissions. */
function withAdded(draft: EditDraft, rules: Profile, toAdd: readonly NewPermission[]): EditDraft {
	if (toAdd.length === 0) return draft;
	const permissions = [...new Set([...(draft.permissions ?? []), ...toAdd.map(({ name }) => name)])];
	const unknown = newNames(permissions, rules);
	const newPermissions = toAdd.filter(({ name }) => unknown.includes(name));
	return { ...draft, permissions, newPermissions, asking: "permissions" };
}

/** undefined: it failed, and the user wants to correct the answers. @throws CancellationError if the user gives up */
async function tryEdit(services: EditDeps, edit: Edit) {
	try {
		return await editWithProgress(services, edit);
	} catch (error) {
		// Escape at a question of the system leads back to the changes.
		if (error instanceof vscode.CancellationError) return undefined;
		const again = await report({ failed: failed(), error, log: services.log });
		if (again === undefined) throw new vscode.CancellationError();
		return undefined;
	}
}

/** A call to another system can take a while. */
async function editWithProgress(services: EditDeps, edit: Edit): Promise<EditOutcome> {
	if (!reachesSystem(services, edit.token, edit.change)) return await editToken(services, edit);
	const { name } = services.connections.of(edit.token) ?? edit.token;
	const connector = services.connections.profileOf(edit.token)?.connector;
	const answers = await askAnswers(connector, ["update"], { title: name });
	const title = l10n.t("Changing the token at {0}…", quoted(name));
	return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
		editToken(services, { ...edit, answers }),
	);
}

interface Editing {
	token: TokenRecord;
	rules: Profile;
	draft: EditDraft;
}

/** Fulfils when the user applies the changes. @throws CancellationError on Escape */
async function askEdits(
	{ live, ...services }: EditDeps,
	{ token, rules, draft }: Editing,
): Promise<EditDraft> {
	const search = new vscode.CancellationTokenSource();
	const others = live.tokens.filter(({ id }) => id !== token.id);
	const alike = others.filter(({ profile }) => profile === token.profile);
	const isNameTaken = (name: string) =>
		alike.some((one) => one.name === name && one.status !== "revoked" && one.id !== token.predecessorId);
	const prompts = new Prompts();
	const steps = editSteps(prompts, {
		token,
		profile: rules,
		isNameTaken,
		suggestions: (profile) => permissionSuggestions(services, search.token)(profile),
		knownResources: () => others.flatMap(({ resources }) => resources),
		knownSources: () => alike.flatMap(({ defaultSource }) => defaultSource ?? []),
	});
	let answered: EditDraft = draft;
	try {
		do answered = await walk(steps, answered, { title: l10n.t("Edit Token") });
		while (answered.asking !== undefined);
		return answered;
	} finally {
		search.cancel();
		prompts.dispose();
	}
}

/** Only the issuer checks a token that the daemon records alone, so its record has no limits. */
function rulesFor(token: TokenRecord, services: Pick<Services, "connections" | "live">): Profile {
	const own = profileOf(token, services);
	const rules = own ?? services.live.profiles.find(({ id }) => id === "local");
	if (rules === undefined) throw new Error("The daemon knows no local profile.");
	if (!isOnlyRecorded(token, own)) return rules;
	const catalogue = own?.permissions.catalogue ?? [];
	return {
		...rules,
		names: { unique: false },
		expiry: { ...rules.expiry, never: true, maximum: null },
		permissions: { source: "request", minimum: 0, catalogue, others: "keep" },
	};
}

/** Shows what has changed meanwhile and what the user's changes would do to that. */
async function askAfterConflict(
	before: TokenRecord,
	now: TokenRecord,
	mine: Settings,
): Promise<"apply" | "ask"> {
	const apply = l10n.t("Apply on Top");
	const review = l10n.t("Review");
	const { userName } = now.lastModifiedUserInfo;
	const text = l10n.t("{0} was changed meanwhile by {1}.", quoted(before.name), messageText(userName));
	const own = differences(settingsOf(now), mine).map(inWords);
	const detail = [
		...differencesOf(before, now),
		"",
		l10n.t("Your changes, on top of that:"),
		...(own.length > 0 ? own : [l10n.t("None")]),
	].join("\n");
	const chosen = await vscode.window.showWarningMessage(text, { modal: true, detail }, review, apply);
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen === apply ? "apply" : "ask";
}

function differencesOf(before: TokenRecord, now: TokenRecord): string[] {
	const rows = differences(settingsOf(before), settingsOf(now));
	const status = { label: l10n.t("Status"), before: stateOf(before), after: stateOf(now) };
	return [...(before.status === now.status ? [] : [status]), ...rows].map(inWords);
}

function stateOf(token: TokenRecord): string {
	const now = Date.now();
	return stateInWords(token, urgencyOf(token, [], now), now);
}

function inWords({ label, before, after }: Difference): string {
	return l10n.t("{0}: {1} → {2}", label, before, after);
}

async function sayChanged(
	services: EditDeps,
	before: TokenRecord,
	{ token: after, ignored }: Changed,
): Promise<void> {
	const labels = differences(settingsOf(before), settingsOf(after)).map(({ label }) => label);
	const name = quoted(after.name);
	const text = l10n.t("{0} is changed: {1}.", name, listInWords(labels));
	if (labels.length === 0) {
		const unchanged = l10n.t("{0} is not changed.", name);
		if (ignored.length > 0) await sayIgnored(services, before, { text: unchanged, ignored });
		return;
	}
	const undo = l10n.t("Undo");
	const chosen =
		ignored.length > 0
			? await sayIgnored(services, before, { text, ignored }, undo)
			: await showInformation(text, undo);
	if (chosen === undo) await undoEdit(services, before, after);
}

/** Modal: what was requested must not look as if it was done. */
function sayIgnored(
	{ connections }: Pick<EditDeps, "connections">,
	token: TokenRecord,
	{ text, ignored }: { text: string; ignored: Changed["ignored"] },
	...buttons: string[]
): Thenable<string | undefined> {
	const system = connections.of(token)?.name ?? bareId(token.issuer);
	const detail = ignoredInWords(system, ignored) ?? "";
	return vscode.window.showWarningMessage(text, { modal: true, detail }, ...buttons);
}

async function undoEdit(services: EditDeps, before: TokenRecord, after: TokenRecord): Promise<void> {
	const change = changeBetween(settingsOf(after), settingsOf(before));
	try {
		const undone = await editWithProgress(services, { token: after, change });
		const name = quoted(before.name);
		if (undone.kind === "changed" && undone.ignored.length > 0) {
			const text = l10n.t("{0} is not as it was before.", name);
			return void (await sayIgnored(services, before, { text, ignored: undone.ignored }));
		}
		void showInformation(
			undone.kind === "changed"
				? l10n.t("{0} is as it was before.", name)
				: l10n.t("{0} was changed meanwhile, so nothing was undone. Edit it again.", name),
		);
	} catch (error) {
		services.log.error(failed(), inspect(error));
		await showError(`${failed()} ${messageText(explain(error).text)}`);
	}
}
