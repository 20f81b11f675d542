/** Compares what was asked for with what the system answered: several accept a field and ignore it. */

import { namesUsed, placeholdersOf } from "../../connector-text.ts";
import type { Connector, ConnectorOption, TokenField } from "../../contract.ts";
import { clean } from "./redact.ts";
import type { Changes, IgnoredField, RemoteToken, Wanted } from "./system.ts";

const day = 86_400_000;

/** By the format in which an expiry is sent: how far the answer may be from it. */
const precisions: Readonly<Record<string, number>> = { date: day, "days-left": day, "hours-left": 3_600_000 };

/** The fields in which the token is not what was asked for. */
export function ignoredFields(connector: Connector, wanted: Wanted, token: RemoteToken): IgnoredField[] {
	const sent = new Set(namesUsed(connector.create));
	const fields: TokenField[] = ["permissions", "resources", "allowedAddresses", "defaultSource", "expiry"];
	const precision = precisionOf(connector, connector.create);
	const ignored = fields.flatMap((field): IgnoredField[] => {
		const [asked, answered] = [wanted[field], token[field]];
		// Nothing asked for leaves a list to the system's default.
		if (field !== "expiry" && isNothing(asked)) return [];
		if (answered === undefined) {
			// Not told: only what was not even sent is certainly ignored.
			return sent.has(field) || isNothing(asked) ? [] : [{ field, asked, answered: null }];
		}
		return isSame(field, asked, answered, precision) ? [] : [{ field, asked, answered }];
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
	const plain = (text: string) =>
		as === "list" ? [...new Set(text.split(",").map((part) => part.trim()))].sort().join() : text;
	return plain(asked.trim()) === plain(answered.trim());
}

/** The changed fields in which the token is not what was asked for. What its system does not tell is not known. */
export function ignoredChanges(
	connector: Connector,
	{ before, changes }: { before: Pick<Wanted, "expiry">; changes: Changes },
	token: RemoteToken,
): IgnoredField[] {
	const precision = precisionOf(connector, connector.update);
	return fieldsOf(changes).flatMap((field) => {
		const [asked = null, answered] = [changes[field], token[field]];
		if (answered === undefined) return [];
		const isLeft = field === "expiry" && isLeftAlone({ before: before.expiry, asked, answered }, precision);
		return isLeft || !isSame(field, asked, answered, precision) ? [{ field, asked, answered }] : [];
	});
}

/** Whether the token tells that all of the changes were made. */
export function isConfirmed(connector: Connector, changes: Changes, token: RemoteToken): boolean {
	const precision = precisionOf(connector, connector.update);
	return fieldsOf(changes).every((field) => {
		const [asked = null, answered] = [changes[field], token[field]];
		return answered !== undefined && isSame(field, asked, answered, precision);
	});
}

const fieldsOf = (changes: Changes) => Object.keys(changes) as TokenField[];

/** How exactly a system stores an expiry, in milliseconds: by the format in which it is sent, and in which it is told. */
function precisionOf(
	{ record, list, read }: Connector,
	call: Connector["create"] | Connector["update"],
): number {
	const formats = placeholdersOf(JSON.stringify(call ?? "")).map(
		({ format = "" }) => precisions[format] ?? 0,
	);
	const isDay = [record, list?.record, read?.record, call?.record].some(
		(one) => typeof one?.expiry === "object" && one.expiry.as === "date",
	);
	return Math.max(60_000, isDay ? day : 0, ...formats);
}

interface ExpiryChange {
	before: string | null;
	asked: unknown;
	answered: unknown;
}

/** Where an expiry is stored roughly, one that is still the old one can look like the new one. */
function isLeftAlone({ before, asked, answered }: ExpiryChange, precision: number): boolean {
	if (before === null || typeof asked !== "string" || typeof answered !== "string") return false;
	const unit = (date: string) => Math.floor(Date.parse(date) / precision);
	const isOld = Math.abs(Date.parse(answered) - Date.parse(before)) <= 60_000;
	return isOld && unit(asked) !== unit(before);
}

function isNothing(asked: string | readonly string[] | null): boolean {
	return asked === null || asked.length === 0;
}

function isSame(
	field: TokenField,
	asked: string | readonly string[] | null,
	answered: string | readonly string[] | null,
	precision: number,
): boolean {
	if (Array.isArray(asked) && Array.isArray(answered)) {
		const [some, others] = [asked, answered].map((list) => new Set(list.map(plainEntry)));
		return some?.size === others?.size && [...(some ?? [])].every((entry) => others?.has(entry));
	}
	if (typeof asked !== "string" || typeof answered !== "string") return asked === answered;
	// A record has texts on one line.
	if (field !== "expiry") return clean(asked, 1000) === answered;
	const [wanted, found] = [Date.parse(asked), Date.parse(answered)];
	// Some systems keep the day, and tell it as midnight.
	return Math.abs(wanted - found) <= precision || found === wanted - (wanted % day);
}

/** A range of one address is that address. */
function plainEntry(entry: string): string {
	return entry.replace(/^([\d.]+)\/32$|^([\da-f:]+)\/128$/i, "$1$2").toLowerCase();
}
