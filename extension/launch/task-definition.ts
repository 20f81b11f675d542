/**
 * Parses a task of the type `tokensmith`. The definition comes from a workspace file and is not trusted. Knows no VS
 * Code.
 */
import { isAbsolute, join } from "node:path";
import * as l10n from "@vscode/l10n";
import { type Need, NeedsError, readNeeds } from "./token-needs.ts";

export const taskType = "tokensmith";

export interface TokenTask {
	/** A command line for the shell, or a program if `args` is set. */
	readonly command: string;
	readonly args: readonly string[] | undefined;
	readonly cwd: string;
	readonly needs: readonly Need[];
}

/** @param folder path of the workspace folder on disk. @throws NeedsError */
export function readTask(definition: Readonly<Record<string, unknown>>, folder: string): TokenTask {
	const { command, args, cwd = "", tokens } = definition;
	if (typeof command !== "string" || command.trim() === "")
		throw new NeedsError(l10n.t("The task has no command."));
	if (args !== undefined && !(Array.isArray(args) && args.every((argument) => typeof argument === "string")))
		throw new NeedsError(l10n.t("The arguments of the task must be a list of strings."));
	if (typeof cwd !== "string") throw new NeedsError(l10n.t("The folder of the task must be a path."));
	return { command, args, cwd: isAbsolute(cwd) ? cwd : join(folder, cwd), needs: readNeeds(tokens) };
}

/** What runs, as a user would type it. */
export function commandLine({ command, args }: Pick<TokenTask, "command" | "args">): string {
	const quotedArguments = (args ?? []).map((text) =>
		/^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text),
	);
	return [command, ...quotedArguments].join(" ");
}

/** Without variables that VS Code sets for its own programs, which would mislead another Node or Electron. */
export function environmentFor(
	own: Readonly<Record<string, string | undefined>>,
	secrets: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
	const rest = Object.entries(own).filter(([name]) => !/^(?:VSCODE_|ELECTRON_)/.test(name));
	// A program without a terminal prints no colors unless told to.
	return { FORCE_COLOR: "1", ...Object.fromEntries(rest), ...secrets };
}
