/**
 * `tokensmith identify`: the tokens that secrets belong to. A secret with a wrong checksum can only be another system's, so
 * that result needs no daemon.
 */
import { TokensmithUnavailableError } from "../client/transport.ts";
import type { TokenRecord } from "../contract.ts";
import { isWellFormed, partialTokenOf } from "../rules/secret.ts";
import { defineCommand } from "./command.ts";
import { describe, print, toTerminal } from "./output.ts";
import { readSecrets } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

interface Found {
	/** First and last four characters; empty if the secret is too short to hide the rest. */
	partialToken: string;
	wellFormed: boolean;
	token: TokenRecord | null;
}

export const identify = defineCommand({
	name: "identify",
	summary: "find the tokens that secrets, read from standard input, belong to",
	description: `Reads secrets from standard input, one per line, and finds the tokens that they belong to. The daemon receives their
hashes, never the secrets. A secret that is not Tokensmith's, by its checksum, is recognized without a daemon. The
command does not count as a use of the tokens.`,
	options: {},
	stdin: "secrets",
	async run({ format, client }) {
		const secrets = await readSecrets("Secret");
		const tokens = await identified(secrets, client);
		const found = secrets.map((secret): Found => {
			const partialToken = secret.length < 16 ? "" : partialTokenOf(secret);
			return { partialToken, wellFormed: isWellFormed(secret), token: tokens.get(secret) ?? null };
		});
		await print(format === "json" ? { secrets: found } : toTerminal(found.map(wordsOf).join("\n")), format);
		return found.every(({ token }) => token !== null) ? 0 : 4;
	},
});

async function identified(
	secrets: readonly string[],
	client: () => Promise<{ identify(secrets: readonly string[]): Promise<(TokenRecord | undefined)[]> }>,
): Promise<Map<string, TokenRecord | undefined>> {
	try {
		const tokens = await (await client()).identify(secrets);
		return new Map(secrets.map((secret, index) => [secret, tokens[index]]));
	} catch (error) {
		const isOurs = secrets.some(isWellFormed);
		if (!isOurs && (error instanceof UsageError || error instanceof TokensmithUnavailableError))
			return new Map();
		if (!(error instanceof TokensmithUnavailableError)) throw error;
		const { outcome, message } = error;
		const detail = `The checksum is right, so this is a secret of Tokensmith's, but its token is unknown. ${message}`;
		throw new TokensmithUnavailableError(detail, { cause: error, outcome });
	}
}

function wordsOf({ partialToken, wellFormed, token }: Found): string {
	if (token !== null) return describe(token);
	const which = partialToken === "" ? "One" : partialToken;
	return wellFormed
		? `${which} is a secret of Tokensmith's, but belongs to no token of this daemon.`
		: `${which} is not a secret of Tokensmith's: its format or checksum is wrong. Was a character lost in copying?`;
}
