/** `tokensmith edit ID`: changes what the options name, and shows each value before and after. */
import type { TokenRecord, UpdatedToken, UpdateTokenRequest } from "../contract.ts";
import { defineCommand, livingStatuses } from "./command.ts";
import { expiryAfter, expiryOf } from "./duration.ts";
import { ignoredWords } from "./ignored-words.ts";
import { flag, list, type Options, type Values as OptionValues, text } from "./options.ts";
import { describe, print, toTerminal } from "./output.ts";
import { table } from "./table.ts";
import { UsageError } from "./usage-error.ts";

const options = {
	name: text("NAME", "a new name"),
	description: text("TEXT", "what it is for"),
	"add-permission": list("P", "lets it do this too", "permission"),
	"remove-permission": list("P", "lets it do this no more", "permission"),
	grant: list("R", "lets it be used on this resource too, for example channel/soc", "resource"),
	withdraw: list("R", "lets it be used on this resource no more", "resource"),
	address: list("A", "an IP address or range that may use it"),
	"remove-address": list("A", "an IP address or range that may use it no more"),
	"any-address": flag("any address may use it"),
	tag: list("T", "a word to find it by", "tag"),
	"remove-tag": list("T", "removes such a word", "tag"),
	expires: text("DATE", "when it ends: 2027-01-31T12:00:00Z, or never"),
	"expires-in": text("TIME", "how long it lives from now on: 30d, 6mo or 1y"),
	"default-source": text("S", "the group that incoming data is assigned to"),
	"no-default-source": flag("no such group"),
	"if-version": text("N", "only if the token still has this version, which 'tokensmith show' prints"),
} as const satisfies Options;

type Values = OptionValues<typeof options>;
type ListOption = {
	[Name in keyof Values]-?: (typeof options)[Name]["kind"] extends "list" ? Name : never;
}[keyof Values];

export const edit = defineCommand({
	name: "edit",
	argument: { value: "TOKEN", offers: "token", statuses: livingStatuses },
	summary: "change a token's settings; its secret stays the same",
	description: `Changes the settings that the options name, all at once, and shows each before and after. The secret stays the same.
A token that was changed by someone else in the meantime stays as it is. A change that another system ignores is reported.`,
	options,
	stdin: "caller",
	async run({ values, format, target }) {
		const [connected, id] = await target();
		const before = await connected.get(id);
		const change = changeOf(before, values);
		const version = versionOf(values["if-version"]) ?? before.version;
		if (Object.keys(change).length === 0)
			return print(format === "json" ? answerOf(before, before, change) : "Nothing to change.", format);
		const after = await connected.update(before.id, version, change);
		if (format === "json") await print(answerOf(before, after, change), format);
		else {
			const ignored = await ignoredWords(connected, after, after.ignored);
			await print(toTerminal(ignored) + (await reportOf(before, after, change)));
		}
		const isIgnored = after.ignored !== undefined && changedFields(before, after, change).length === 0;
		return isIgnored ? 1 : 0;
	},
});

/** Only what differs from the token. @throws UsageError */
function changeOf(token: TokenRecord, values: Values): UpdateTokenRequest {
	const settings: UpdateTokenRequest = {
		name: values.name,
		description: values.description,
		permissions: listAfter(token.permissions, values, "add-permission", "remove-permission"),
		resources: listAfter(token.resources, values, "grant", "withdraw"),
		allowedAddresses: addressesAfter(token, values),
		tags: listAfter(token.tags, values, "tag", "remove-tag"),
		expiry: newExpiry(values),
		defaultSource: sourceAfter(values),
	};
	const given = Object.entries(settings).filter(([, value]) => value !== undefined);
	const differs = ([field, value]: [string, unknown]) =>
		JSON.stringify(value) !== JSON.stringify(token[field as keyof TokenRecord]);
	return Object.fromEntries(given.filter(differs));
}

function listAfter(
	current: readonly string[],
	values: Values,
	add: ListOption,
	remove: ListOption,
): string[] | undefined {
	const { [add]: added = [], [remove]: removed = [] } = values;
	const absent = removed.filter((one) => !current.includes(one));
	if (absent.length > 0) throw new UsageError(`--${remove}: the token does not have ${absent.join(", ")}.`);
	const both = added.filter((one) => removed.includes(one));
	if (both.length > 0) throw new UsageError(`--${add} and --${remove} both name ${both.join(", ")}.`);
	if (added.length + removed.length === 0) return undefined;
	return [...new Set([...current.filter((one) => !removed.includes(one)), ...added])];
}

/** Without any address left, every one could use the token, which has to be said in so many words. */
function addressesAfter({ allowedAddresses }: TokenRecord, values: Values): string[] | undefined {
	const addresses = listAfter(allowedAddresses, values, "address", "remove-address");
	if (values["any-address"] !== true) {
		if (addresses?.length !== 0) return addresses;
		throw new UsageError("This would let any address use the token; add --any-address if that is meant.");
	}
	if (values.address !== undefined) throw new UsageError("Give either --address or --any-address, not both.");
	return [];
}

function newExpiry({ expires, "expires-in": expiresIn }: Values): string | null | undefined {
	if (expires !== undefined && expiresIn !== undefined)
		throw new UsageError("Give either --expires or --expires-in, not both.");
	if (expiresIn !== undefined) return expiryAfter(expiresIn, new Date());
	return expires === undefined ? undefined : expiryOf(expires);
}

function sourceAfter(values: Values): string | null | undefined {
	const { "default-source": source, "no-default-source": none } = values;
	if (source !== undefined && none === true)
		throw new UsageError("Give either --default-source or --no-default-source, not both.");
	return none === true ? null : source;
}

function versionOf(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError("--if-version takes a version, for example 3.");
	return Number(text);
}

function answerOf(before: TokenRecord, { ignored, ...token }: UpdatedToken, change: UpdateTokenRequest) {
	const fields = changedFields(before, token, change);
	const changed = Object.fromEntries(
		fields.map((field) => [field, { before: before[field], after: token[field] }]),
	);
	return { token, changed, ...(ignored !== undefined && { ignored }) };
}

async function reportOf(
	before: TokenRecord,
	after: TokenRecord,
	change: UpdateTokenRequest,
): Promise<string> {
	const rows = changedFields(before, after, change).map((field) => [
		`  ${labels[field]}`,
		`${words(before[field])} -> ${words(after[field])}`,
	]);
	if (rows.length === 0) return "Nothing was changed.";
	return `${toTerminal(`Changed ${describe(after)}`)}\n${await table(rows)}`;
}

/** A system can ignore a change, or keep a date less exactly. */
function changedFields(
	before: TokenRecord,
	after: TokenRecord,
	change: UpdateTokenRequest,
): (keyof UpdateTokenRequest)[] {
	const fields = Object.keys(change) as (keyof UpdateTokenRequest)[];
	return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

const labels: Record<keyof UpdateTokenRequest, string> = {
	name: "name",
	description: "description",
	permissions: "permissions",
	resources: "resources",
	allowedAddresses: "addresses",
	tags: "tags",
	expiry: "expires",
	defaultSource: "default source",
};

function words(value: readonly string[] | string | null): string {
	if (value === null || value.length === 0) return "none";
	return typeof value === "string" ? value : value.join(" ");
}
