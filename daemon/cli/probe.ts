/** `tokensmith probe ID`: whether another system still accepts a token's secret. */
import { defineCommand, livingStatuses } from "./command.ts";
import { print, toTerminal } from "./output.ts";
import { readSecret } from "./secrets.ts";

const exitCodes = { live: 0, dead: 4, unknown: 1 } as const;

export const probe = defineCommand({
	name: "probe",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "test at its system whether a token still works",
	description: `Asks the token's system, through its connection, whether it accepts the secret, which is read from standard input.
Ends with 0 if it does, 4 if it does not, and 1 if its answer decides nothing.`,
	options: {},
	stdin: "secrets",
	async run({ format, target }) {
		const [client, id] = await target();
		const result = await client.probe(id, await readSecret("Secret"));
		const words = `${result.outcome[0]?.toUpperCase()}${result.outcome.slice(1)}: ${result.detail}`;
		await print(format === "json" ? result : toTerminal(words), format);
		return exitCodes[result.outcome];
	},
});
