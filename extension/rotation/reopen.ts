/**
 * Offers to reopen the terminals that may hold an old secret, and to restart debugging, since running programs keep
 * their environment. Invariant: nothing is ended without consent.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { type GivenSecret, variablesOf } from "../launch/debug-configuration.ts";
import type { Services } from "../services.ts";

/** An old secret, and the new one with its token. */
export interface Replacement {
	token: TokenRecord;
	/** undefined: this machine has not stored it. */
	oldSecret: string | undefined;
	newSecret: string;
}

/** The terminals that were given the old secret, or whose folder has an env file that was changed. */
export function terminalsWithOld(
	lines: readonly Pick<EnvLine, "uri">[],
	replacements: readonly Replacement[],
): vscode.Terminal[] {
	const folders = new Set(
		lines.flatMap(({ uri }) => vscode.workspace.getWorkspaceFolder(uri)?.uri.toString() ?? []),
	);
	return vscode.window.terminals.filter(
		(terminal) =>
			terminal.exitStatus === undefined &&
			(replacements.some((replacement) => wasGiven(terminal, replacement)) ||
				folders.has(folderOf(terminal)?.uri.toString() ?? "")),
	);
}

/** Lets the user choose, ends the chosen terminals, and opens each again in its folder, with the new secrets. */
export async function reopenTerminals(
	terminals: readonly vscode.Terminal[],
	replacements: readonly Replacement[],
): Promise<void> {
	const rows = terminals.map((terminal) => ({
		label: labelText(terminal.name),
		description: labelText(cwdOf(terminal)?.fsPath ?? ""),
		picked: true,
		terminal,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title: l10n.t("Reopen Terminals"),
		placeHolder: l10n.t("Which terminals should be closed and reopened? Programs that run in them end."),
		canPickMany: true,
	});
	for (const { terminal } of chosen ?? []) reopen(terminal, replacements);
}

/**
 * VS Code restarts a program with its old environment, so a program that was given an old secret is started again
 * instead. That needs the same consent as any start with secrets, before the running program is ended.
 */
export async function restartDebugging(
	{ debugging }: Pick<Services, "debugging">,
	replacements: readonly Replacement[],
): Promise<void> {
	const session = rootSession();
	const given = session === undefined ? [] : givenIn(session.configuration, replacements);
	if (session === undefined || given.length === 0) {
		await vscode.commands.executeCommand("workbench.action.debug.restart");
		return;
	}
	const { workspaceFolder, configuration } = session;
	const renewed = await debugging.renewed(workspaceFolder, ownPartOf(configuration), given);
	if (renewed === undefined) return;
	await vscode.debug.stopDebugging(session);
	await vscode.debug.startDebugging(workspaceFolder, renewed);
}

/** The variables that hold an old secret, with the new one. */
function givenIn(config: vscode.DebugConfiguration, replacements: readonly Replacement[]): GivenSecret[] {
	return replacements.flatMap(({ oldSecret, newSecret: secret, token }) =>
		oldSecret === undefined ? [] : variablesOf(config, oldSecret).map((key) => ({ key, token, secret })),
	);
}

/** Without the properties of the ended session, such as its id. */
function ownPartOf({ type, request, name, ...more }: vscode.DebugConfiguration): vscode.DebugConfiguration {
	const own = Object.entries(more).filter(([key]) => !key.startsWith("__"));
	return { type, request, name, ...Object.fromEntries(own) };
}

/** A debugger may run each of a program's processes in a session below that of the program. */
function rootSession(): vscode.DebugSession | undefined {
	let session = vscode.debug.activeDebugSession;
	while (session?.parentSession !== undefined) session = session.parentSession;
	return session;
}

type Environment = Record<string, string | null | undefined>;

function reopen(terminal: vscode.Terminal, replacements: readonly Replacement[]): void {
	const { creationOptions } = terminal;
	// A terminal of another extension cannot be started again from here.
	if ("pty" in creationOptions) return;
	const cwd = cwdOf(terminal);
	const env = creationOptions.env && renewed(creationOptions.env, replacements);
	const fresh = vscode.window.createTerminal({
		...creationOptions,
		...(cwd && { cwd }),
		// VS Code would write the environment of a restored terminal to disk.
		...(env && { env, isTransient: true }),
	});
	terminal.dispose();
	fresh.show(true);
}

function renewed(env: Environment, replacements: readonly Replacement[]): Environment {
	const newOf = (value: string | null | undefined) =>
		replacements.find(({ oldSecret }) => oldSecret !== undefined && oldSecret === value)?.newSecret ?? value;
	return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, newOf(value)]));
}

function wasGiven({ creationOptions }: vscode.Terminal, replacement: Replacement): boolean {
	return !("pty" in creationOptions) && holdsOld(creationOptions.env ?? {}, replacement);
}

function holdsOld(env: Environment, { oldSecret }: Replacement): boolean {
	return oldSecret !== undefined && Object.values(env).includes(oldSecret);
}

function folderOf(terminal: vscode.Terminal): vscode.WorkspaceFolder | undefined {
	if ("pty" in terminal.creationOptions) return undefined;
	const cwd = cwdOf(terminal);
	// By default, a terminal starts in the first folder.
	return cwd === undefined
		? vscode.workspace.workspaceFolders?.[0]
		: vscode.workspace.getWorkspaceFolder(cwd);
}

function cwdOf({ shellIntegration, creationOptions }: vscode.Terminal): vscode.Uri | undefined {
	if (shellIntegration?.cwd !== undefined) return shellIntegration.cwd;
	const cwd = "cwd" in creationOptions ? creationOptions.cwd : undefined;
	return typeof cwd === "string" ? vscode.Uri.file(cwd) : cwd;
}
