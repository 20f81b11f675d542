/**
 * Arguments to a command with its values, or to a help text, by Commander. Invariant: no message repeats what was given,
 * since it may be a secret.
 */
import { styleText } from "node:util";
import { Command as Commander, CommanderError, Option as CommanderOption, Help } from "commander";
import { visibleCharacter } from "../facts.ts";
import {
	about,
	argumentWords,
	type Command,
	type CommandGroup,
	exitCodes,
	isGroup,
	programName,
	tokenHelp,
} from "./command.ts";
import {
	type ConnectionValues,
	connectionOptions,
	type Option,
	type Options,
	type Values,
} from "./options.ts";
import { hasColors } from "./output.ts";
import { namesAfter, sections } from "./program.ts";
import { UsageError } from "./usage-error.ts";

export type Parsed =
	| { readonly kind: "text"; readonly text: string }
	| {
			readonly kind: "command";
			readonly command: Command;
			readonly group: CommandGroup | undefined;
			readonly values: Values<Options> & ConnectionValues;
			/** The command's argument; empty for one without. */
			readonly word: string;
	  };

/** @throws UsageError */
export function parse(args: readonly string[], version: string): Parsed {
	const shown: string[] = [];
	let called: Parsed | undefined;
	const program = programOf(version, {
		args,
		show: (text) => shown.push(text),
		call: (parsed) => {
			called = parsed;
		},
	});
	try {
		program.parse(helpLast(args), { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		if (!/^commander\.(help|version)/.test(error.code)) throw new UsageError(wordsOf(error, args));
	}
	return called ?? { kind: "text", text: shown.join("").trimEnd() };
}

/** `help create` is `create --help`. */
function helpLast(args: readonly string[]): readonly string[] {
	const [first, second, ...rest] = args;
	if (first === "help") return [...args.slice(1), "--help"];
	return second === "help" &&
		sections.some(({ entries }) => entries.some((one) => isGroup(one) && one.name === first))
		? [first ?? "", ...rest, "--help"]
		: args;
}

interface Uses {
	readonly args: readonly string[];
	show(text: string): void;
	call(parsed: Parsed): void;
}

function programOf(version: string, uses: Uses): Commander {
	const program = new Commander(programName)
		.description(about)
		.usage("COMMAND [OPTION]...")
		.version(version, "--version", "shows the version")
		.helpOption("-h, --help", "shows this help")
		.addHelpCommand(new Commander("help").summary("shows how a command is used").helpGroup("Help:"))
		.configureHelp(helpStyle)
		.configureOutput({
			writeOut: uses.show,
			writeErr: uses.show,
			outputError: () => {},
			getOutHasColors: hasColors,
			getErrHasColors: hasColors,
		})
		.exitOverride()
		.addHelpText("after", `\n'${programName} help COMMAND' describes a command.\n\n${exitCodes}`);
	for (const { heading, entries } of sections) {
		program.commandsGroup(`${heading}:`);
		for (const entry of entries) {
			if (isGroup(entry)) addGroup(program, entry, uses);
			else addCommand(program, entry, undefined, uses);
		}
	}
	return program;
}

function addGroup(program: Commander, group: CommandGroup, uses: Uses): void {
	const { name, summary, description, commands } = group;
	const added = program
		.command(name)
		.summary(summary)
		.description(description)
		.usage("COMMAND [OPTION]...")
		.helpCommand(false)
		.addHelpText("after", `\n${exitCodes}`);
	for (const command of commands) addCommand(added, command, group, uses);
}

function addCommand(
	parent: Commander,
	command: Command,
	group: CommandGroup | undefined,
	{ args, call }: Uses,
): void {
	const { name, summary, description, options, argument, examples = [], connects = true } = command;
	const added = parent
		.command(name)
		.summary(summary)
		.description([description.replaceAll("\n", " "), ...examples.map(indented)].join("\n"))
		.usage(["[OPTION]...", argumentWords(argument)].filter((word) => word !== "").join(" "))
		.argument("[words...]")
		.helpOption("-h, --help", "shows this help")
		.addHelpText(
			"after",
			`\n${argument?.offers === "token" ? `${tokenHelp}\n\n` : ""}${command.exitCodes ?? exitCodes}`,
		)
		.action((words: string[], values: Values<Options> & ConnectionValues) =>
			call({ kind: "command", command, group, values, word: theWord(command, words) }),
		);
	for (const [option, about] of Object.entries(options))
		added.addOption(new NamedOption(option, about, args));
	for (const [option, about] of Object.entries(connects ? connectionOptions : {}))
		added.addOption(new NamedOption(option, about, args).helpGroup("Connection:"));
}

/** Its value has the option's own name: Commander would make camelCase of it, and `--no-x` the opposite of `--x`. */
class NamedOption extends CommanderOption {
	constructor(name: string, { kind, value, help }: Option, args: readonly string[]) {
		super(kind === "flag" ? `--${name}` : `--${name} <${value}>`, help);
		this.negate = false;
		if (kind === "flag") return;
		this.argParser((given: string, before: string[] | string | undefined) => {
			if (given.startsWith("-") && !args.includes(`--${name}=${given}`)) throw missingValue(name);
			return kind === "list" ? [...(before ?? []), given] : given;
		});
	}

	override attributeName(): string {
		return (this.long ?? "").slice(2);
	}
}

/** Of examples, which are not wrapped: they are copied and run. */
const indent = "  ";
const indented = (example: string): string => `${indent}${example}`;

const helpStyle: Partial<Help> = {
	optionTerm: ({ flags }) => flags.replace(/[<>]/g, ""),
	subcommandTerm: (command) => command.name(),
	visibleArguments: () => [],
	boxWrap(text, width) {
		const wrapped = (line: string) => Help.prototype.boxWrap.call(this, line, width);
		return text
			.split("\n")
			.map((line) => (line.startsWith(indent) ? line : wrapped(line)))
			.join("\n");
	},
	styleTitle: (text) => styleText("bold", text, { validateStream: false }),
};

function theWord({ name, argument, stdin }: Command, words: readonly string[]): string {
	const needed = argument === undefined ? 0 : 1;
	if (argument?.optional && words.length === 0) return "";
	if (words.length === needed) return visible(name, argument?.value, words[0]);
	if (argument === undefined) {
		const hint = stdin === "secrets" ? " Secrets are read from standard input." : "";
		throw new UsageError(`This command takes no argument besides its options.${hint}`);
	}
	const amount = argument.optional ? "at most one" : "one";
	throw new UsageError(
		`This command takes ${amount} ${argument.value}${words.length > 1 ? ", not several" : ""}.`,
	);
}

/** With an empty argument, the path of the request would be that of another one. */
function visible(name: string, argument: string | undefined, word = ""): string {
	if (argument === undefined || visibleCharacter.test(word)) return word;
	throw new UsageError(`The argument is empty, but an id or a name is needed: ${name} ${argument}.`);
}

/** In our own words, of which only names that this program knows, and the names of options, are Commander's. */
function wordsOf({ code, message }: CommanderError, args: readonly string[]): string {
	const near = /\(Did you mean (.*)\?\)/s.exec(message)?.[1];
	const hint = near === undefined ? "" : ` Did you mean ${near}?`;
	const option = /--[\w-]+|-\w/.exec(message)?.[0] ?? "";
	if (code === "commander.optionMissingArgument") return missingValue(option.slice(2)).message;
	if (code === "commander.unknownOption") {
		const isFirst = args[0]?.startsWith("-");
		return `Unknown option ${option}.${hint || (isFirst ? " Options come after the command." : "")}`;
	}
	if (code !== "commander.unknownCommand") return "The arguments can't be understood.";
	return `Unknown command.${hint || ` The commands are: ${namesAfter(args[0]).join(", ")}.`}`;
}

function missingValue(option: string): UsageError {
	return new UsageError(`--${option} needs a value. One that begins with - is written as --${option}=VALUE.`);
}
