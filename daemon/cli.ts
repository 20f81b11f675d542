/**
 * `tokensmith COMMAND`: the command line for people, scripts and CI. A client like any other: it uses only the daemon's API.
 * Secrets are never arguments, and none is shown on a terminal without --reveal.
 */

import { accessFromEnvironment } from "./cli/access.ts";
import { answerCompletion } from "./cli/answer-completion.ts";
import { connect, directoryOf, runningDaemonFile } from "./cli/connect.ts";
import { AmbiguousNameError, tokenIdOf, UnknownTokenError } from "./cli/names.ts";
import { inShell } from "./cli/other-data.ts";
import { print, printError, problemWords } from "./cli/output.ts";
import { type Parsed, parse } from "./cli/parse.ts";
import { refuseSecretsIn } from "./cli/secrets.ts";
import { UsageError } from "./cli/usage-error.ts";
import type { TokensmithClient } from "./client/client.ts";
import { seemsToHaveData } from "./client/delete-data.ts";
import { TokensmithProblemError, TokensmithUnavailableError } from "./client/transport.ts";
import type { ProblemCode } from "./facts.ts";

/** Defined by the build, from package.json. */
declare const tokensmithVersion: string;

/** Resolves to the exit code. */
export async function runCli(words: readonly string[]): Promise<number> {
	const args = withoutPrefix(words);
	let parsed: Parsed | undefined;
	try {
		refuseSecretsIn(args);
		if (args[0] === "complete") return await answerCompletion(args.slice(1));
		parsed = parse(args, tokensmithVersion);
		return await carryOut(parsed);
	} catch (error) {
		const { exitCode, ...problem } = explain(error, notFoundHint(parsed), startHint(parsed));
		printError(problem, args.includes("--json") ? "json" : "words");
		return exitCode;
	}
}

/** Scripts may still write `token create`, from when the daemon's program had commands of its own. */
function withoutPrefix(words: readonly string[]): readonly string[] {
	return words[0] === "token" ? words.slice(1) : words;
}

async function carryOut(parsed: Parsed): Promise<number> {
	if (parsed.kind === "text") return print(parsed.text);
	const { command, values, word } = parsed;
	let connecting: Promise<TokensmithClient> | undefined;
	const client = () => {
		connecting ??= connect(values, command.stdin);
		return connecting;
	};
	return command.run({
		values,
		word,
		format: values.json ? "json" : "words",
		dataDir: () => directoryOf(values),
		hasCredential: values["credential-stdin"] === true || accessFromEnvironment() !== undefined,
		daemonFile: () => runningDaemonFile(values),
		client,
		async target() {
			const connected = await client();
			return [connected, await tokenIdOf(connected, word, command.argument?.statuses ?? [])];
		},
	});
}

function notFoundHint(parsed: Parsed | undefined): string {
	const group = parsed?.kind === "command" ? parsed.group : undefined;
	return group?.notFoundHint ?? "'tokensmith list' shows the ids.";
}

/** Where a data directory that was named has data, and no daemon. */
function startHint(parsed: Parsed | undefined): string {
	const dataDir = parsed?.kind === "command" ? parsed.values["data-dir"] : undefined;
	if (dataDir === undefined || !seemsToHaveData(dataDir)) return "";
	return `\nTo start it: tokensmith daemon start --data-dir ${inShell(dataDir)}`;
}

const hints: Partial<Record<ProblemCode, string>> = {
	"credential-needed": "\nSet it in TOKENSMITH_CREDENTIAL, or give --credential-stdin.",
	"secret-unconfirmed": "\nIf it is, give --confirmed.",
	"credential-maybe-in-use": "\nIf it is not, give --not-the-credential.",
};

interface Explained {
	readonly exitCode: number;
	readonly code: string;
	readonly detail: string;
	readonly tokens?: readonly object[];
}

function explain(error: unknown, notFoundHint: string, startHint: string): Explained {
	if (error instanceof TokensmithProblemError) {
		const { code, status } = error.problem;
		const hint = code === "not-found" ? `\n${notFoundHint}` : (hints[code] ?? "");
		const detail = problemWords(error.problem) + hint;
		return { exitCode: [401, 403, 404].includes(status) ? 4 : 1, code, detail };
	}
	if (error instanceof UnknownTokenError)
		return { exitCode: 4, code: "not-found", detail: `${error.message}\n${notFoundHint}` };
	if (error instanceof AmbiguousNameError) {
		const tokens = error.tokens.map(({ id, name, status }) => ({ id, name, status }));
		return { exitCode: 2, code: "ambiguous-name", detail: error.message, tokens };
	}
	if (error instanceof TokensmithUnavailableError) {
		const hint = error.reason === "not-running" ? startHint : "";
		return { exitCode: 3, code: "unreachable", detail: error.message + hint };
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
