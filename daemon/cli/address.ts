/** `tokensmith address`: what services are given to know the daemon by. */
import { addressForServices } from "../client/transport.ts";
import type { DaemonFile } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage-error.ts";

export const address = defineCommand({
	name: "address",
	summary: "print the daemon's address with its identity, for services",
	description: `Prints the address that a service needs in TOKENSMITH_URL. The identity before the @ is no secret: by it the service
recognizes the daemon, and sends nothing to another process on its port.`,
	options: {},
	stdin: "caller",
	async run({ format, daemonFile, place }) {
		const found = place().context?.url ?? addressOf(await daemonFile());
		return print(format === "json" ? { address: found } : found, format);
	},
});

function addressOf({ url, identity }: DaemonFile): string {
	if (identity === undefined) throw new UsageError("The daemon is an older one. Start it again.");
	return addressForServices(url, identity);
}
