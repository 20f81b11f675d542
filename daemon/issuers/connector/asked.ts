/** Compares what was asked for with what the system answered: several accept a field and ignore it. */

import { namesUsed, placeholdersOf } from "../../connector-text.ts";
import type { Connector, TokenField } from "../../contract.ts";
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
	return fields.flatMap((field) => {
		const [asked, answered] = [wanted[field], token[field]];
		// Nothing asked for leaves a list to the system's default.
		if (field !== "expiry" && isNothing(asked)) return [];
		if (answered === undefined) {
			// Not told: only what was not even sent is certainly ignored.
			return sent.has(field) || isNothing(asked) ? [] : [{ field, asked, answered: null }];
		}
		return isSame(field, asked, answered, toleranceOf(connector)) ? [] : [{ field, asked, answered }];
	});
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
