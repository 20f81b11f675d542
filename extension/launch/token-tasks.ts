/**
 * Tasks of the type `tokensmith`: a command with the secrets of tokens in its environment. tasks.json names the tokens;
 * the secrets are added when the task runs, after the user's consent.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import { quoted } from "../display-text.ts";
import { type HandOutDeps, handOut } from "./hand-out.ts";
import { commandLine, readTask, type TokenTask, taskType } from "./task-definition.ts";
import { TaskTerminal } from "./task-terminal.ts";
import { NeedsError } from "./token-needs.ts";

interface TokenTasksDeps extends HandOutDeps {
	onFailure(error: unknown): void;
}

export function registerTokenTasks(deps: TokenTasksDeps): vscode.Disposable {
	return vscode.tasks.registerTaskProvider(taskType, {
		// Only tasks from tasks.json are offered: which command needs which token cannot be guessed.
		provideTasks: () => [],
		resolveTask: (task) => runnable(task, deps),
	});
}

/** The task with its execution. Nothing is read, asked or passed before it runs. */
export function runnable(
	{ definition, scope = vscode.TaskScope.Workspace, name, problemMatchers }: vscode.Task,
	deps: TokenTasksDeps,
): vscode.Task {
	const execution = new vscode.CustomExecution(
		async (resolved) =>
			new TaskTerminal({
				prepare: () => prepare(deps, { definition: resolved, scope, name }),
				onFailure: deps.onFailure,
			}),
	);
	return new vscode.Task(definition, scope, name, taskType, execution, problemMatchers);
}

type Asked = Required<Pick<vscode.Task, "definition" | "name">> & {
	scope: vscode.WorkspaceFolder | vscode.TaskScope;
};

async function prepare(
	deps: TokenTasksDeps,
	{ definition, scope, name }: Asked,
): Promise<{ task: TokenTask; secrets: Record<string, string> }> {
	const folder = folderOf(scope);
	const task = readTask(definition, folder.uri.fsPath);
	const { tokens: _, ...rest } = definition;
	const secrets = await handOut(deps, {
		who: l10n.t("The task {0}", quoted(name)),
		lines: [commandLine(task), l10n.t("in {0}", task.cwd)],
		content: { ...rest, folder: folder.uri.toString(), cwd: task.cwd },
		needs: task.needs,
	});
	return { task, secrets };
}

function folderOf(scope: vscode.WorkspaceFolder | vscode.TaskScope): vscode.WorkspaceFolder {
	const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
	if (folder === undefined || folder.uri.scheme !== "file")
		throw new NeedsError(l10n.t("This task requires a workspace folder on disk."));
	return folder;
}
