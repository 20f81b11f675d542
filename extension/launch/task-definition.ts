/** What a task of the type `tokensmith` says, read with the distrust that a file of the workspace deserves. Knows no VS Code. */
import { isAbsolute, join } from "node:path";
import * as l10n from "@vscode/l10n";
import { type Need, NeedsError, readNeeds } from "./token-needs.ts";

export const taskType = "tokensmith";

export interface TokenTask {
	/** A line for the shell, or with `args` a program. */
	readonly command: string;
	readonly args: readonly string[] | undefined;
	readonly cwd: string;
	readonly needs: readonly Need[];
}

/** @param folder where the workspace folder is on disk. @throws NeedsError */
export function readTask(definition: Readonly<Record<string, unknown>>, folder: string): TokenTask {
	const { command, args, cwd = "", tokens } = definition;
	if (typeof command !== "string" || command.trim() === "")
		throw new NeedsError(l10n.t("The task says no command."));
	if (args !== undefined && !(Array.isArray(args) && args.every((argument) => typeof argument === "string")))
		throw new NeedsError(l10n.t("The arguments of the task must be a list of texts."));
	if (typeof cwd !== "string") throw new NeedsError(l10n.t("The folder of the task must be a path."));
	return { command, args, cwd: isAbsolute(cwd) ? cwd : join(folder, cwd), needs: readNeeds(tokens) };
}

/** What runs, as a person would type it. */
export function commandLine({ command, args }: Pick<TokenTask, "command" | "args">): string {
	const quotedArguments = (args ?? []).map((text) =>
		/^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text),
	);
	return [command, ...quotedArguments].join(" ");
}

/** Without what VS Code tells its own programs, which would mislead another Node or Electron. */
export function environmentFor(
	own: Readonly<Record<string, string | undefined>>,
	secrets: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
	const rest = Object.entries(own).filter(([name]) => !/^(?:VSCODE_|ELECTRON_)/.test(name));
	// Without a terminal of its own a program prints no colours unless it is told to.
	return { FORCE_COLOR: "1", ...Object.fromEntries(rest), ...secrets };
}
