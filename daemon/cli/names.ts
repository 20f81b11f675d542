/** The token that a command is about, by its id, or by its name, which several tokens may have. */
import type { TokensmithClient } from "../client/client.ts";
import type { TokenRecord } from "../contract.ts";
import type { TokenStatus } from "../facts.ts";
import { describe, toTerminal } from "./output.ts";
import { ask } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** No token has the name. */
export class UnknownTokenError extends Error {}

/** Several tokens have the name, and there is no terminal to ask at. */
export class AmbiguousNameError extends UsageError {
	readonly tokens: readonly TokenRecord[];

	constructor(tokens: readonly TokenRecord[]) {
		const lines = tokens.map((token) => `\n  ${describe(token)}`);
		super(`${tokens.length} tokens fit this name. Give the id of one of them:${lines.join("")}`);
		this.tokens = tokens;
	}
}

/**
 * An id as it is. Of the tokens with a name, those that the command makes sense for come first: after a rotation, the old
 * token and its successor have the same name.
 * @throws UnknownTokenError, AmbiguousNameError
 */
export async function tokenIdOf(
	client: TokensmithClient,
	word: string,
	statuses: readonly TokenStatus[],
): Promise<string> {
	if (word === "current" || idShape.test(word)) return word;
	const named = (await client.list({ q: word })).filter(({ name }) => name === word);
	const meant = named.filter(({ status }) => statuses.includes(status));
	const choices = meant.length === 0 ? named : meant;
	const [only] = choices;
	if (only === undefined) throw new UnknownTokenError("There is no token with this id or name.");
	if (choices.length === 1) return only.id;
	return (await chosenOf(choices)).id;
}

const idShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function chosenOf(tokens: readonly TokenRecord[]): Promise<TokenRecord> {
	if (!process.stdin.isTTY) throw new AmbiguousNameError(tokens);
	const lines = tokens.map((token, index) => `  ${index + 1}  ${describe(token)}`);
	process.stderr.write(`${toTerminal(`${tokens.length} tokens have this name:\n${lines.join("\n")}`)}\n`);
	const answer = await ask(`Which one? [1-${tokens.length}] `, "shown");
	const chosen = /^\d+$/.test(answer.trim()) ? tokens[Number(answer) - 1] : undefined;
	if (chosen === undefined) throw new Error("None was chosen, and nothing was changed.");
	return chosen;
}
