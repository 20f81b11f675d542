/** `tokensmith show ID`: one token's record. */
import type { TokenRecord } from "../contract.ts";
import { defineCommand, livingStatuses } from "./command.ts";
import { dateWords, isNoted, print } from "./output.ts";
import { table } from "./table.ts";

export const show = defineCommand({
	name: "show",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "show one token",
	description: "Shows a token; 'current' is the token that this command acts with.",
	options: {},
	stdin: "caller",
	async run({ format, target }) {
		const [client, id] = await target();
		const token = await client.get(id);
		return print(
			format === "json"
				? token
				: await table(linesOf(token), { style: (_, column) => (column === 0 ? "dim" : undefined) }),
			format,
		);
	},
});

function linesOf(token: TokenRecord): [label: string, text: string][] {
	const { createdUserInfo, lastModifiedUserInfo } = token;
	const isNote = isNoted(token);
	const unless = (isKnown: boolean, text: string) => (isKnown || !isNote ? text : "not known here");
	const lines: [label: string, text: string | null][] = [
		["name", token.name],
		["description", token.description],
		["id", token.id],
		["secret", token.partialToken],
		["status", token.status],
		["expires", token.expiryKnown ? dateWords(token.expiry) : "not known"],
		["works until", token.retiresDate && dateWords(token.retiresDate)],
		["ends early", token.quietSeconds === null ? null : `once unused for ${token.quietSeconds} seconds`],
		["permissions", unless(token.permissions.length > 0, token.permissions.join(" "))],
		["resources", token.resources.join(" ")],
		["addresses", unless(token.allowedAddresses.length > 0, token.allowedAddresses.join(" ") || "any")],
		["default source", token.defaultSource],
		["tags", token.tags.join(", ")],
		["profile", token.profile],
		["issuer", token.issuer],
		["token user", token.userId],
		[isNote ? "added" : "created", `${dateWords(token.creationDate)} by ${createdUserInfo.userName}`],
		["changed", `${dateWords(token.lastModifiedDate)} by ${lastModifiedUserInfo.userName}`],
		["version", String(token.version)],
		[
			"last used",
			unless(
				token.lastUsedDate !== null,
				`${dateWords(token.lastUsedDate)}${token.lastUsedAddress && ` from ${token.lastUsedAddress}`}`,
			),
		],
		["uses", isNote ? null : String(token.useCount)],
		["disabled", token.disabledDate && dateWords(token.disabledDate)],
		[
			"in doubt",
			token.inDoubtDate && `since ${dateWords(token.inDoubtDate)}: enable it if it should work, or revoke it`,
		],
		[isNote ? "marked revoked" : "revoked", token.revokedDate && dateWords(token.revokedDate)],
		["reason", token.revokedReason],
		["predecessor", token.predecessorId],
		["successor", token.successorId],
	];
	return lines.filter((line): line is [string, string] => line[1] !== null && line[1] !== "");
}
