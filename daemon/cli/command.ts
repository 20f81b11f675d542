/** The part common to all commands: parsing arguments and connecting to the daemon. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { createTokensmithClient, type TokensmithClient } from "../client/client.ts";
import { type DaemonPlace, ownDataDirectory, ownPlace } from "../client/own-directory.ts";
import { visibleCharacter } from "../facts.ts";
import { accessFromEnvironment, accessFromInput } from "./access.ts";
import { print } from "./output.ts";
import { readSecret } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

export const exitCodes = `Exit codes: 0 done; 1 failed, nothing was changed unless it says so; 2 wrong usage; 3 the daemon can't be reached;
4 refused: the token is not valid for the request, or is unknown.`;

const connectionHelp = `  --data-dir DIR      the daemon's data directory, by default your own (or TOKENSMITH_DATA_DIR); acts as its owner
  --url URL           the daemon's address with its identity, from 'token address' (or TOKENSMITH_URL); acts with the
                      token in TOKENSMITH_TOKEN
  --token-stdin       acts with the token whose secret is the first line of standard input
  --credential-stdin  for a token of a connection: standard input holds its credential (or TOKENSMITH_CREDENTIAL), and
                      NAME=VALUE for each question of the system, such as a password (or TOKENSMITH_ANSWER_NAME)
  --json              answers, and fails, with JSON
  --help`;

const connection = {
	"data-dir": { type: "string" },
	url: { type: "string" },
	"token-stdin": { type: "boolean" },
	"credential-stdin": { type: "boolean" },
	json: { type: "boolean" },
	help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

interface ParseConfig<Options extends ParseArgsOptionsConfig> {
	args: string[];
	options: Options & typeof connection;
	allowPositionals: true;
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
	typeof parseArgs<ParseConfig<Options>>
>["values"];

/** The parsed arguments of a command. */
export interface Given<Options extends ParseArgsOptionsConfig> {
	readonly values: Values<Options>;
	/** The command's one argument, an id or a name; empty for commands without one. */
	readonly word: string;
	readonly format: "json" | "words";
	/** Whether the credential of a connection is given. */
	readonly hasCredential: boolean;
	/** The data directory: that of the option, else the user's own. @throws UsageError with --url */
	dataDir(): string;
	client(): Promise<TokensmithClient>;
}

export interface Command {
	readonly summary: string;
	run(args: string[]): Promise<number>;
}

export interface CommandDefinition<Options extends ParseArgsOptionsConfig> {
	/** The word before `usage`; by default `token`. */
	program?: "token" | "permission";
	/** `show ID`. */
	usage: string;
	summary: string;
	/** The help text above the options. */
	description: string;
	/** A line for each of `options`. */
	optionsHelp: string;
	options: Options;
	/** The content of standard input: the caller's token, if any, or the secrets that the command works on. */
	stdin: "caller" | "secrets";
	run(given: Given<Options>): Promise<number>;
}

export function defineCommand<const Options extends ParseArgsOptionsConfig>(
	definition: CommandDefinition<Options>,
): Command {
	return {
		summary: definition.summary,
		async run(args) {
			const { values, positionals } = read(definition, args);
			const common = values as CommonValues;
			if (common.help) return print(helpOf(definition));
			return definition.run({
				values,
				word: theWord(definition, positionals),
				format: common.json ? "json" : "words",
				dataDir: () => directoryOf(common),
				hasCredential: common["credential-stdin"] === true || accessFromEnvironment() !== undefined,
				client: () => connect(common, definition.stdin),
			});
		},
	};
}

type CommonValues = Partial<
	Record<"data-dir" | "url", string> & Record<"token-stdin" | "credential-stdin" | "json" | "help", boolean>
>;

function read<Options extends ParseArgsOptionsConfig>(
	definition: CommandDefinition<Options>,
	args: string[],
) {
	try {
		const options = { ...definition.options, ...connection };
		return parseArgs<ParseConfig<Options>>({ args, options, allowPositionals: true });
	} catch (error) {
		if (!(error instanceof TypeError) || !("code" in error)) throw error;
		const [what = ""] = error.message.split(". ");
		throw new UsageError(what, { cause: error });
	}
}

function theWord(
	{ usage, stdin }: Pick<CommandDefinition<ParseArgsOptionsConfig>, "usage" | "stdin">,
	words: string[],
): string {
	const [, argument] = usage.split(" ");
	const least = argument === undefined ? 0 : 1;
	if (words.length === least) return given(usage, argument, words[0]);
	if (argument === undefined) {
		const hint = stdin === "secrets" ? " Secrets are read from standard input." : "";
		throw new UsageError(`This command takes no argument besides its options.${hint}`);
	}
	throw new UsageError(`This command takes one ${argument}${words.length > 1 ? ", not several" : ""}.`);
}

/** With an empty argument, the path of the request would be that of another one. */
function given(usage: string, argument: string | undefined, word = ""): string {
	if (argument === undefined || visibleCharacter.test(word)) return word;
	throw new UsageError(`The argument is empty, but an id or a name is needed: ${usage}.`);
}

function helpOf(definition: CommandDefinition<ParseArgsOptionsConfig>): string {
	const { program = "token", usage, description, optionsHelp } = definition;
	const options = [optionsHelp, connectionHelp].filter((text) => text !== "").join("\n");
	return `Usage: node daemon.js ${program} ${usage} [OPTION]...\n\n${description}\n\n${options}\n\n${exitCodes}`;
}

async function connect(values: CommonValues, stdin: "caller" | "secrets"): Promise<TokensmithClient> {
	const place = placeOf(values);
	checkInput(values, stdin);
	const token = values["token-stdin"]
		? await readSecret("Token to act with")
		: tokenFromEnvironment(place.url);
	const access = values["credential-stdin"] ? await accessFromInput() : accessFromEnvironment();
	return orUsageError(() => createTokensmithClient({ ...place, token, access }));
}

/** @throws UsageError when standard input would be read twice. */
function checkInput(values: CommonValues, stdin: "caller" | "secrets"): void {
	if (values["token-stdin"] && stdin === "secrets") {
		throw new UsageError(
			"Standard input holds the secrets that this command works on; set the token to act with in TOKENSMITH_TOKEN.",
		);
	}
	if (values["credential-stdin"] && (values["token-stdin"] || stdin === "secrets"))
		throw new UsageError("Standard input is read already; set the credential in TOKENSMITH_CREDENTIAL.");
}

/** Options come before the environment. */
function placeOf(values: CommonValues): DaemonPlace {
	const { "data-dir": dataDir, url } = values;
	if (dataDir !== undefined && url !== undefined) {
		throw new UsageError("Give either --data-dir or --url, not both.");
	}
	if (dataDir !== undefined) return { dataDir };
	return url !== undefined ? { url } : orUsageError(ownPlace);
}

function directoryOf({ "data-dir": dataDir, url }: CommonValues): string {
	if (url !== undefined)
		throw new UsageError("This command reads the daemon's data directory: give --data-dir DIR, not --url.");
	return dataDir ?? orUsageError(ownDataDirectory);
}

function orUsageError<Result>(work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
		throw error;
	}
}

/** With a data directory the command acts as the owner. */
function tokenFromEnvironment(url: string | undefined): string | undefined {
	const token = process.env.TOKENSMITH_TOKEN?.trim();
	return url === undefined || token === "" ? undefined : token;
}
