/** `tokensmith create NAME`: a token with exactly the given permissions. */
import type { TokensmithClient } from "../client/client.ts";
import type { CreatedToken } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { calendarDurationOf, expiryOf } from "./duration.ts";
import { ignoredWords } from "./ignored-words.ts";
import { flag, list, text } from "./options.ts";
import { issue } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

export const create = defineCommand({
	name: "create",
	argument: { value: "NAME" },
	summary: "create a token; its secret goes to standard output, this once",
	description: "Creates a token and writes its secret, this once, to standard output:",
	examples: ["API_TOKEN=$(tokensmith create orders-api --permission orders.read)"],
	options: {
		permission: list("P", "what it may do", "permission"),
		expires: text("DATE", "when it ends: 2027-01-31T12:00:00Z, or never; default: the profile's"),
		"expires-in": text("TIME", "how long it lives: 30d, 6mo or 1y"),
		resource: list("R", "what it may be used on, for example channel/soc", "resource"),
		address: list("A", "an IP address or range that may use it, by default any"),
		"default-source": text("S", "the group that incoming data is assigned to"),
		profile: text("P", "whose rules apply; default: local", "profile"),
		connection: text(
			"NAME",
			"makes it at another system; 'tokensmith connections' lists the names",
			"connection",
		),
		option: list("K=V", "a further field of that system"),
		description: text("TEXT", "what it is for"),
		tag: list("T", "a word to find it by", "tag"),
		reveal: flag("shows the secret even on a terminal"),
	},
	stdin: "caller",
	async run({ values, word, format, client }) {
		const { expires, "expires-in": expiresIn, profile, description } = values;
		const input = {
			name: word,
			permissions: values.permission,
			resources: values.resource,
			allowedAddresses: values.address,
			defaultSource: values["default-source"],
			tags: values.tag,
			profile,
			description,
			options: optionsOf(values.option ?? []),
			expiry: expires === undefined ? undefined : expiryOf(expires),
			expiresIn: expiresIn === undefined ? undefined : calendarDurationOf(expiresIn),
		};
		const make = async (connected: TokensmithClient) => {
			if (values.connection === undefined) return connected.create(input);
			const { id: connection } = connectionNamed(values.connection, await connected.connections());
			return connected.create({ ...input, connection });
		};
		const words = async (connected: TokensmithClient, made: CreatedToken) =>
			`${await ignoredWords(connected, made, made.ignored)}Created`;
		return issue({ reveal: values.reveal, format, client }, make, words);
	},
});

function optionsOf(given: readonly string[]): Record<string, string> {
	const pairs = given.map((text) => {
		const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
		if (name === undefined || value === undefined)
			throw new UsageError("--option takes NAME=VALUE, for example role=Viewer.");
		return [name, value] as const;
	});
	return Object.fromEntries(pairs);
}
