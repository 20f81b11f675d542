/** `tokensmith rotate ID`: a successor with the same settings, and an overlap in which both work. */
import type { TokensmithClient } from "../client/client.ts";
import type { TokenRecord } from "../contract.ts";
import { defineCommand, livingStatuses } from "./command.ts";
import { expiryOf, secondsOf } from "./duration.ts";
import { ignoredWords } from "./ignored-words.ts";
import { flag, text } from "./options.ts";
import { dateWords } from "./output.ts";
import { issue } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

export const rotate = defineCommand({
	name: "rotate",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "replace a token's secret; the new one goes to standard output, this once",
	description: `Creates a successor with the same settings and writes its secret, this once, to standard output.
The old secret works until the overlap is over. With --token-stdin or TOKENSMITH_TOKEN and the ID 'current'
a token rotates itself.`,
	options: {
		overlap: text("TIME", "how long the old secret still works: 0, 15m, 2h, 7d; required"),
		quiet: text("TIME", "the overlap ends early, once the old secret has not been used for this long"),
		expires: text("DATE", "when the successor ends, or never; else it lives as long as its predecessor did"),
		reveal: flag("shows the secret even on a terminal"),
	},
	stdin: "caller",
	async run({ values, format, client, target }) {
		const { overlap, quiet, expires } = values;
		if (overlap === undefined) {
			throw new UsageError(
				"--overlap is required: how long the old secret still works, for example 1h, or 0.",
			);
		}
		const request = {
			overlapSeconds: secondsOf("--overlap", overlap),
			...(quiet !== undefined && { quietSeconds: secondsOf("--quiet", quiet) }),
			...(expires !== undefined && { expiry: expiryOf(expires) }),
		};
		const make = async (connected: TokensmithClient) => {
			const [, found] = await target();
			const id = found === "current" ? (await connected.whoami()).id : found;
			return connected.rotate(id, request);
		};
		return issue({ reveal: values.reveal, format, client }, make, async (connected, made) => {
			const ignored = await ignoredWords(connected, made, made.ignored);
			return `${ignored}The old secret works ${untilWords(made.predecessor)}. Its successor:`;
		});
	},
});

function untilWords({ retiresDate, quietSeconds }: TokenRecord): string {
	const until = `until ${dateWords(retiresDate)}`;
	return quietSeconds === null
		? until
		: `${until}, or until it has not been used for ${quietSeconds} seconds`;
}
