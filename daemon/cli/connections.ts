/** `tokensmith connections`: the other systems whose tokens the daemon manages. */
import type { Connection } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { print } from "./output.ts";
import { table } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export const connections = defineCommand({
	name: "connections",
	summary: "list the connections to other systems",
	description:
		"Lists the connections, whose names 'tokensmith create --connection' takes. VS Code and 'tokensmith connect' add them.",
	options: {},
	stdin: "caller",
	async run({ format, client }) {
		const found = await (await client()).connections();
		if (format === "json") return print({ connections: found }, format);
		if (found.length === 0) return print("No connections.");
		const rows = found.map(({ id, name, profile, baseUrl }) => [name, profile, baseUrl, id]);
		return print(await table(rows, { header: ["NAME", "SYSTEM", "ADDRESS", "ID"], wraps: 0, optional: 1 }));
	},
});

/** By its name or id. @throws UsageError */
export function connectionNamed(name: string, all: readonly Connection[]): Connection {
	const found = all.find((one) => one.name === name) ?? all.find(({ id }) => id === name);
	if (found !== undefined) return found;
	const known = all.length === 0 ? "there is none" : `there are ${all.map((one) => one.name).join(", ")}`;
	throw new UsageError(`There is no connection ${JSON.stringify(name)}; ${known}.`);
}
