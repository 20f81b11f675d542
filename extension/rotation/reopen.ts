/**
 * What runs already keeps the environment that it was started with. Offers to reopen the terminals that may hold an
 * old secret and to restart debugging. Invariant: nothing is ended without a yes.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import type { EnvLine } from "../env/bindings.ts";
import { type GivenSecret, variablesOf } from "../launch/debug-configuration.ts";
import type { Services } from "../services.ts";

/** A secret that is out of use, and the one in its place, with its token. */
export interface Replacement {
	token: TokenRecord;
	/** Undefined: this machine has not kept it. */
	oldSecret: string | undefined;
	newSecret: string;
}

/** The terminals that were given the old secret, or that stand in a folder whose env file was changed. */
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

/** Lets the person choose, ends the chosen ones, and opens each again where it was, with the new secrets. */
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
		placeHolder: l10n.t("Which terminals are closed and opened again? What runs in them ends."),
		canPickMany: true,
	});
	for (const { terminal } of chosen ?? []) reopen(terminal, replacements);
}

/**
 * VS Code restarts a program with the environment that it had, so that one that was given an old secret begins anew.
 * That goes through the same consent as any start with secrets, before what runs is ended.
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

/** The variables that hold an old secret, with those in their place. */
function givenIn(config: vscode.DebugConfiguration, replacements: readonly Replacement[]): GivenSecret[] {
	return replacements.flatMap(({ oldSecret, newSecret: secret, token }) =>
		oldSecret === undefined ? [] : variablesOf(config, oldSecret).map((key) => ({ key, token, secret })),
	);
}

/** Without what belongs to the session that has ended, such as its id. */
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
	// Somebody else's program behind a terminal cannot be started again from here.
	if ("pty" in creationOptions) return;
	const cwd = cwdOf(terminal);
	const env = creationOptions.env && renewed(creationOptions.env, replacements);
	const fresh = vscode.window.createTerminal({
		...creationOptions,
		...(cwd && { cwd }),
		// One that comes back after a reload would have its environment on disk until then.
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
	// Where nothing else was said, a terminal starts in the first folder.
	return cwd === undefined
		? vscode.workspace.workspaceFolders?.[0]
		: vscode.workspace.getWorkspaceFolder(cwd);
}

function cwdOf({ shellIntegration, creationOptions }: vscode.Terminal): vscode.Uri | undefined {
	if (shellIntegration?.cwd !== undefined) return shellIntegration.cwd;
	const cwd = "cwd" in creationOptions ? creationOptions.cwd : undefined;
	return typeof cwd === "string" ? vscode.Uri.file(cwd) : cwd;
}
