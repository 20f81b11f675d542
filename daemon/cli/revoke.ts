/** `tokensmith revoke ID`: ends a token at once and for good. */
import type { TokensmithClient } from "../client/client.ts";
import type { TokenRecord } from "../contract.ts";
import { defineCommand, livingStatuses } from "./command.ts";
import { flag, text } from "./options.ts";
import { describe, isNoted, print, toTerminal } from "./output.ts";
import { ask } from "./terminal.ts";

export const revoke = defineCommand({
	name: "revoke",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "end a token for good",
	description:
		"The token is refused from the next request on. One that only its own system can revoke is marked as revoked. This can't be undone. At a terminal the command asks for confirmation.",
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
		return print(format === "json" ? token : toTerminal(doneWords(token)), format);
	},
});

async function confirmed(client: TokensmithClient, id: string): Promise<boolean> {
	const token = await client.get(id);
	const what = isNoted(token) ? "Mark as revoked, which revokes it nowhere" : "Revoke for good";
	const answer = await ask(toTerminal(`${what}: ${describe(token)} Sure? [y/N] `), "shown");
	return /^y(es)?$/i.test(answer.trim());
}

function doneWords(token: TokenRecord): string {
	if (!isNoted(token)) return `Revoked ${describe(token)}`;
	return `Marked as revoked: ${describe(token)}\nOnly its own system, ${token.issuer}, can revoke it, and it works until then.`;
}
