/** `token edit ID`: changes what the options name, and shows each value before and after. */
import type { TokenRecord, UpdatedToken, UpdateTokenRequest } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { expiryAfter, expiryOf } from "./duration.ts";
import { ignoredWords } from "./ignored-words.ts";
import { describe, print, table, toTerminal } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const options = {
	name: { type: "string" },
	description: { type: "string" },
	"add-permission": { type: "string", multiple: true },
	"remove-permission": { type: "string", multiple: true },
	grant: { type: "string", multiple: true },
	withdraw: { type: "string", multiple: true },
	address: { type: "string", multiple: true },
	"remove-address": { type: "string", multiple: true },
	"any-address": { type: "boolean" },
	tag: { type: "string", multiple: true },
	"remove-tag": { type: "string", multiple: true },
	expires: { type: "string" },
	"expires-in": { type: "string" },
	"default-source": { type: "string" },
	"no-default-source": { type: "boolean" },
	"if-version": { type: "string" },
} as const;

type ListOption =
	| ("add-permission" | "remove-permission" | "grant" | "withdraw")
	| ("address" | "remove-address" | "tag" | "remove-tag");
type Flag = "any-address" | "no-default-source";
type Text = Exclude<keyof typeof options, ListOption | Flag>;
type Values = Partial<Record<ListOption, string[]> & Record<Flag, boolean> & Record<Text, string>>;

export const edit = defineCommand({
	usage: "edit ID",
	summary: "change a token's settings; its secret stays the same",
	description: `Changes the settings that the options name, all at once, and shows each before and after. The secret stays the same.
A token that was changed by someone else in the meantime stays as it is. A change that another system ignores is reported.`,
	optionsHelp: `  --name NAME
  --description TEXT
  --add-permission P, --remove-permission P    can be repeated, as the next ones
  --grant R, --withdraw R                      a resource, for example channel/soc
  --address A, --remove-address A              an IP address or range that may use it
  --any-address       any address may use it
  --tag T, --remove-tag T
  --expires DATE      when it ends: 2027-01-31T12:00:00Z, or never
  --expires-in TIME   how long it lives from now on: 30d, 6mo or 1y
  --default-source S, --no-default-source
  --if-version N      only if the token still has this version, which 'token show' prints`,
	options,
	stdin: "caller",
	async run({ values, word, format, client }) {
		const connected = await client();
		const before = await connected.get(word);
		const change = changeOf(before, values as Values);
		const version = versionOf(values["if-version"]) ?? before.version;
		if (Object.keys(change).length === 0)
			return print(format === "json" ? answerOf(before, before, change) : "Nothing to change.", format);
		const after = await connected.update(before.id, version, change);
		if (format === "json") await print(answerOf(before, after, change), format);
		else {
			const ignored = await ignoredWords(connected, after, after.ignored);
			await print(toTerminal(ignored) + reportOf(before, after, change));
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

function reportOf(before: TokenRecord, after: TokenRecord, change: UpdateTokenRequest): string {
	const rows = changedFields(before, after, change).map((field) => [
		`  ${labels[field]}`,
		`${words(before[field])} -> ${words(after[field])}`,
	]);
	if (rows.length === 0) return "Nothing was changed.";
	return `${toTerminal(`Changed ${describe(after)}`)}\n${table(rows)}`;
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
