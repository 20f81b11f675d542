/** Reads secrets from standard input, never from arguments, and writes them to a terminal only with --reveal. */
import { text } from "node:stream/consumers";
import type { TokensmithClient } from "../client/client.ts";
import type { CreatedToken } from "../contract.ts";
import { describe, print, toTerminal } from "./output.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

const looksLikeSecret = /(?<![0-9A-Za-z])(?:[a-z][a-z0-9]{1,9}_[0-9A-Za-z]{38}|tko_[\w-]{20,})/;

/** @throws UsageError which does not repeat it. */
export function refuseSecretsIn(args: readonly string[]): void {
	if (!args.some((argument) => looksLikeSecret.test(argument))) return;
	throw new UsageError(
		"An argument looks like a secret. Arguments stay in the shell's history, and other processes see them: pass secrets on standard input. If this one is in use, rotate it.",
	);
}

/** Each line of standard input; at a terminal, one line that is not shown while it is typed. */
export async function readSecrets(what: string): Promise<string[]> {
	const typed = process.stdin.isTTY ? await ask(`${what}: `, "hidden") : await text(process.stdin);
	const secrets = typed
		.split(/\r?\n/)
		.map((line) => line.trim())
		.filter((line) => line !== "");
	if (secrets.length === 0) throw new UsageError("Standard input holds no secret.");
	return secrets;
}

export async function readSecret(what: string): Promise<string> {
	const [secret = "", ...others] = await readSecrets(what);
	if (others.length > 0) throw new UsageError("Standard input holds more than one line.");
	return secret;
}

/** Who creates a token, and how its secret is written. */
export interface Showing {
	client(): Promise<TokensmithClient>;
	readonly reveal: boolean | undefined;
	readonly format: "json" | "words";
}

/**
 * Creates a token and writes its secret, and nothing else, to standard output. Everything else goes to stderr.
 * @throws UsageError, before anything is created, when the secret could only be shown on the terminal
 */
export async function issue<Made extends CreatedToken>(
	{ client, reveal, format }: Showing,
	make: (client: TokensmithClient) => Promise<Made>,
	words: (client: TokensmithClient, made: Made) => Promise<string>,
): Promise<number> {
	if (process.stdout.isTTY && !reveal) {
		throw new UsageError(
			"The secret would be shown on this terminal, and there is no second chance to get it: redirect standard output, or give --reveal.",
		);
	}
	const connected = await client();
	const made = await make(connected);
	try {
		if (format === "json") return await print(made, format);
		process.stderr.write(`${toTerminal(`${await words(connected, made)} ${describe(made)}`)}\n`);
		return await print(made.token);
	} catch (cause) {
		const message = `The token ${made.id} was created, but its secret could not be written and is lost. Revoke that token, then try again.`;
		throw new Error(message, { cause });
	}
}
