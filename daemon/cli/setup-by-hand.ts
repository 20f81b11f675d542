/** Guides the user at a terminal through the creation of a token on its system's own pages. Everything goes to stderr. */
import type { TokensmithClient } from "../client/client.ts";
import type { Connection, CreateTokenInput } from "../contract.ts";
import { dateWords, toTerminal } from "./output.ts";
import type { AskSecret } from "./setup-action.ts";
import { ask } from "./terminal.ts";

/** Asks again for a secret that the system refuses. */
export function secretAsker(client: TokensmithClient): AskSecret {
	return async ({ request, end, place }) => {
		const { connection, page, steps } = place;
		const lines = [
			`Create a token at ${connection.name}${page === undefined ? "" : `: ${page}`}`,
			...valuesOf(request, end),
			...steps.map((step, index) => `  ${index + 1}. ${step}`),
		];
		say(lines.join("\n"));
		for (;;) {
			const secret = (await ask("The token's secret, or Enter to leave it out: ", "hidden")).trim();
			if (secret === "") return undefined;
			if (await isAccepted(client, connection, secret)) return secret;
		}
	};
}

function valuesOf(request: CreateTokenInput, end: string | null): string[] {
	const { name, permissions = [], resources = [], allowedAddresses = [], defaultSource } = request;
	const values = [
		["name", name],
		["expires", dateWords(end)],
		["permissions", permissions.join(" ")],
		["resources", resources.join(" ")],
		["addresses", allowedAddresses.join(" ")],
		["default source", defaultSource ?? ""],
	];
	return values.filter(([, value]) => value !== "").map(([label, value]) => `  ${label}: ${value}`);
}

async function isAccepted(
	client: TokensmithClient,
	{ id, name }: Connection,
	secret: string,
): Promise<boolean> {
	const { outcome, detail } = await probed(client, id, secret);
	if (outcome === "live") return true;
	if (outcome === "dead") {
		say(`${name} refuses this secret: it is wrong, expired or revoked.`);
		return false;
	}
	say(`Whether ${name} accepts this secret is unknown. ${detail}`);
	return /^y(es)?$/i.test((await ask("Use it all the same? [y/N] ", "shown")).trim());
}

async function probed(client: TokensmithClient, id: string, secret: string) {
	try {
		return await client.probeSecret(id, secret);
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return { outcome: "unknown", detail: error.message } as const;
	}
}

function say(text: string): void {
	process.stderr.write(`${toTerminal(text)}\n`);
}
