/** `tokensmith completion SHELL`: the script that lets a shell complete commands. */
import { bash, fish, type ShellCompletion, zsh } from "@optique/core/completion";
import { defineCommand } from "./command.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage-error.ts";

export const shells: Readonly<Record<string, ShellCompletion>> = { bash, zsh, fish };

export const completion = defineCommand({
	name: "completion",
	argument: { value: "SHELL", offers: Object.keys(shells) },
	summary: "print the completion script for bash, zsh or fish",
	description:
		"Prints a script that completes commands, options and the names of tokens and permissions. To install it:",
	examples: [
		"tokensmith completion bash >~/.local/share/bash-completion/completions/tokensmith",
		"tokensmith completion zsh >~/.zsh/completions/_tokensmith",
		"tokensmith completion fish >~/.config/fish/completions/tokensmith.fish",
	],
	options: {},
	connects: false,
	stdin: "caller",
	async run({ word }) {
		const shell = Object.hasOwn(shells, word) ? shells[word] : undefined;
		if (shell === undefined) throw new UsageError("There is completion for bash, zsh and fish.");
		return print(shell.generateScript("tokensmith", ["complete", shell.name]));
	},
});
