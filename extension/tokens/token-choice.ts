/** Which tokens a command is about: those that it was started from, else those that the person chooses now. */
import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { CommandCall } from "../command.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import type { Services } from "../services.ts";
import { soonestFirst, urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";

/** More would leave no room in a row. */
const mostLines = 3;

/** A daemon is found in less, and started in hardly more. */
const silentMilliseconds = 500;

/** For the list of tokens to choose from. */
type ListDeps = Pick<Services, "live" | "secrets" | "bindings">;

export type TokenChoiceDeps = ListDeps & Pick<Services, "daemon" | "tree">;

export interface Wanted {
	title: string;
	/** Which can be chosen: all that are not revoked, of these only those whose secret is kept here, or by a rule. */
	among: "all" | "kept" | ((token: TokenRecord) => boolean);
	/** What to say when there are none. */
	none?: string;
}

/** The token that the command was started from, the one marked in the list for a key, else one that is chosen now. */
export async function tokenFor(
	{ services, argument }: CommandCall<TokenChoiceDeps>,
	wanted: Wanted,
): Promise<TokenRecord> {
	const given = isSelection(argument) ? services.tree.selected[0] : argument;
	const [token] = await recordsOf(services, [given]);
	return token ?? chooseToken(services, wanted);
}

/** All the tokens that are selected in the view that the command was started from, else those that are chosen now. */
export async function tokensFor(call: CommandCall<TokenChoiceDeps>, wanted: Wanted): Promise<TokenRecord[]> {
	const { services, argument, selected } = call;
	const given = isSelection(argument) ? services.tree.selected : withSelected(argument, selected);
	const tokens = await recordsOf(services, given);
	return tokens.length > 0 ? tokens : chooseTokens(services, wanted);
}

/** Empty: no token was named, or one that there is not, and the person wants to choose. @throws CancellationError */
async function recordsOf(
	services: Pick<Services, "live" | "daemon">,
	given: readonly unknown[],
): Promise<TokenRecord[]> {
	const ids = given.map(idOf).filter((id) => typeof id === "string");
	const records = await Promise.all([...new Set(ids)].map((id) => recordOf(services, id)));
	const known = records.filter((record) => record !== undefined);
	if (known.length === records.length) return known;
	const choose = l10n.t("Choose from the List");
	const nobodys = l10n.t("The daemon knows no API token of the ID that this was started with.");
	const answer = await vscode.window.showWarningMessage(nobodys, choose);
	if (answer === choose) return [];
	throw new vscode.CancellationError();
}

/** The list may not have heard yet of what another window, or a service, has just made. undefined: there is none. */
async function recordOf(
	{ live, daemon }: Pick<Services, "live" | "daemon">,
	id: string,
): Promise<TokenRecord | undefined> {
	const known = live.tokens.find((token) => token.id === id);
	if (known !== undefined) return known;
	try {
		return await (await daemon.client()).getToken(id);
	} catch (error) {
		if (error instanceof TokensmithProblemError && error.problem.code === "not-found") return undefined;
		throw error;
	}
}

export async function chooseToken(services: ListDeps, wanted: Wanted): Promise<TokenRecord> {
	const rows = await rowsFor(services, wanted);
	const chosen = await vscode.window.showQuickPick(rows, {
		title: wanted.title,
		placeHolder: l10n.t("Which token?"),
		matchOnDescription: true,
		matchOnDetail: true,
	});
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.token;
}

async function chooseTokens(services: ListDeps, wanted: Wanted): Promise<TokenRecord[]> {
	const rows = await rowsFor(services, wanted);
	const chosen = await vscode.window.showQuickPick(rows, {
		title: wanted.title,
		placeHolder: l10n.t("Which tokens?"),
		canPickMany: true,
		matchOnDescription: true,
		matchOnDetail: true,
	});
	if (chosen === undefined || chosen.length === 0) throw new vscode.CancellationError();
	return chosen.map(({ token }) => token);
}

/** Waits until the list is there; without a word when it already is, or soon. */
export async function connect(live: LiveTokens): Promise<void> {
	if (live.state === "live") return;
	const connecting = live.whenLive();
	// VS Code keeps a notification for a second or more, in the way of the questions that have long begun.
	const first = await Promise.race([connecting, delay(silentMilliseconds, "slow", { ref: false })]);
	if (first !== "slow") return;
	await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Connecting to the daemon of API tokens…"),
		},
		() => connecting,
	);
}

async function rowsFor({ live, secrets, bindings }: ListDeps, { among, none }: Wanted) {
	await connect(live);
	const kept = new Set(among === "kept" ? await secrets.ids() : []);
	const fits = (token: TokenRecord) =>
		typeof among === "function"
			? among(token)
			: token.status !== "revoked" && (among === "all" || kept.has(token.id));
	const tokens = live.tokens.filter(fits).toSorted(currentFirst);
	if (tokens.length > 0)
		return tokens.map((token) => ({ ...tokenRow(token, bindings.linesOf(token.id)), token }));
	const usual =
		among === "kept"
			? l10n.t("No token's secret is kept on this machine.")
			: l10n.t("There are no API tokens yet.");
	void vscode.window.showInformationMessage(none ?? usual);
	throw new vscode.CancellationError();
}

/** Those that were rotated come last: hardly anybody wants the old secret. */
export function currentFirst(one: TokenRecord, other: TokenRecord): number {
	const isRotated = ({ status }: TokenRecord) => Number(status === "retiring");
	return isRotated(one) - isRotated(other) || soonestFirst(one, other);
}

/** With what tells tokens of one name apart: their state, their partial tokens and the lines that hold them. */
export function tokenRow(
	token: TokenRecord,
	lines: readonly Pick<EnvLine, "words">[],
	more: string = token.permissions.join(", "),
): vscode.QuickPickItem {
	const now = Date.now();
	const state = stateInWords(token, urgencyOf(token, [], now), now);
	const details = [...lines.slice(0, mostLines).map(({ words }) => words), more].filter(
		(text) => text !== "",
	);
	return {
		label: labelText(token.name),
		description: labelText(`${state} · ${token.partialToken}`),
		detail: labelText(details.join(" · ")),
	};
}

/** What the key bindings in package.json pass. */
function isSelection(argument: unknown): boolean {
	return (
		typeof argument === "object" && argument !== null && "token" in argument && argument.token === "selected"
	);
}

export function idOf(given: unknown): unknown {
	return typeof given === "object" && given !== null && "id" in given ? given.id : given;
}

/** A menu is about the entry that it was opened on; the others that are selected count only if that one is, too. */
export function withSelected(argument: unknown, selected: unknown): readonly unknown[] {
	if (!Array.isArray(selected)) return [argument];
	return selected.some((one) => idOf(one) === idOf(argument)) ? selected : [argument];
}
