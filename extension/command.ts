/** What a command is. The tables of them are beside what they do; `commands.ts` registers all. */
import type { Services } from "./services.ts";

export interface Command {
	/** What did not happen when it fails, as a sentence. */
	failed: () => string;
	/** What it answers is for whoever calls `executeCommand`: the debugger, or another command. */
	run(call: CommandCall): unknown;
}

/** By what follows `tokensmith.` in the command's id. */
export type CommandTable = Record<string, Command>;

export interface CommandCall {
	services: Services;
	/** What it was started from: an entry of a view, what a key binding or a link passes, or nothing. */
	argument: unknown;
	/** All the entries that are selected in the view that it was started from, if it is one. */
	selected: unknown;
}
