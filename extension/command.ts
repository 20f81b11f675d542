/** What a command is. Each table of commands stands beside what its commands do; `commands.ts` registers all of them. */

/** @typeParam Deps the services that the command needs, and no more. */
export interface Command<Deps> {
	/** The sentence that reports a failure. */
	failed: () => string;
	/** The result goes to the caller of `executeCommand`: the debugger, or another command. */
	run: (call: CommandCall<Deps>) => unknown;
}

/** The key is the part of the command's id after `tokensmith.`. */
export type CommandTable<Deps> = Record<string, Command<Deps>>;

export interface CommandCall<Deps> {
	services: Deps;
	/** What the command was started from: an entry of a view, the argument of a key binding or a link, or nothing. */
	argument: unknown;
	/** All entries that are selected in the view that the command was started from, if it was one. */
	selected: unknown;
}
