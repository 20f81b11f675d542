/** `tokensmith revoke ID`: ends a token at once and for good. */
import type { TokensmithClient } from "../client/client.ts";
import { defineCommand, livingStatuses } from "./command.ts";
import { flag, text } from "./options.ts";
import { describe, print, toTerminal } from "./output.ts";
import { ask } from "./terminal.ts";

export const revoke = defineCommand({
	name: "revoke",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "end a token for good",
	description:
		"The token is refused from the next request on. This can't be undone. At a terminal the command asks for confirmation.",
	options: {
		reason: text("TEXT", "kept with the token"),
		self: flag("yes, even if it is the very token that this command acts with"),
		"not-the-credential": flag("it is not the credential of its connection, where that can't be known"),
		yes: flag("does not ask"),
	},
	stdin: "caller",
	async run({ values, format, target }) {
		const [connected, id] = await target();
		if (!values.yes && process.stdin.isTTY && !(await confirmed(connected, id))) {
			process.stderr.write("Nothing was changed.\n");
			return 1;
		}
		const token = await connected.revoke(id, {
			reason: values.reason,
			...(values.self && { self: true }),
			...(values["not-the-credential"] && { confirmed: true }),
		});
		return print(format === "json" ? token : toTerminal(`Revoked ${describe(token)}`), format);
	},
});

async function confirmed(client: TokensmithClient, id: string): Promise<boolean> {
	const token = await client.get(id);
	const answer = await ask(toTerminal(`Revoke for good: ${describe(token)} Sure? [y/N] `), "shown");
	return /^y(es)?$/i.test(answer.trim());
}
