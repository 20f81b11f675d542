/** `tokensmith verify`: the daemon's verdict on a secret, as a service would get it. */
import type { Verification } from "../client/verification.ts";
import { defineCommand } from "./command.ts";
import { list, text } from "./options.ts";
import { dateWords, print, toTerminal } from "./output.ts";
import { readSecret } from "./secrets.ts";

export const verify = defineCommand({
	name: "verify",
	summary: "check whether a secret, read from standard input, is valid",
	description:
		"Reads a secret from standard input and verifies it against all options. Needs no token to authenticate with. Counts as a use of the token.",
	examples: ["tokensmith verify --permission orders.read <secret.txt"],
	options: {
		permission: list("P", "is needed", "permission"),
		"any-permission": list("P", "one of them is needed", "permission"),
		resource: list("R", "is needed", "resource"),
		address: text("A", "who presents it; counts when the daemon trusts this machine as a proxy"),
	},
	stdin: "secrets",
	async run({ values, format, client }) {
		const connected = await client();
		const verification = await connected.verify(await readSecret("Secret"), {
			permissions: values.permission,
			anyPermissions: values["any-permission"],
			resources: values.resource,
			address: values.address,
		});
		await print(format === "json" ? verification : toTerminal(wordsOf(verification)), format);
		return verification.valid ? 0 : 4;
	},
});

function wordsOf(verification: Verification): string {
	if (!verification.valid) return `Refused (${verification.reason}): ${verification.problem.detail}`;
	const { name, id, expiry, permissions } = verification.token;
	const end = expiry === null ? "never expires" : `expires ${dateWords(expiry)}`;
	return `Valid: ${name}, ${end}, permissions: ${permissions.join(" ") || "none"}, id ${id}.`;
}
