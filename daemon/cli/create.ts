/** `token create NAME`: a token with exactly the given permissions. */
import type { TokensmithClient } from "../client/client.ts";
import type { CreatedToken } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { calendarDurationOf, expiryOf } from "./duration.ts";
import { ignoredWords } from "./ignored-words.ts";
import { issue } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

export const create = defineCommand({
	usage: "create NAME",
	summary: "create a token; its secret goes to standard output, this once",
	description: `Creates a token and writes its secret, this once, to standard output:
  API_TOKEN=$(node daemon.js token create orders-api --permission orders.read --data-dir DIR)`,
	optionsHelp: `  --permission P      what it may do; can be repeated
  --expires DATE      when it ends: 2027-01-31T12:00:00Z, or never; default: the profile's
  --expires-in TIME   how long it lives: 30d, 6mo or 1y
  --resource R        what it may be used on, for example channel/soc; can be repeated
  --address A         an IP address or range that may use it; can be repeated; default: any
  --default-source S  the group that incoming data is assigned to
  --profile P         whose rules apply; default: local
  --connection NAME   makes it at another system; 'token connections' lists the names
  --option K=V        a further field of that system; can be repeated
  --description TEXT
  --tag T             can be repeated
  --reveal            shows the secret even on a terminal`,
	options: {
		permission: { type: "string", multiple: true },
		expires: { type: "string" },
		"expires-in": { type: "string" },
		resource: { type: "string", multiple: true },
		address: { type: "string", multiple: true },
		"default-source": { type: "string" },
		profile: { type: "string" },
		connection: { type: "string" },
		option: { type: "string", multiple: true },
		description: { type: "string" },
		tag: { type: "string", multiple: true },
		reveal: { type: "boolean" },
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
