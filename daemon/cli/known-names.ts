/** The names that completion offers, from the daemon that runs. Without one, or one that answers in time, there are none. */
import type { TokensmithClient } from "../client/client.ts";
import type { Candidate, NamesQuestion } from "./complete.ts";
import { clientAt, placeOf, tokenFor } from "./connect.ts";
import { Contexts, localName } from "./contexts.ts";
import type { OfferedNames } from "./options.ts";
import { oneLine } from "./output.ts";

/** Who presses Tab does not wait longer. */
const timeoutMilliseconds = 1500;

export async function namesFromDaemon(question: NamesQuestion): Promise<readonly Candidate[]> {
	const timer = AbortSignal.timeout(timeoutMilliseconds);
	const late = new Promise<readonly Candidate[]>((resolve) =>
		timer.addEventListener("abort", () => resolve([])),
	);
	return Promise.race([asked(question).catch(() => []), late]);
}

async function asked(question: NamesQuestion): Promise<readonly Candidate[]> {
	if (question.kind === "context") return contexts();
	const [dataDir, url, context] = (["data-dir", "url", "context"] as const).map((option) =>
		optionValue(option, question),
	);
	const place = placeOf({ "data-dir": dataDir, url, context });
	const client = clientAt(place, { token: tokenFor(place), timeoutMilliseconds });
	const found = await readers[question.kind as keyof typeof readers](client, question);
	return found
		.map(({ text, about }) => ({ text, about: oneLine(about) }))
		.filter(({ text }) => text !== "" && isTypable(text));
}

/** A name with a control character can't be typed. */
function isTypable(name: string): boolean {
	return oneLine(name) === name;
}

function optionValue(option: string, { words }: NamesQuestion): string | undefined {
	const at = words.lastIndexOf(`--${option}`);
	return at >= 0
		? words[at + 1]
		: words.findLast((word) => word.startsWith(`--${option}=`))?.slice(option.length + 3);
}

function contexts(): Candidate[] {
	const servers = new Contexts().names().map((name) => ({ text: name, about: "a server" }));
	return [{ text: localName, about: "the daemon of this machine" }, ...servers];
}

type Reader = (client: TokensmithClient, question: NamesQuestion) => Promise<Candidate[]>;

const readers: Record<Exclude<OfferedNames, "context">, Reader> = {
	token: tokens,
	permission: permissions,
	"own-permission": async (client) => {
		const all = (await client.permissions()).permissions;
		return all
			.filter(({ origin }) => origin === "own")
			.map(({ name, description }) => ({ text: name, about: description }));
	},
	connection: async (client) =>
		(await client.connections()).map(({ name, profile }) => ({ text: name, about: profile })),
	profile: async (client) => (await client.profiles()).map(({ id, name }) => ({ text: id, about: name })),
	resource: (client) => valuesOfTokens(client, ({ resources }) => resources),
	tag: (client) => valuesOfTokens(client, ({ tags }) => tags),
};

/** Each name once; the tokens that the command makes sense for, if it says so. */
async function tokens(client: TokensmithClient, { command, prefix }: NamesQuestion): Promise<Candidate[]> {
	const statuses = command.argument?.statuses;
	const all = await client.list(prefix === "" ? {} : { q: prefix });
	const meant = all.filter(({ status }) => statuses === undefined || statuses.includes(status));
	return [...new Map(meant.map(({ name, status }) => [name, { text: name, about: status }])).values()];
}

async function permissions(client: TokensmithClient): Promise<Candidate[]> {
	const { permissions: known, requested } = await client.permissions();
	return [
		...known.map(({ name, description }) => ({ text: name, about: description })),
		...requested.map(({ name }) => ({ text: name, about: "requested by a service" })),
	];
}

async function valuesOfTokens(
	client: TokensmithClient,
	valuesOf: (token: { resources: readonly string[]; tags: readonly string[] }) => readonly string[],
): Promise<Candidate[]> {
	const all = new Set((await client.list()).flatMap((token) => valuesOf(token)));
	return [...all].sort().map((text) => ({ text, about: "" }));
}
