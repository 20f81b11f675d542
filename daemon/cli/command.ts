/** What a command is: its words for users, as data, and what it does. */
import type { TokensmithClient } from "../client/client.ts";
import type { DaemonFile } from "../contract.ts";
import type { TokenStatus } from "../facts.ts";
import type { Place } from "./contexts.ts";
import type { Offered, Options, Values } from "./options.ts";

export const programName = "tokensmith";
export const about =
	"Creates, scopes, rotates and revokes API tokens, which a daemon on this machine or a shared server keeps.";

export const exitCodes = `Exit codes: 0 done; 1 failed, nothing was changed unless it says so;
2 wrong usage; 3 the daemon can't be reached; 4 refused: the token is not valid
for the request, or is unknown.`;

export const tokenHelp = `TOKEN is the id of a token, or its name. Where several have that name, the
command asks which one, or lists their ids if there is no terminal.`;

/** The parsed arguments of a command. */
export interface Given<All extends Options> {
	readonly values: Values<All>;
	/** The command's one argument, an id or a name; empty for commands without one. */
	readonly word: string;
	readonly format: "json" | "words";
	/** Whether the credential of a connection is given. */
	readonly hasCredential: boolean;
	/** The running daemon's own file. @throws UsageError for a server */
	daemonFile(): Promise<DaemonFile>;
	/** The data directory: that of the option, else the user's own. @throws UsageError for a server */
	dataDir(): string;
	/** Which daemon or server the options name. @throws UsageError */
	place(): Place;
	client(): Promise<TokensmithClient>;
	/** A client, and the id of the token that the argument names. */
	target(): Promise<readonly [client: TokensmithClient, id: string]>;
}

/** The one word that a command needs besides its options. */
export interface Argument {
	/** What help calls it: ID, NAME. */
	readonly value: string;
	/** It can be left out. */
	readonly optional?: true;
	readonly offers?: Offered;
	/** For a token: the states in which the command makes sense, which choose between tokens of one name. */
	readonly statuses?: readonly TokenStatus[];
}

/** How a usage line shows it; empty for a command without one. */
export function argumentWords(argument: Argument | undefined): string {
	if (argument === undefined) return "";
	return argument.optional ? `[${argument.value}]` : argument.value;
}

/** The states of tokens that may work again. */
export const livingStatuses: readonly TokenStatus[] = ["active", "retiring", "disabled", "in-doubt"];

export interface CommandDefinition<All extends Options> {
	readonly name: string;
	readonly argument?: Argument;
	/** A line in the list of commands. */
	readonly summary: string;
	/** The help text above the options. */
	readonly description: string;
	/** Command lines as help shows them. */
	readonly examples?: readonly string[];
	readonly options: All;
	/** False for a command that speaks to no daemon: it has none of the options that say which. */
	readonly connects?: false;
	/** In the place of the usual ones. */
	readonly exitCodes?: string;
	/** The content of standard input: the caller's token, if any, or the secrets that the command works on. */
	readonly stdin: "caller" | "secrets";
	run(given: Given<All>): Promise<number>;
}

/** A command, whichever options it has. */
export type Command = CommandDefinition<Options>;

/** Commands that share their first word. */
export interface CommandGroup {
	readonly name: string;
	readonly summary: string;
	readonly description: string;
	readonly commands: readonly Command[];
	/** Where the names are that the daemon does not find. */
	readonly notFoundHint: string;
}

/** Infers the types of the values from the options. */
export function defineCommand<const All extends Options>(definition: CommandDefinition<All>): Command {
	return definition;
}

export type Entry = Command | CommandGroup;

/** Commands under one heading. */
export interface Section {
	readonly heading: string;
	readonly entries: readonly Entry[];
}

export function isGroup(entry: Entry): entry is CommandGroup {
	return "commands" in entry;
}
