/**
 * `tokensmith COMMAND`: the command line for people, scripts and CI. A client like any other: it uses only the daemon's API.
 * Secrets are never arguments, and none is shown on a terminal without --reveal.
 */

import { accessFromEnvironment } from "./cli/access.ts";
import { connect, directoryOf } from "./cli/connect.ts";
import { print, printError, problemWords } from "./cli/output.ts";
import { type Parsed, parse } from "./cli/parse.ts";
import { refuseSecretsIn } from "./cli/secrets.ts";
import { UsageError } from "./cli/usage-error.ts";
import { TokensmithProblemError, TokensmithUnavailableError } from "./client/transport.ts";
import type { ProblemCode } from "./facts.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

/** Resolves to the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
	let parsed: Parsed | undefined;
	try {
		refuseSecretsIn(args);
		parsed = parse(args, tokensmithVersion);
		return await carryOut(parsed);
	} catch (error) {
		const { exitCode, ...problem } = explain(error, notFoundHint(parsed));
		printError(problem, args.includes("--json") ? "json" : "words");
		return exitCode;
	}
}

async function carryOut(parsed: Parsed): Promise<number> {
	if (parsed.kind === "text") return print(parsed.text);
	const { command, values, word } = parsed;
	return command.run({
		values,
		word,
		format: values.json ? "json" : "words",
		dataDir: () => directoryOf(values),
		hasCredential: values["credential-stdin"] === true || accessFromEnvironment() !== undefined,
		client: () => connect(values, command.stdin),
	});
}

function notFoundHint(parsed: Parsed | undefined): string {
	const group = parsed?.kind === "command" ? parsed.group : undefined;
	return group?.notFoundHint ?? "'tokensmith list' shows the ids.";
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
