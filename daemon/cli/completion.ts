/** `tokensmith completion SHELL`: the script that lets a shell complete commands. */
import type { ShellCompletion } from "@optique/core/completion";
import { defineCommand } from "./command.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** Undefined for another shell. The scripts are loaded only here: every other command starts faster without. */
export async function shellNamed(name: string): Promise<ShellCompletion | undefined> {
	const found = shells.find((one) => one === name);
	return found && (await import("@optique/core/completion"))[found];
}

export const completion = defineCommand({
	name: "completion",
	argument: { value: "SHELL", offers: shells },
	summary: "print the completion script for bash, zsh or fish",
	description:
		"Prints a script that completes commands, options and the names of tokens and permissions. Write it to the folder where your shell finds such scripts; for zsh, 'fpath+=(~/.zsh/completions)' before 'compinit' in ~/.zshrc names this one. Make the folder first if there is none:",
	examples: [
		"mkdir -p ~/.local/share/bash-completion/completions",
		"tokensmith completion bash >~/.local/share/bash-completion/completions/tokensmith",
		"tokensmith completion zsh >~/.zsh/completions/_tokensmith",
		"tokensmith completion fish >~/.config/fish/completions/tokensmith.fish",
	],
	options: {},
	connects: false,
	stdin: "caller",
	async run({ word }) {
		const shell = await shellNamed(word);
		if (shell === undefined) throw new UsageError("There is completion for bash, zsh and fish.");
		return print(shell.generateScript("tokensmith", ["complete", shell.name]));
	},
});
