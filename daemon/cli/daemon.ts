/** `tokensmith daemon …`: the daemon itself. */
import { preferredPort } from "../facts.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import { start, status, stop } from "./daemon-process.ts";
import { install, uninstall } from "./install.ts";
import { flag, list, text } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** Only its words: the entry point starts the daemon without loading the command line. */
const run = defineCommand({
	name: "run",
	summary: "run the daemon in this terminal",
	description: "Keeps API tokens in a data directory and answers on http://HOST:PORT, until it is stopped.",
	options: {
		"data-dir": text(
			"DIR",
			"where the tokens are kept, by default your own data directory; one daemon at a time holds it",
			"folder",
		),
		host: text("ADDRESS", "the address to listen on; default: 127.0.0.1"),
		port: text(
			"N",
			`the port to try first, 0 for any free one; default: ${preferredPort}. DIR/daemon.json names the real one`,
		),
		"idle-seconds": text("S", "stop after so long without a request or an open window; default: 0, never"),
		service: flag("how a service manager runs it: it ends without an error if another daemon holds DIR"),
		"trusted-proxy": list(
			"A",
			"addresses or ranges of proxies whose X-Forwarded-For counts, separated by commas",
		),
		"move-from": text(
			"DIR",
			"take over the data of another data directory, unless this one has data of its own",
			"folder",
		),
		profile: list("FILE", "a profile of your own, as JSON", "file"),
	},
	connects: false,
	exitCodes: "Exit codes: 0 stopped on request, 1 failed, 2 wrong arguments, 3 another daemon holds DIR.",
	stdin: "caller",
	async run() {
		throw new UsageError("The entry point starts the daemon.");
	},
});

export const daemon: CommandGroup = {
	name: "daemon",
	summary: "start, stop or show the daemon, which keeps the tokens",
	description: "The daemon keeps the tokens and tells services whether they are valid.",
	commands: [start, stop, status, install, uninstall, run],
	notFoundHint: "'tokensmith list' shows the ids.",
};
