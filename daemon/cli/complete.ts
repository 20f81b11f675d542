/**
 * What can follow the words that are typed so far: commands, options, and values, of which the daemon knows some. Says
 * nothing where nothing is known, and never starts a daemon.
 */
import type { Suggestion } from "@optique/core/parser";
import { type Command, type Entry, isGroup, type Section } from "./command.ts";
import { connectionOptions, type Offered, type Option } from "./options.ts";

/** A word to complete with, and what it is. */
export interface Candidate {
	readonly text: string;
	readonly about: string;
}

/** A question to the daemon: its names of one kind, for this command. */
export interface NamesQuestion {
	readonly kind: string;
	readonly command: Command;
	/** The words after the command, of which some say which daemon. */
	readonly words: readonly string[];
	readonly prefix: string;
}

export type AskForNames = (question: NamesQuestion) => Promise<readonly Candidate[]>;

/** What a completion is made from. */
export interface CompletionDeps {
	readonly sections: readonly Section[];
	readonly names: AskForNames;
}

/** @param words those after `tokensmith`; the last one, maybe empty, is completed */
export async function suggestionsFor(
	words: readonly string[],
	{ sections, names }: CompletionDeps,
): Promise<Suggestion[]> {
	const entries = sections.flatMap((section) => section.entries);
	const before = words.slice(0, -1);
	const current = words.at(-1) ?? "";
	const [first, ...others] = before;
	if (first === "help") return beginning(current, commandCandidates(entries, others));
	const found = commandOf(entries, before);
	if (found !== undefined) return inCommand({ ...found, current, names });
	const candidates = commandCandidates(entries, before);
	const options = before.length === 0 && current.startsWith("-") ? programOptions : [];
	return beginning(current, [...candidates, ...options]);
}

const programOptions: readonly Candidate[] = [
	{ text: "--help", about: "shows help" },
	{ text: "--version", about: "shows the version" },
];

/** The commands, or those of a group; none after a command. */
function commandCandidates(entries: readonly Entry[], [first, ...others]: readonly string[]): Candidate[] {
	if (first === undefined)
		return [...entries.map(candidateOf), { text: "help", about: "shows how a command is used" }];
	const group = entries.filter(isGroup).find(({ name }) => name === first);
	return others.length > 0 || group === undefined ? [] : group.commands.map(candidateOf);
}

function candidateOf({ name, summary }: Entry): Candidate {
	return { text: name, about: summary };
}

/** The command that words begin with, and the words after it. */
function commandOf(entries: readonly Entry[], [first, second, ...rest]: readonly string[]) {
	const entry = entries.find(({ name }) => name === first);
	if (entry === undefined) return undefined;
	if (!isGroup(entry)) return { command: entry, words: second === undefined ? [] : [second, ...rest] };
	const command = entry.commands.find(({ name }) => name === second);
	return command && { command, words: rest };
}

interface Place {
	readonly command: Command;
	/** Those after the command. */
	readonly words: readonly string[];
	readonly current: string;
	readonly names: AskForNames;
}

async function inCommand(place: Place): Promise<Suggestion[]> {
	const { command, words, current } = place;
	const options = optionsOf(command);
	const { positionals, open, given, isEnded } = read(words, options);
	if (open !== undefined) return values(place, options[open]?.offers, "");
	const [, name = "", prefix] = /^--([\w-]+)=(.*)$/s.exec(current) ?? [];
	if (!isEnded && prefix !== undefined)
		return values({ ...place, current: prefix }, options[name]?.offers, `--${name}=`);
	const free = Object.entries(options).filter(([one, { kind }]) => kind === "list" || !given.has(one));
	const optionNames = free.map(([one, { help }]) => ({ text: `--${one}`, about: help }));
	if (!isEnded && current.startsWith("-"))
		return beginning(current, [...optionNames, { text: "--help", about: "shows help" }]);
	if (command.argument !== undefined && positionals === 0) return values(place, command.argument.offers, "");
	return isEnded ? [] : beginning(current, optionNames);
}

function optionsOf({ options, connects }: Command): Readonly<Record<string, Option>> {
	return connects !== false ? { ...options, ...connectionOptions } : options;
}

/** What the words before the current one are. `open`: the option whose value comes next. */
function read(words: readonly string[], options: Readonly<Record<string, Option>>) {
	const given = new Set<string>();
	let open: string | undefined;
	let positionals = 0;
	let isEnded = false;
	for (const word of words) {
		const name = /^--([\w-]+)/.exec(word)?.[1];
		if (open !== undefined) open = undefined;
		else if (isEnded || name === undefined) {
			if (!isEnded && word === "--") isEnded = true;
			else positionals++;
		} else {
			given.add(name);
			if (!word.includes("=") && options[name] !== undefined && options[name].kind !== "flag") open = name;
		}
	}
	return { positionals, open, given, isEnded };
}

async function values(place: Place, offered: Offered | undefined, before: string): Promise<Suggestion[]> {
	const { command, words, current: prefix, names } = place;
	if (offered === undefined) return [];
	if (offered === "file" || offered === "folder") {
		const type = offered === "file" ? "any" : "directory";
		return [{ kind: "file", type, pattern: before + prefix, ...(before && { prefix: before }) }];
	}
	const candidates =
		typeof offered === "string"
			? await names({ kind: offered, command, words, prefix })
			: offered.map((text) => ({ text, about: "" }));
	return beginning(prefix, candidates, before);
}

function beginning(prefix: string, candidates: readonly Candidate[], before = ""): Suggestion[] {
	return candidates
		.filter(({ text }) => text.startsWith(prefix))
		.map(({ text, about }) => ({
			kind: "literal",
			text: before + text,
			...(about && { description: [{ type: "text", text: about }] }),
		}));
}
