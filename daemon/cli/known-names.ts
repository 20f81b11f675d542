/** The names that completion offers, from the daemon that runs. Without one, or one that answers in time, there are none. */
import { createTokensmithClient, type TokensmithClient } from "../client/client.ts";
import type { Candidate, NamesQuestion } from "./complete.ts";
import { placeOf } from "./connect.ts";
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
	const place = placeOf({ "data-dir": optionValue("data-dir", question), url: optionValue("url", question) });
	const token = place.url === undefined ? undefined : process.env.TOKENSMITH_TOKEN?.trim() || undefined;
	const client = createTokensmithClient({ ...place, token, timeoutMilliseconds });
	const found = await readers[question.kind as OfferedNames](client, question);
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

type Reader = (client: TokensmithClient, question: NamesQuestion) => Promise<Candidate[]>;

const readers: Record<OfferedNames, Reader> = {
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
