/** `tokensmith logout [NAME]`: forgets a server and the token that was kept for it. */
import { defineCommand } from "./command.ts";
import { Contexts, localName } from "./contexts.ts";
import { flag } from "./options.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage-error.ts";

export const logout = defineCommand({
	name: "logout",
	argument: { value: "NAME", optional: true, offers: "context" },
	summary: "forget a server, and the token that is kept for it",
	description: `Removes the token of a server from this machine; without NAME, that of the server in use. The token itself
goes on to work: to end it, revoke it first.`,
	examples: ["tokensmith revoke current --self --yes --context team"],
	options: { json: flag("answers, and fails, with JSON") },
	connects: false,
	stdin: "caller",
	async run({ word, format }) {
		const contexts = new Contexts();
		const name = word === "" ? contexts.current : word;
		if (name === localName) throw new UsageError("No server is in use. Name the one to log out of.");
		contexts.get(name);
		contexts.remove(name);
		return print(
			format === "json"
				? { removed: name, current: contexts.current }
				: `Logged out of ${name}. Its token still works there.`,
			format,
		);
	},
});
