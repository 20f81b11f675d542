/** `tokensmith register NAME`: records a token of another system. Its secret stays here; its hash is sent. */
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { expiryOf } from "./duration.ts";
import { list, text } from "./options.ts";
import { describe, print, toTerminal } from "./output.ts";
import { readSecret } from "./secrets.ts";

export const register = defineCommand({
	name: "register",
	argument: { value: "NAME" },
	summary: "record another system's token, whose secret is read from standard input",
	description: `Records a token of another system, so that its expiry is watched and its secret is recognized.
The secret is read from standard input; only its hash and its first and last four characters are sent.
Only its issuer decides whether it is valid: it never verifies here.`,
	options: {
		issuer: text("I", "the system that issued it; default: that of the connection, else other"),
		connection: text(
			"NAME",
			"the connection to that system; 'tokensmith connections' lists the names",
			"connection",
		),
		expires: text(
			"DATE",
			"when it ends: 2027-01-31T12:00:00Z; left out: never, or not known where it has no connection",
		),
		permission: list("P", "what it may do"),
		description: text("TEXT", "what it is for"),
		tag: list("T", "a word to find it by", "tag"),
	},
	stdin: "secrets",
	async run({ values, word, format, client }) {
		const { expires, permission, description, tag } = values;
		const connected = await client();
		const named = values.connection;
		const connection = named && connectionNamed(named, await connected.connections());
		const input = {
			name: word,
			issuer: values.issuer ?? (connection ? connection.profile : "other"),
			...(connection && { connection: connection.id }),
			description,
			expiry: expires === undefined ? undefined : expiryOf(expires),
			permissions: permission,
			tags: tag,
		};
		const token = await connected.register(await readSecret("Secret"), input);
		return print(format === "json" ? token : toTerminal(`Recorded ${describe(token)}`), format);
	},
});
