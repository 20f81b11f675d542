/** `tokensmith add-secret ID`: records the secret of a token that was found at its system, once the system says whose it is. */
import { defineCommand, livingStatuses } from "./command.ts";
import { flag } from "./options.ts";
import { describe, print, toTerminal } from "./output.ts";
import { readSecret } from "./secrets.ts";

export const addSecret = defineCommand({
	name: "add-secret",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "add the secret of a token that was found at its system; read from standard input",
	description: `Adds the secret of a token that a comparison has found at its system, so that its lines in env files are recognized.
The secret is read from standard input, and tested at the system: it has to work there and be this token's.
Its hash and its first and last four characters are recorded.`,
	options: { confirmed: flag("it is this token's secret, where the system does not tell") },
	stdin: "secrets",
	async run({ values, format, target }) {
		const [client, id] = await target();
		const options = values.confirmed ? { confirmed: true as const } : {};
		const token = await client.addSecret(id, await readSecret("Secret"), options);
		return print(format === "json" ? token : toTerminal(`Added the secret of ${describe(token)}`), format);
	},
});
