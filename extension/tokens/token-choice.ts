/** Which tokens a command applies to: those that it was started from, else those that the user chooses now. */
import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { TokensmithProblemError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { CommandCall } from "../command.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { labelText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { showInformation, showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { Prompts } from "../wizard/prompts.ts";
import { back } from "../wizard/walk.ts";
import { soonestFirst, urgencyOf } from "./time-left.ts";
import { stateInWords } from "./token-facts.ts";

/** More do not fit into a row. */
const mostLines = 3;

/** Finding a daemon takes less, and starting one hardly more. */
const silentMilliseconds = 500;

/** For the list of tokens to choose from. */
type ListDeps = Pick<Services, "live" | "secrets" | "bindings">;

export type TokenChoiceDeps = ListDeps & Pick<Services, "daemon" | "tree">;

export interface Wanted {
	title: string;
	/** Which can be chosen: all that are not revoked, only those of them whose secret is stored here, or by a rule. */
	among: "all" | "kept" | ((token: TokenRecord) => boolean);
	/** What the command does at the token's server: the tokens of one where the own token may not are no choice. */
	needs?: "write" | "delete";
	/** The message when there are none. */
	none?: string;
	/** What the message offers; `nothing`, where all is well without such a token. Default: to create one. */
	way?: "create" | "connect" | "nothing";
}

/** The token that the command was started from, the one selected in the list for a key binding, else a chosen one. */
export async function tokenFor(
	{ services, argument }: CommandCall<TokenChoiceDeps>,
	wanted: Wanted,
): Promise<TokenRecord> {
	const given = isSelection(argument) ? selectedIn(services.tree)[0] : argument;
	const [token] = await recordsOf(services, [given]);
	return token ?? chooseToken(services, wanted, services.tree.selected);
}

/** All tokens that are selected in the view that the command was started from, else chosen ones. */
export async function tokensFor(call: CommandCall<TokenChoiceDeps>, wanted: Wanted): Promise<TokenRecord[]> {
	const { services, argument, selected } = call;
	const given = isSelection(argument) ? selectedIn(services.tree) : withSelected(argument, selected);
	const tokens = await recordsOf(services, given);
	return tokens.length > 0 ? tokens : chooseTokens(services, wanted, services.tree.selected);
}

/** The tokens of a selection of several; empty when the command was started otherwise. */
export async function selectedTokens({
	services,
	argument,
	selected,
}: CommandCall<Pick<Services, "live" | "daemon" | "tree">>): Promise<TokenRecord[]> {
	const given = isSelection(argument) ? services.tree.selected : withSelected(argument, selected);
	return given.length > 1 ? await recordsOf(services, given) : [];
}

/** Empty: no token was given, or an unknown one, and the user wants to choose. @throws CancellationError */
async function recordsOf(
	services: Pick<Services, "live" | "daemon">,
	given: readonly unknown[],
): Promise<TokenRecord[]> {
	const ids = given.map(idOf).filter((id) => typeof id === "string");
	const records = await Promise.all([...new Set(ids)].map((id) => recordOf(services, id)));
	const known = records.filter((record) => record !== undefined);
	if (known.length === records.length) return known;
	const choose = l10n.t("Choose from the List");
	const unknown = l10n.t("No API token has the ID that this command was started with.");
	const answer = await showWarning(unknown, choose);
	if (answer === choose) return [];
	throw new vscode.CancellationError();
}

/** The list may not show yet what another window or a service has just created. undefined: unknown id. */
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

/** @param likely the tokens that are selected in the list: they come first */
export async function chooseToken(
	services: ListDeps,
	wanted: Wanted,
	likely: readonly TokenRecord[] = [],
): Promise<TokenRecord> {
	const rows = likelyFirst(await rowsFor(services, wanted), likely);
	const chosen = await vscode.window.showQuickPick(rows, {
		title: wanted.title,
		placeHolder: l10n.t("Which token?"),
		matchOnDescription: true,
		matchOnDetail: true,
	});
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.token;
}

async function chooseTokens(
	services: ListDeps,
	wanted: Wanted,
	likely: readonly TokenRecord[],
): Promise<TokenRecord[]> {
	const rows = likelyFirst(await rowsFor(services, wanted), likely);
	const prompts = new Prompts();
	try {
		const place = { title: wanted.title, step: 0, totalSteps: 0, canGoBack: false };
		const chosen = await prompts.many<TokenRecord>(place, {
			placeholder: l10n.t("Which tokens?"),
			rows: rows.map(({ token, ...row }) => ({ ...row, value: token })),
			// A single one may be selected because it was just created or shown.
			isPicked: ({ id }) => likely.length > 1 && likely.some((one) => one.id === id),
			problem: ({ length }) => (length === 0 ? l10n.t("choose at least one") : undefined),
		});
		if (chosen === back) throw new vscode.CancellationError();
		return chosen;
	} finally {
		prompts.dispose();
	}
}

function likelyFirst<Choice extends { token: TokenRecord }>(
	choices: readonly Choice[],
	likely: readonly TokenRecord[],
): Choice[] {
	const isLikely = ({ token }: Choice) => likely.some(({ id }) => id === token.id);
	return [...choices.filter(isLikely), ...choices.filter((choice) => !isLikely(choice))];
}

/** Waits for the list; shows progress only if that takes a while. */
export async function connect(live: LiveTokens): Promise<void> {
	if (live.state === "live") return;
	const connecting = live.whenLive();
	// VS Code shows a notification for a second or more, and it would cover the questions that follow.
	const first = await Promise.race([connecting, delay(silentMilliseconds, "slow", { ref: false })]);
	if (first !== "slow") return;
	await vscode.window.withProgress(
		{
			location: vscode.ProgressLocation.Notification,
			title: l10n.t("Connecting to the Tokensmith daemon…"),
		},
		() => connecting,
	);
}

async function rowsFor({ live, secrets, bindings }: ListDeps, wanted: Wanted) {
	const { among, needs } = wanted;
	await connect(live);
	const kept = new Set(among === "kept" ? await secrets.ids() : []);
	const fits = (token: TokenRecord) =>
		typeof among === "function"
			? among(token)
			: token.status !== "revoked" && (among === "all" || kept.has(token.id));
	const may = ({ id }: TokenRecord) => needs === undefined || (live.serverOf(id)?.may(needs) ?? true);
	const tokens = live.tokens.filter((token) => fits(token) && may(token)).toSorted(currentFirst);
	if (tokens.length > 0)
		return tokens.map((token) => ({
			...tokenRow(token, bindings.linesOf(token.id), { server: serverNameOf(live, token) }),
			token,
		}));
	void sayNone(wanted, live.tokens.length === 0);
	throw new vscode.CancellationError();
}

async function sayNone({ among, none, way = "create" }: Wanted, isEmpty: boolean): Promise<void> {
	const usual =
		among === "kept" && !isEmpty
			? l10n.t("This machine has not stored the secret of any token.")
			: l10n.t("There are no API tokens yet.");
	const command = way === "connect" ? "tokensmith.connectSystem" : "tokensmith.createToken";
	const button = way === "connect" ? l10n.t("Connect a System") : l10n.t("Create API Token");
	const isFirst = isEmpty && way === "create";
	// Where there are tokens, but none of the kind that the command needs, one more would not be of that kind.
	const isOffered = isFirst || way === "connect" || (way === "create" && none === undefined);
	const chosen = await showInformation(isFirst ? usual : (none ?? usual), ...(isOffered ? [button] : []));
	if (chosen === button) await vscode.commands.executeCommand(command);
}

/** Rotated tokens come last: the old secret is rarely wanted. */
export function currentFirst(one: TokenRecord, other: TokenRecord): number {
	const isRotated = ({ status }: TokenRecord) => Number(status === "retiring");
	return isRotated(one) - isRotated(other) || soonestFirst(one, other);
}

/** undefined: this machine has it. */
export function serverNameOf(live: Pick<LiveTokens, "serverOf">, { id }: { id: string }): string | undefined {
	return live.serverOf(id)?.server.name;
}

/** With what distinguishes tokens of the same name: server, state, partial token, and the lines that hold them. */
export function tokenRow(
	token: TokenRecord,
	lines: readonly Pick<EnvLine, "words">[],
	{ more = token.permissions.join(", "), server }: { more?: string; server?: string | undefined } = {},
): vscode.QuickPickItem {
	const now = Date.now();
	const state = stateInWords(token, urgencyOf(token, [], now), now);
	const details = [...lines.slice(0, mostLines).map(({ words }) => words), more].filter(
		(text) => text !== "",
	);
	return {
		label: labelText(token.name),
		description: labelText(
			[...(server === undefined ? [] : [server]), state, token.partialToken].join(" · "),
		),
		detail: labelText(details.join(" · ")),
	};
}

/** The argument of the key bindings in package.json. */
function isSelection(argument: unknown): boolean {
	return (
		typeof argument === "object" && argument !== null && "token" in argument && argument.token === "selected"
	);
}

/** A key pressed in the list acts on the list: it opens no choice of other tokens. @throws CancellationError */
function selectedIn({ selected }: { selected: readonly TokenRecord[] }): readonly TokenRecord[] {
	if (selected.length > 0) return selected;
	vscode.window.setStatusBarMessage(l10n.t("Select an API token in the list first."), 6000);
	throw new vscode.CancellationError();
}

export function idOf(given: unknown): unknown {
	return typeof given === "object" && given !== null && "id" in given ? given.id : given;
}

/** A menu applies to its own entry; the other selected ones count only if that one is selected too. */
export function withSelected(argument: unknown, selected: unknown): readonly unknown[] {
	if (!Array.isArray(selected)) return [argument];
	return selected.some((one) => idOf(one) === idOf(argument)) ? selected : [argument];
}
