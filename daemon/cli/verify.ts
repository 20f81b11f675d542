/** `token verify`: the daemon's verdict on a secret, as a service would get it. */
import type { Verification } from "../client/client.ts";
import { defineCommand } from "./command.ts";
import { dateWords, print, toTerminal } from "./output.ts";
import { readSecret } from "./secrets.ts";

export const verify = defineCommand({
	usage: "verify",
	summary: "check whether a secret, read from standard input, is valid",
	description: `Reads a secret from standard input and verifies it against all options:
  node daemon.js token verify --permission orders.read --data-dir DIR <secret.txt
Needs no token to authenticate with. Counts as a use of the token.`,
	optionsHelp: `  --permission P      required; can be repeated
  --any-permission P  one of them is needed
  --resource R        is needed; as often as needed
  --address A         who presents it; counts when the daemon trusts this machine as a proxy`,
	options: {
		permission: { type: "string", multiple: true },
		"any-permission": { type: "string", multiple: true },
		resource: { type: "string", multiple: true },
		address: { type: "string" },
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
