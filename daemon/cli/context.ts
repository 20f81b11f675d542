/** `tokensmith context list|use|show`: which server commands use. */
import { askRights, parseServerAddress, proveServer } from "../client/prove-server.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import { localDirectory } from "./connect.ts";
import { Contexts, localName } from "./contexts.ts";
import { overriding } from "./login.ts";
import { flag } from "./options.ts";
import { print } from "./output.ts";
import { rightsWords, tokenFacts } from "./rights.ts";
import { table } from "./table.ts";

const json = flag("answers, and fails, with JSON");

const list = defineCommand({
	name: "list",
	summary: "list the servers that you have logged in to",
	description:
		"Lists the daemon of this machine and the servers that you have logged in to. It asks none of them.",
	options: { json },
	connects: false,
	stdin: "caller",
	async run({ format }) {
		const contexts = new Contexts();
		const { current } = contexts;
		const servers = contexts.names().map((name) => ({ name, ...placeOf(contexts, name) }));
		if (format === "json") return print({ current, contexts: [{ name: localName }, ...servers] }, format);
		const rows = [
			[localName, "the daemon of this machine"],
			...servers.map(({ name, url, problem }) => [name, url === null ? problem : shown(url)]),
		];
		const marked = rows.map(([name = "", place = ""]) => [name === current ? "*" : "", name, place]);
		return print(await table(marked, { header: ["", "NAME", "SERVER"] }));
	},
});

const use = defineCommand({
	name: "use",
	argument: { value: "NAME", offers: "context" },
	summary: "choose the server that commands use",
	description: `Commands use this server from then on, unless an option or the environment names another; '${localName}' is the daemon of
this machine.`,
	options: { json },
	connects: false,
	stdin: "caller",
	async run({ word, format }) {
		new Contexts().use(word);
		const place = word === localName ? "the daemon of this machine" : word;
		return print(format === "json" ? { current: word } : `Commands use ${place}.${overriding()}`, format);
	},
});

const show = defineCommand({
	name: "show",
	argument: { value: "NAME", optional: true, offers: "context" },
	summary: "show what the kept token may do at its server, and until when",
	description: "Asks the server; without NAME, the one in use.",
	options: { json },
	connects: false,
	stdin: "caller",
	async run({ word, format }) {
		const contexts = new Contexts();
		const name = word === "" ? contexts.current : word;
		if (name === localName) return showLocal(format);
		const { url, token } = contexts.get(name);
		const address = parseServerAddress(url);
		const { version } = await proveServer(address);
		const found = await askRights(address, token);
		if (format === "json") return print({ context: name, url, version, ...tokenFacts(found) }, format);
		return print(`${name} is ${address.host}, Tokensmith ${version}.\n${rightsWords(found)}`);
	},
});

/** One file that can't be used hides no other. */
function placeOf(contexts: Contexts, name: string): { url: string | null; problem: string } {
	try {
		return { url: contexts.get(name).url, problem: "" };
	} catch (error) {
		return { url: null, problem: (error as Error).message };
	}
}

function showLocal(format: "json" | "words"): Promise<number> {
	const dataDir = localDirectory({});
	return print(
		format === "json"
			? { context: localName, dataDir }
			: `${localName} is the daemon of this machine, with its data in ${dataDir}.`,
		format,
	);
}

/** An identity tells people nothing, and is long. */
function shown(url: string): string {
	return parseServerAddress(url).url;
}

export const context: CommandGroup = {
	name: "context",
	summary: "list, choose and show servers",
	description: "Works with the servers that you have logged in to.",
	commands: [list, use, show],
	notFoundHint: "'tokensmith context list' shows them.",
};
