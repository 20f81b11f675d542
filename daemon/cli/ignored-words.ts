/** What a system decided otherwise than requested, for people, in the words of its profile. */
import type { TokensmithClient } from "../client/client.ts";
import { TokensmithProblemError, TokensmithUnavailableError } from "../client/transport.ts";
import { type ConnectorOption, profileAt, type TokenRecord, type UpdatedToken } from "../contract.ts";

type Ignored = NonNullable<UpdatedToken["ignored"]>;

/** A line for each field. */
export async function ignoredWords(
	client: TokensmithClient,
	token: Pick<TokenRecord, "connectionId">,
	ignored: Ignored = [],
): Promise<string> {
	if (ignored.length === 0) return "";
	const options = await optionsOf(client, token);
	return ignored
		.map(({ field, asked, answered }) => {
			const option = options.find(({ name }) => name === field);
			const words = (value: unknown) => valueWords(value, option);
			const label = option?.title ?? labels.get(field) ?? field;
			return `Not as requested: ${label} is ${words(answered)}, not ${words(asked)}.\n`;
		})
		.join("");
}

/** The token is made by now: without the profile, its options have their own names. */
async function optionsOf(
	client: TokensmithClient,
	{ connectionId }: Pick<TokenRecord, "connectionId">,
): Promise<readonly ConnectorOption[]> {
	try {
		const [connections, profiles] = await Promise.all([client.connections(), client.profiles()]);
		const connection = connections.find(({ id }) => id === connectionId);
		const profile = profiles.find(({ id }) => id === connection?.profile);
		if (connection === undefined || profile === undefined) return [];
		return profileAt(profile, connection).connector?.options ?? [];
	} catch (error) {
		if (error instanceof TokensmithProblemError || error instanceof TokensmithUnavailableError) return [];
		throw error;
	}
}

const labels: ReadonlyMap<string, string> = new Map([
	["allowedAddresses", "addresses"],
	["defaultSource", "default source"],
]);

function valueWords(value: unknown, option: ConnectorOption | undefined): string {
	if (Array.isArray(value)) return value.join(" ") || "none";
	const text = String(value ?? "none");
	const titles = new Map(Object.entries(option?.values ?? {}));
	const parts = option?.as === "list" ? text.split(",") : [text];
	return parts.map((part) => titles.get(part) ?? part).join(", ");
}
