/** `token identify`: whose secret is this? What has no right checksum can only be another system's, so that the answer needs no daemon. */
import { TokensmithUnavailableError } from "../client/transport.ts";
import type { TokenRecord } from "../contract.ts";
import { isWellFormed, partialTokenOf } from "../rules/secret.ts";
import { defineCommand } from "./command.ts";
import { describe, print, toTerminal } from "./output.ts";
import { readSecrets } from "./secrets.ts";
import { UsageError } from "./usage-error.ts";

interface Found {
	/** First and last four characters; empty for what is too short to hide the rest. */
	partialToken: string;
	wellFormed: boolean;
	token: TokenRecord | null;
}

export const identify = defineCommand({
	usage: "identify",
	summary: "say which tokens secrets, read from standard input, belong to",
	description: `Reads secrets from standard input, one a line, and says which tokens they belong to. The daemon gets their hashes,
never the secrets; what is none of Tokensmith's, by its checksum, is told without a daemon too. It is no use of the tokens.`,
	optionsHelp: "",
	options: {},
	stdin: "secrets",
	async run({ format, client }) {
		const secrets = await readSecrets("Secret");
		const tokens = await lookUp(secrets, client);
		const found = secrets.map((secret): Found => {
			const partialToken = secret.length < 16 ? "" : partialTokenOf(secret);
			return { partialToken, wellFormed: isWellFormed(secret), token: tokens.get(secret) ?? null };
		});
		await print(format === "json" ? { secrets: found } : toTerminal(found.map(wordsOf).join("\n")), format);
		return found.every(({ token }) => token !== null) ? 0 : 4;
	},
});

async function lookUp(
	secrets: readonly string[],
	client: () => Promise<{ identify(secrets: readonly string[]): Promise<(TokenRecord | undefined)[]> }>,
): Promise<Map<string, TokenRecord | undefined>> {
	try {
		const tokens = await (await client()).identify(secrets);
		return new Map(secrets.map((secret, index) => [secret, tokens[index]]));
	} catch (error) {
		const isAboutUs = secrets.some(isWellFormed);
		if (!isAboutUs && (error instanceof UsageError || error instanceof TokensmithUnavailableError))
			return new Map();
		if (!(error instanceof TokensmithUnavailableError)) throw error;
		const { outcome, message } = error;
		const told = `The checksum is right, so it is a secret of Tokensmith's, but whose can't be asked. ${message}`;
		throw new TokensmithUnavailableError(told, { cause: error, outcome });
	}
}

function wordsOf({ partialToken, wellFormed, token }: Found): string {
	if (token !== null) return describe(token);
	const which = partialToken === "" ? "One" : partialToken;
	return wellFormed
		? `${which} is a secret of Tokensmith's, but of no token that this daemon knows.`
		: `${which} is no secret of Tokensmith's: its shape or its checksum is wrong. Was a character lost in copying?`;
}
