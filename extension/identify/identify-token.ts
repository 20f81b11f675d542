/**
 * Identifies a pasted or selected text: which token it is, what the token may do, where it is used, or why a call
 * failed. Offline first, then by hash with the daemon. Invariant: the text is discarded before any request, and no
 * label contains it.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { listInWords } from "../../daemon/language.ts";
import type { CommandCall, CommandTable } from "../command.ts";
import { waysOf } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { secretOn } from "../env/env-lines.ts";
import { explain } from "../failure.ts";
import type { Services } from "../services.ts";
import { idOf } from "../tokens/token-choice.ts";
import { showRemark } from "../wizard/selection.ts";
import { answerTo, plainHeadline } from "./answer.ts";
import type { Action, Answer, AnswerRow, Known } from "./answer-rows.ts";
import { askForText } from "./identify-input.ts";
import { type Pasted, readPasted } from "./pasted-text.ts";

export type IdentifyDeps = Pick<Services, "live" | "daemon" | "bindings" | "secrets" | "connections">;

const title = () => l10n.t("Identify Token");

export const identifyCommands: CommandTable<IdentifyDeps> = {
	identify: {
		failed: () => l10n.t("Nothing was identified."),
		run: identifyToken,
	},
};

export async function identifyToken(call: CommandCall<IdentifyDeps>): Promise<void> {
	let pasted: Pasted | undefined = await pastedFor(call);
	while (pasted !== undefined) {
		const action: Action<EnvLine> | undefined = await showAnswer(call.services, pasted);
		pasted = action === undefined ? undefined : await runAction(action, pasted);
	}
}

async function pastedFor({ services, argument }: CommandCall<Pick<Services, "live">>): Promise<Pasted> {
	const prefixes = [...services.live.policies.map(({ secretPrefix }) => secretPrefix), "tks"];
	if (isOfLine(argument)) return readPasted(await secretOn(argument.line), prefixes);
	const id = idOf(argument);
	if (typeof id === "string" && services.live.tokens.some((token) => token.id === id))
		return readPasted(id, []);
	const remark = (text: string) =>
		plainHeadline(answerTo(readPasted(text, prefixes), nothingKnown, Date.now()));
	return readPasted(await askForText({ title: title(), remark }), prefixes);
}

/** Resolves to what the user wants to do next; undefined: nothing more. */
async function showAnswer(deps: IdentifyDeps, pasted: Pasted): Promise<Action<EnvLine> | undefined> {
	const list = vscode.window.createQuickPick<RowItem>();
	const { promise, resolve, reject } = Promise.withResolvers<Action<EnvLine> | undefined>();
	list.title = title();
	list.placeholder = l10n.t("Choose what to do next.");
	list.ignoreFocusOut = true;
	list.matchOnDescription = true;
	list.matchOnDetail = true;
	list.onDidHide(() => resolve(undefined));
	list.onDidAccept(() => {
		const action = list.selectedItems[0]?.action;
		if (action !== undefined) resolve(action);
	});
	const show = (known: Known<EnvLine>) => fill(list, answerTo(pasted, known, Date.now()));
	show(nothingKnown);
	list.busy = true;
	list.show();
	lookUp(deps, pasted, show)
		.catch(reject)
		.finally(() => {
			list.busy = false;
		});
	try {
		return await promise;
	} finally {
		list.dispose();
	}
}

/** First what the daemon knows, then where the token is used, since there may be many env files. */
async function lookUp(
	{ live, daemon, bindings, secrets, connections }: IdentifyDeps,
	pasted: Pasted,
	show: (known: Known<EnvLine>) => void,
): Promise<void> {
	const asked = [...pasted.own, ...pasted.foreign, ...(pasted.unknown === undefined ? [] : [pasted.unknown])];
	try {
		await live.whenLive();
		const found = asked.length === 0 ? {} : await (await daemon.client()).identify(asked);
		const kept = new Set(await secrets.ids());
		const known = (files: Known<EnvLine>["files"]) => ({
			...knownBy({ live, bindings, connections }, found, kept),
			files,
		});
		show(known(vscode.workspace.isTrusted ? "scanning" : "unread"));
		await bindings.whenReady();
		show(known(vscode.workspace.isTrusted ? "ready" : "unread"));
	} catch (error) {
		// Shown in the list, next to what is known without the daemon.
		show({ ...nothingKnown, problem: explain(error).text });
	}
}

function knownBy(
	{ live, bindings, connections }: Pick<IdentifyDeps, "live" | "bindings" | "connections">,
	found: Readonly<Record<string, TokenRecord>>,
	kept: ReadonlySet<string>,
): Omit<Known<EnvLine>, "files"> {
	const lines = bindings.files.flatMap((file) => file.lines);
	return {
		...{ found, tokens: live.tokens, problem: notAsked(live) },
		isKept: (id) => kept.has(id),
		placeOf: ({ id }) => live.serverOf(id)?.server.name,
		waysOf: (token) => waysOf(connections, token),
		linesWith: (hash) => lines.filter((line) => line.hash === hash),
		linesOf: (id) => bindings.linesOf(id),
	};
}

/** A server that can't be reached may have the token. */
function notAsked({ servers }: Pick<LiveTokens, "servers">): string | undefined {
	const names = servers.filter(({ state }) => state !== "live").map(({ server }) => server.name);
	if (names.length === 0) return undefined;
	return l10n.t("Not asked, since not reached: {0}.", listInWords(names));
}

const nothingKnown: Known<EnvLine> = {
	...{ found: undefined, tokens: [], problem: undefined, files: "scanning" },
	isKept: () => false,
	linesWith: () => [],
	linesOf: () => [],
	placeOf: () => undefined,
	waysOf: () => ({ rotate: "none", revoke: "none", change: false, restore: false }),
};

interface RowItem extends vscode.QuickPickItem {
	action?: Action<EnvLine> | undefined;
}

function fill(list: vscode.QuickPick<RowItem>, answer: Answer<EnvLine>): void {
	const active = list.activeItems[0]?.label;
	const headline = plainHeadline(answer);
	const verdict = showRemark(list, headline) ? [] : [{ label: headline, alwaysShow: true }];
	list.items = [...verdict, ...answer.rows.map(itemOf)];
	// The selection stays while more results come in.
	const again = list.items.find(({ label }) => label === active);
	if (again !== undefined) list.activeItems = [again];
}

function itemOf({ label, description, detail, section, action }: AnswerRow<EnvLine>): RowItem {
	if (section) return { label, kind: vscode.QuickPickItemKind.Separator };
	return {
		...{ label, action, alwaysShow: true },
		...(description !== undefined && { description }),
		...(detail !== undefined && { detail }),
	};
}

/** Resolves to what to show next. */
async function runAction(action: Action<EnvLine>, pasted: Pasted): Promise<Pasted | undefined> {
	if (action.kind === "again") return pasted;
	if (action.kind === "token") return readPasted(action.id, []);
	if (action.kind === "line") await openLine(action.line);
	else {
		const given = action.id === undefined ? [] : [{ id: action.id }];
		await vscode.commands.executeCommand(action.command, ...given);
	}
	return undefined;
}

function isOfLine(argument: unknown): argument is { line: EnvLine } {
	return typeof argument === "object" && argument !== null && "line" in argument;
}
