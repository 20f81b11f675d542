/** `permission add|list|remove`: the owner's own permissions, which local tokens may be given. */
import { type CommandGroup, defineCommand } from "./command.ts";
import { text } from "./options.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";

const add = defineCommand({
	name: "add",
	argument: { value: "NAME" },
	summary: "add a permission, or replace its description",
	description: "Adds a permission to those that tokens may be given, for every window and the command line.",
	options: {
		description: text("TEXT", "what it allows"),
		group: text("G", "the heading under which it is shown; default: the part before the last dot"),
	},
	stdin: "caller",
	async run({ values, word, format, client }) {
		const { description, group } = values;
		const added = await (await client()).putPermission(word, {
			...(description !== undefined && { description }),
			...(group !== undefined && { group }),
		});
		return print(format === "json" ? added : `Added ${added.name}, in the group ${added.group}.`, format);
	},
});

const list = defineCommand({
	name: "list",
	summary: "list the permissions, and those that services asked for",
	description:
		"Lists the permissions that local tokens may be given, and what services asked for in the last 30 days that no catalogue has.",
	options: {},
	stdin: "caller",
	async run({ format, client }) {
		const found = await (await client()).permissions();
		if (format === "json") return print(found, format);
		const known = found.permissions.map(({ name, origin, description }) => [name, origin, description]);
		const asked = found.requested.map(({ name, count, lastDay }) => [
			name,
			"missing",
			`requested ${count === 1 ? "once" : `${count} times`}, last on ${lastDay}`,
		]);
		return print(await table([...known, ...asked], { header: ["NAME", "ORIGIN", "DESCRIPTION"] }));
	},
});

const remove = defineCommand({
	name: "remove",
	argument: { value: "NAME", offers: "own-permission" },
	summary: "remove one of your own permissions",
	description: "Removes a permission from those that tokens may be given. Tokens that have it keep it.",
	options: {},
	stdin: "caller",
	async run({ word, format, client }) {
		await (await client()).removePermission(word);
		return print(
			format === "json" ? { removed: word } : `Removed ${word}. Tokens that have it keep it.`,
			format,
		);
	},
});

export const permission: CommandGroup = {
	name: "permission",
	summary: "add, list and remove permissions of your own",
	description: "Works with the permissions that local tokens may have.",
	commands: [add, list, remove],
	notFoundHint: "'tokensmith permission list' shows them.",
};
