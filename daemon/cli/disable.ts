/** `tokensmith disable ID` and `tokensmith enable ID`: reversible, unlike a revoke. */
import { defineCommand } from "./command.ts";
import { describe, print, toTerminal } from "./output.ts";

export const disable = defineCommand({
	name: "disable",
	argument: { value: "TOKEN", offers: "token", statuses: ["active", "retiring"] },
	summary: "refuse a token until it is enabled again",
	description: "The token is refused from the next request on, until it is enabled again.",
	options: {},
	stdin: "caller",
	async run({ format, target }) {
		const [client, id] = await target();
		const token = await client.disable(id);
		return print(format === "json" ? token : toTerminal(`Disabled ${describe(token)}`), format);
	},
});

export const enable = defineCommand({
	name: "enable",
	argument: { value: "TOKEN", offers: "token", statuses: ["disabled", "in-doubt"] },
	summary: "enable a token that is disabled or in doubt",
	description:
		"Lets a disabled token work again, and a token in doubt: one whose state damaged files left unknown.",
	options: {},
	stdin: "caller",
	async run({ format, target }) {
		const [client, id] = await target();
		const token = await client.enable(id);
		return print(format === "json" ? token : toTerminal(`Enabled ${describe(token)}`), format);
	},
});
