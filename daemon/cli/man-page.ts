/** The manual page, in man(7), from the same words as the help. */
import {
	about,
	argumentWords,
	type Command,
	exitCodes,
	isGroup,
	programName,
	type Section,
	tokenHelp,
} from "./command.ts";
import { connectionOptions, type Options } from "./options.ts";

export function manPage(sections: readonly Section[], version: string): string {
	return [
		`.TH ${programName.toUpperCase()} 1 "" "${programName} ${version}"`,
		...section("NAME", [`${programName} \\- create, scope, rotate and revoke API tokens`]),
		...section("SYNOPSIS", [`.B ${programName}`, "COMMAND [OPTION]... [ARGUMENT]"]),
		...section("DESCRIPTION", [roff(about), ".PP", roff(tokenHelp)]),
		...sections.flatMap(({ heading, entries }) => [
			...section(heading.toUpperCase(), []),
			...entries.flatMap((entry) =>
				isGroup(entry)
					? entry.commands.flatMap((command) => described(`${entry.name} ${command.name}`, command))
					: described(entry.name, entry),
			),
		]),
		...section("CONNECTION OPTIONS", [
			"Every command that speaks to a daemon has these.",
			...optionList(connectionOptions),
		]),
		...section(
			"ENVIRONMENT",
			environment.flatMap(([name, words]) => [".TP", `.B ${name}`, roff(words)]),
		),
		...section("EXIT STATUS", [roff(exitCodes.replace("Exit codes: ", ""))]),
	].join("\n");
}

const environment: readonly (readonly [name: string, words: string])[] = [
	["TOKENSMITH_DATA_DIR", "The daemon's data directory."],
	["TOKENSMITH_URL", "The daemon's address with its identity, without a data directory."],
	["TOKENSMITH_TOKEN", "The token to act with, where the daemon is named by its address."],
	["TOKENSMITH_CONFIG_DIR", "The directory with the servers that you have logged in to."],
	["TOKENSMITH_CREDENTIAL", "The credential of a connection to another system."],
	["TOKENSMITH_ANSWER_NAME", "The answer to a question NAME of that system."],
	["NO_COLOR", "If it is set, nothing is colored."],
];

function section(title: string, lines: readonly string[]): string[] {
	return [`.SH "${title}"`, ...lines];
}

function described(name: string, { argument, description, examples = [], options }: Command): string[] {
	const usage = [programName, name, "[OPTION]...", argumentWords(argument)]
		.filter((word) => word !== "")
		.join(" ");
	return [
		`.SS "${roff(usage)}"`,
		...paragraphs(description),
		...(examples.length === 0 ? [] : [".PP", ".nf", ...examples.map(roff), ".fi"]),
		...optionList(options),
	];
}

function paragraphs(text: string): string[] {
	return text.split("\n").map(roff);
}

function optionList(options: Options): string[] {
	return Object.entries(options).flatMap(([name, { value, help }]) => [
		".TP",
		value === undefined ? `.B ${roff(`--${name}`)}` : `.BI ${roff(`--${name}`)} " ${roff(value)}"`,
		roff(help),
	]);
}

/** A line that begins with a dot or a quote would be a request. */
function roff(text: string): string {
	const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq");
	return escaped.replace(/^(?=[.'])/gm, "\\&");
}
