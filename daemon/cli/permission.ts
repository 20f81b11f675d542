/** `permission add|list|remove`: the owner's own permissions, which local tokens may be given. */
import type { CatalogueEntry } from "../contract.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import { text } from "./options.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";

const add = defineCommand({
	name: "add",
	argument: { value: "NAME" },
	summary: "add a permission, or change its description or group",
	description:
		"Adds a permission to those that tokens may be given, for every window and the command line. Of one that is there already, it changes what is given here.",
	options: {
		description: text("TEXT", "what it allows"),
		group: text("G", "the heading under which it is shown; default: the part before the last dot"),
	},
	stdin: "caller",
	async run({ values, word, format, client }) {
		const daemon = await client();
		const before = (await daemon.permissions()).permissions.find(({ name }) => name === word);
		const { description = before?.description, group = before?.group } = values;
		const added = await daemon.putPermission(word, {
			...(description !== undefined && { description }),
			...(group !== undefined && { group }),
		});
		return print(format === "json" ? added : inWords(added, before), format);
	},
});

function inWords({ name, group, description }: CatalogueEntry, before: CatalogueEntry | undefined): string {
	if (before === undefined) return `Added ${name}, in the group ${group}.`;
	const isChanged = before.group !== group || before.description !== description;
	return isChanged
		? `Changed ${name}, in the group ${group}.`
		: `${name} is there already, in the group ${group}.`;
}

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
