/**
 * `node daemon.js token …` and `permission …`: the command line for scripts and CI. A client like any other: it uses only the daemon's API.
 * Secrets are never arguments, and none is shown on a terminal without --reveal.
 */

import { addSecret } from "./cli/add-secret.ts";
import { address } from "./cli/address.ts";
import { cleanUp } from "./cli/clean-up.ts";
import { type Command, exitCodes } from "./cli/command.ts";
import { connections } from "./cli/connections.ts";
import { create } from "./cli/create.ts";
import { disable, enable } from "./cli/disable.ts";
import { edit } from "./cli/edit.ts";
import { identify } from "./cli/identify.ts";
import { list } from "./cli/list.ts";
import { print, printError, problemWords } from "./cli/output.ts";
import { endOverlap, undoRotation } from "./cli/overlap.ts";
import { permissionCommands } from "./cli/permission.ts";
import { probe } from "./cli/probe.ts";
import { register } from "./cli/register.ts";
import { revoke } from "./cli/revoke.ts";
import { rotate } from "./cli/rotate.ts";
import { refuseSecretsIn } from "./cli/secrets.ts";
import { setup } from "./cli/setup.ts";
import { show } from "./cli/show.ts";
import { UsageError } from "./cli/usage-error.ts";
import { verify } from "./cli/verify.ts";
import { TokensmithProblemError, TokensmithUnavailableError } from "./client/transport.ts";
import type { ProblemCode } from "./facts.ts";

const tokenCommands: Record<string, Command> = {
	create,
	list,
	show,
	edit,
	rotate,
	"undo-rotation": undoRotation,
	"end-overlap": endOverlap,
	disable,
	enable,
	revoke,
	verify,
	identify,
	register,
	"add-secret": addSecret,
	connections,
	probe,
	setup,
	"clean-up": cleanUp,
	address,
};

interface Program {
	name: string;
	about: string;
	commands: Record<string, Command>;
	/** Where the names are that the daemon does not find. */
	hint: string;
}

const token: Program = {
	name: "token",
	about:
		"Works with the API tokens of a running daemon. 'permission --help' is about the permissions that they may have.",
	commands: tokenCommands,
	hint: "'token list' shows the ids.",
};

const permission: Program = {
	name: "permission",
	about: "Works with the permissions that the local tokens of a running daemon may have.",
	commands: permissionCommands,
	hint: "'permission list' shows them.",
};

function helpOf({ name, about, commands }: Program): string {
	const lines = Object.entries(commands).map(([word, { summary }]) => `  ${word.padEnd(15)}${summary}`);
	return `Usage: node daemon.js ${name} COMMAND [OPTION]...

${about}

${lines.join("\n")}

'node daemon.js ${name} COMMAND --help' describes a command.

${exitCodes}`;
}

/** @param args those after `token`, or from `permission` on. Resolves to the exit code. */
export async function runCli(args: string[]): Promise<number> {
	const program = args[0] === "permission" ? permission : token;
	const { commands } = program;
	try {
		refuseSecretsIn(args);
		const [name = "--help", ...rest] = program === permission ? args.slice(1) : args;
		if (name === "--help" || name === "-h" || name === "help") return await print(helpOf(program));
		const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
		if (command === undefined) {
			const known = Object.keys(commands).join(", ");
			throw new UsageError(`Unknown command. The commands are: ${known}.`);
		}
		return await command.run(rest);
	} catch (error) {
		const { exitCode, ...problem } = explain(error, program.hint);
		printError(problem, args.includes("--json") ? "json" : "words");
		return exitCode;
	}
}

const hints: Partial<Record<ProblemCode, string>> = {
	"credential-needed": "\nSet it in TOKENSMITH_CREDENTIAL, or give --credential-stdin.",
	"secret-unconfirmed": "\nIf it is, give --confirmed.",
	"credential-maybe-in-use": "\nIf it is not, give --not-the-credential.",
};

function explain(error: unknown, notFoundHint: string): { exitCode: number; code: string; detail: string } {
	if (error instanceof TokensmithProblemError) {
		const { code, status } = error.problem;
		const hint = code === "not-found" ? `\n${notFoundHint}` : (hints[code] ?? "");
		const detail = problemWords(error.problem) + hint;
		return { exitCode: [401, 403, 404].includes(status) ? 4 : 1, code, detail };
	}
	if (error instanceof TokensmithUnavailableError) {
		return { exitCode: 3, code: "unreachable", detail: error.message };
	}
	const detail = error instanceof Error ? error.message : String(error);
	if (error instanceof UsageError) {
		return {
			exitCode: 2,
			code: "usage",
			detail: `${detail}\nRun the command with --help to see its options.`,
		};
	}
	return { exitCode: 1, code: "failed", detail };
}
