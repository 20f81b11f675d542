/** Compares what was asked for with what the system answered: several accept a field and ignore it. */

import { namesUsed, placeholdersOf } from "../../connector-text.ts";
import type { Connector, ConnectorOption, TokenField } from "../../contract.ts";
import type { IgnoredField, RemoteToken, Wanted } from "./system.ts";

/** By the format in which an expiry is sent: how far the answer may be from it. */
const tolerances: Readonly<Record<string, number>> = {
	date: 86_400_000,
	"days-left": 86_400_000,
	"hours-left": 3_600_000,
};

/** The fields in which the token is not what was asked for. */
export function ignoredFields(connector: Connector, wanted: Wanted, token: RemoteToken): IgnoredField[] {
	const sent = new Set(namesUsed(connector.create));
	const fields: TokenField[] = ["permissions", "resources", "allowedAddresses", "defaultSource", "expiry"];
	const ignored = fields.flatMap((field): IgnoredField[] => {
		const [asked, answered] = [wanted[field], token[field]];
		// Nothing asked for leaves a list to the system's default.
		if (field !== "expiry" && isNothing(asked)) return [];
		if (answered === undefined) {
			// Not told: only what was not even sent is certainly ignored.
			return sent.has(field) || isNothing(asked) ? [] : [{ field, asked, answered: null }];
		}
		return isSame(field, asked, answered, toleranceOf(connector)) ? [] : [{ field, asked, answered }];
	});
	return [...ignored, ...ignoredOptions(connector, wanted, token)];
}

/** An option without a value is left to the system's default. */
function ignoredOptions(
	{ options = [] }: Connector,
	wanted: Wanted,
	{ options: told = {} }: RemoteToken,
): IgnoredField[] {
	return options.flatMap((option) => {
		const { name, default: standard = "" } = option;
		const asked = (Object.hasOwn(wanted.options, name) ? wanted.options[name] : undefined) ?? standard;
		const answered = Object.hasOwn(told, name) ? told[name] : undefined;
		if (asked === "" || answered === undefined || isSameOption(option, asked, answered)) return [];
		return [{ field: name, asked, answered }];
	});
}

function isSameOption({ as }: ConnectorOption, asked: string, answered: string): boolean {
	if (as === "number") return Number(asked) === Number(answered);
	const plain = (text: string) => (as === "list" ? [...new Set(text.split(/\s*,\s*/))].sort().join() : text);
	return plain(asked.trim()) === plain(answered.trim());
}

function toleranceOf({ create }: Connector): number {
	const formats = placeholdersOf(JSON.stringify(create)).map(({ format = "" }) => tolerances[format] ?? 0);
	return Math.max(60_000, ...formats);
}

function isNothing(asked: string | readonly string[] | null): boolean {
	return asked === null || asked.length === 0;
}

function isSame(
	field: TokenField,
	asked: string | readonly string[] | null,
	answered: string | readonly string[] | null,
	tolerance: number,
): boolean {
	if (Array.isArray(asked) && Array.isArray(answered)) {
		const [some, others] = [asked, answered].map((list) => new Set(list.map(plainEntry)));
		return some?.size === others?.size && [...(some ?? [])].every((entry) => others?.has(entry));
	}
	if (field !== "expiry" || asked === null || answered === null) return asked === answered;
	return Math.abs(Date.parse(String(asked)) - Date.parse(String(answered))) <= tolerance;
}

/** A range of one address is that address. */
function plainEntry(entry: string): string {
	return entry.replace(/^([\d.]+)\/32$|^([\da-f:]+)\/128$/i, "$1$2").toLowerCase();
}
