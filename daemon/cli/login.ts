/** `tokensmith login URL`: keeps a server's address and a token for it under a name, once the server has accepted the token. */
import {
	askRights,
	parseServerAddress,
	proveServer,
	type ServerAddress,
	ServerError,
	type ServerToken,
} from "../client/prove-server.ts";
import { defineCommand } from "./command.ts";
import { Contexts, checkedName, localName, nameFor } from "./contexts.ts";
import { flag, text } from "./options.ts";
import { oneLine, print, toTerminal } from "./output.ts";
import { rightsWords, tokenFacts } from "./rights.ts";
import { readSecret } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

export const login = defineCommand({
	name: "login",
	argument: { value: "URL" },
	summary: "keep a shared server's address, and a token to act with there",
	description: `Asks for a token without showing it, checks it at the server, and keeps it in a file that only you can read.
Commands use that server from then on; 'tokensmith context use local' goes back to the daemon of this machine.`,
	examples: [
		"tokensmith login https://tokens.example.com",
		"tokensmith login tokens.example.com --name team --token-stdin <token",
	],
	options: {
		name: text("NAME", "how the server is called here; default: its host"),
		"token-stdin": flag("reads the token from standard input"),
		json: flag("answers, and fails, with JSON"),
	},
	connects: false,
	exitCodes: `Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the server can't be reached, or is none of Tokensmith;
4 the token is not valid there, or allows nothing. Unless it is 0, nothing is kept.`,
	stdin: "secrets",
	async run({ word, values, format }) {
		if (values["token-stdin"] === undefined && !process.stdin.isTTY)
			throw new UsageError("Without a terminal to ask for the token at, give --token-stdin.");
		const address = parseServerAddress(word);
		const contexts = new Contexts();
		const name = checkedName(values.name ?? nameFor(address.host));
		checkNotTaken(contexts, name, address);
		const { version } = await proveServer(address);
		const token = await readSecret(`Token for ${address.host}`);
		const found = await askRights(address, token);
		if (found.rights.length === 0) throw withoutRights(found, address);
		contexts.save({ name, url: address.text, token });
		contexts.use(name);
		if (format === "json")
			return print({ context: name, url: address.text, version, ...tokenFacts(found) }, format);
		return print(toTerminal(doneWords(found, { name, address, version, path: contexts.pathOf(name) })));
	},
});

/** A token must not go to another server because it has the same name. */
function checkNotTaken(contexts: Contexts, name: string, address: ServerAddress): void {
	const known = contexts.find(name);
	if (known === undefined || parseServerAddress(known.url).url === address.url) return;
	throw new UsageError(
		`${name} is the server at ${parseServerAddress(known.url).host} already. Give this one another name with --name, or log out of that one first.`,
	);
}

/** The daemon's refusal of an action would come too late, and for each one. */
function withoutRights({ record }: ServerToken, { host }: ServerAddress): ServerError {
	return new ServerError("token-without-rights", host, { target: oneLine(record.name) });
}

interface Kept {
	readonly name: string;
	readonly address: ServerAddress;
	readonly version: string;
	readonly path: string;
}

function doneWords(found: ServerToken, { name, address, version, path }: Kept): string {
	return [
		`Logged in to ${address.host}, Tokensmith ${version}, as ${name}.`,
		rightsWords(found),
		`The token is kept in ${path}, which only you can read.`,
		`Commands use this server from now on; 'tokensmith context use ${localName}' goes back to the daemon of this machine.${overriding()}`,
	].join("\n");
}

/** What comes before the context in use. */
export function overriding(): string {
	const set = ["TOKENSMITH_DATA_DIR", "TOKENSMITH_URL"].find((variable) => process.env[variable]);
	return set === undefined ? "" : `\n${set} is set here, and comes before it.`;
}
