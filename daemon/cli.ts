/**
 * `tokensmith COMMAND`: the command line for people, scripts and CI. A client like any other: it uses only the daemon's API.
 * Secrets are never arguments, and none is shown on a terminal without --reveal.
 */

import { accessFromEnvironment } from "./cli/access.ts";
import { answerCompletion } from "./cli/answer-completion.ts";
import { connect, directoryOf, localDirectory, placeOf, runningDaemonFile } from "./cli/connect.ts";
import { AmbiguousNameError, tokenIdOf, UnknownTokenError } from "./cli/names.ts";
import { inShell } from "./cli/other-data.ts";
import { print, printError, problemWords } from "./cli/output.ts";
import { type Parsed, parse } from "./cli/parse.ts";
import { NotAllowedError } from "./cli/rights.ts";
import { refuseSecretsIn } from "./cli/secrets.ts";
import { UsageError } from "./cli/usage-error.ts";
import type { TokensmithClient } from "./client/client.ts";
import { seemsToHaveData } from "./client/delete-data.ts";
import {
	parseServerAddress,
	ServerError,
	type ServerProblem,
	serverProblemOf,
} from "./client/prove-server.ts";
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
		const { exitCode, ...problem } = explain(aboutServer(error, parsed), hintsFor(parsed));
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
		dataDir: () => (command.connects === false ? localDirectory(values) : directoryOf(values)),
		place: () => placeOf(values),
		hasCredential: values["credential-stdin"] === true || accessFromEnvironment() !== undefined,
		daemonFile: () => runningDaemonFile(values),
		client,
		async target() {
			const connected = await client();
			return [connected, await tokenIdOf(connected, word, command.argument?.statuses ?? [])];
		},
	});
}

interface Hints {
	readonly notFound: string;
	readonly start: string;
	readonly login: string;
}

function hintsFor(parsed: Parsed | undefined): Hints {
	return { notFound: notFoundHint(parsed), start: startHint(parsed), login: loginHint(parsed) };
}

/** Where the token that was kept for a server is one no more. */
function loginHint(parsed: Parsed | undefined): string {
	const context = parsed?.kind === "command" ? serverOf(parsed)?.context : undefined;
	if (context === undefined) return "";
	return `\nTo log in with another token: tokensmith login ${inShell(parseServerAddress(context.url).text)} --name ${context.name}`;
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

/** An error in a connection to a server, by what is wrong with the server, where nothing was sent. */
function aboutServer(error: unknown, parsed: Parsed | undefined): unknown {
	const place = parsed?.kind === "command" ? serverOf(parsed) : undefined;
	const reason = serverProblemOf(error);
	if (place === undefined || reason === undefined) return error;
	if ((error as TokensmithUnavailableError).outcome === "unknown") return error;
	return new ServerError(reason, parseServerAddress(place.url).host, { cause: error });
}

/** The server that the command speaks to, if it is one for sure. */
function serverOf({ values, command }: Extract<Parsed, { kind: "command" }>) {
	if (command.connects === false) return undefined;
	try {
		const { url, context } = placeOf(values);
		if (url === undefined || !(context !== undefined || url.startsWith("https:"))) return undefined;
		parseServerAddress(url);
		return { url, context };
	} catch {
		// The error that is to be explained says what is wrong.
		return undefined;
	}
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

function explain(error: unknown, hint: Hints): Explained {
	if (error instanceof TokensmithProblemError) {
		const { code, status } = error.problem;
		const next = code === "not-found" ? `\n${hint.notFound}` : (hints[code] ?? "");
		const detail = problemWords(error.problem) + next + (status === 401 ? hint.login : "");
		return { exitCode: [401, 403, 404].includes(status) ? 4 : 1, code, detail };
	}
	if (error instanceof UnknownTokenError)
		return { exitCode: 4, code: "not-found", detail: `${error.message}\n${hint.notFound}` };
	if (error instanceof AmbiguousNameError) {
		const tokens = error.tokens.map(({ id, name, status }) => ({ id, name, status }));
		return { exitCode: 2, code: "ambiguous-name", detail: error.message, tokens };
	}
	if (error instanceof NotAllowedError) return { exitCode: 4, code: "owner-only", detail: error.message };
	if (error instanceof ServerError)
		return { exitCode: exitCodeOf(error), code: error.reason, detail: error.message };
	if (error instanceof TokensmithUnavailableError) {
		const next = error.reason === "not-running" ? hint.start : "";
		return { exitCode: 3, code: "unreachable", detail: error.message + next };
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

function exitCodeOf({ reason }: ServerError): number {
	if (reason.startsWith("token-")) return 4;
	return addressProblems.has(reason) ? 2 : 3;
}

const addressProblems: ReadonlySet<ServerProblem> = new Set([
	...(["not-an-address", "has-credentials", "has-query", "not-encrypted", "unidentified"] as const),
]);
