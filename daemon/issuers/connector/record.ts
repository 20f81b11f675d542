/** Reads a token out of a system's answer, which can be hostile: own properties only, short, without control characters. */

import { fillIn } from "../../connector-text.ts";
import type { DateField, ListField, RecordFields } from "../../contract.ts";
import { hashOf, partialTokenOf } from "../../rules/secret.ts";
import { meets, valueAt } from "./pointer.ts";
import { clean, holderOf } from "./redact.ts";
import type { RemoteToken } from "./system.ts";

const longestText = 1000;
const longestOption = 500;
const mostEntries = 500;

/**
 * The token that the value describes; undefined if it has no id. A secret that the value contains is dropped at once,
 * from every field: only its hash remains. A field that contains a secret of the call is dropped as well.
 * @param secret the secret that the whole answer contained.
 * @param holdsSecret whether a text contains a secret of the call.
 */
export function tokenFrom(
	value: unknown,
	record: RecordFields,
	holdsSecret: (text: string) => boolean,
	secret?: string,
): RemoteToken | undefined {
	const own = secret ?? secretIn(value, record);
	const holdsOwn = own === undefined ? () => false : holderOf([own]);
	const token = partFrom(value, record, (text) => holdsOwn(text) || holdsSecret(text));
	const isUntold = record.id !== undefined && idFrom(value, record.id) === undefined;
	const id = token.id ?? (own === undefined || isUntold ? undefined : hashOf(own));
	if (id === undefined) return undefined;
	const listed =
		own === undefined ? {} : { secretHash: hashOf(own), partial: token.partial ?? partialTokenOf(own) };
	return { ...token, ...listed, id };
}

/** What the value tells, without conclusions. */
export function partFrom(
	value: unknown,
	record: RecordFields,
	holdsSecret: (text: string) => boolean,
): Partial<RemoteToken> {
	const dead = record.dead === undefined ? undefined : meets(value, record.dead);
	const told = {
		id: idFrom(value, record.id),
		name: textAt(value, record.name),
		description: textAt(value, record.description),
		created: dateFrom(value, record.created) ?? undefined,
		expiry: dateFrom(value, record.expiry),
		permissions: listFrom(value, record.permissions),
		resources: listFrom(value, record.resources),
		allowedAddresses: listFrom(value, record.allowedAddresses),
		defaultSource: textAt(value, record.defaultSource),
		partial: maskedAt(value, record.partial),
		lastUsed: dateFrom(value, record.lastUsed) ?? undefined,
		options: optionsFrom(value, record.options),
		isDead: dead,
	};
	return withoutSecrets(defined(told), holdsSecret);
}

/** Where a list shows its secrets: the secret itself, which the caller must not keep. */
export function secretIn(value: unknown, { secret }: RecordFields): string | undefined {
	const found = secret === undefined ? undefined : valueAt(value, secret);
	return typeof found === "string" && found !== "" ? found : undefined;
}

function withoutSecrets(
	token: Partial<RemoteToken>,
	holdsSecret: (text: string) => boolean,
): Partial<RemoteToken> {
	const holds = (item: unknown): boolean =>
		typeof item === "object" && item !== null
			? Object.values(item).some(holds)
			: typeof item === "string" && holdsSecret(item);
	return Object.fromEntries(Object.entries(token).filter(([, item]) => !holds(item)));
}

function defined(
	fields: { [Name in keyof RemoteToken]?: RemoteToken[Name] | undefined },
): Partial<RemoteToken> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** An id is sent back as it is, so that it is neither cut nor cleaned. */
function idFrom(value: unknown, pointer: string | undefined): string | undefined {
	const found = pointer === undefined ? undefined : valueAt(value, pointer);
	const text = typeof found === "number" ? String(found) : found;
	if (typeof text !== "string" || text === "" || text.length > longestText) return undefined;
	return text.isWellFormed() && !/\p{Cc}/u.test(text) ? text : undefined;
}

function textAt(value: unknown, pointer: string | undefined): string | undefined {
	const found = pointer === undefined ? undefined : valueAt(value, pointer);
	return isScalar(found) ? clean(String(found), longestText) : undefined;
}

/** A long text without a mask could be the secret itself. */
function maskedAt(value: unknown, pointer: string | undefined): string | undefined {
	const text = textAt(value, pointer);
	return text === undefined || text.length <= 24 || /[*.…•]{2}|…/.test(text) ? text : partialTokenOf(text);
}

function isScalar(value: unknown): value is string | number | boolean {
	return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** RFC 3339 in UTC; null: never; undefined: not told. */
export function dateFrom(value: unknown, field: DateField | undefined): string | null | undefined {
	if (field === undefined) return undefined;
	const { at, as = "instant", never = [] } = typeof field === "string" ? { at: field } : field;
	const found = valueAt(value, at);
	if (found === undefined) return undefined;
	if (found === null || found === "" || never.some((one) => one === found)) return null;
	const time = as === "seconds" || as === "milliseconds" ? timeOfNumber(found, as) : timeOfText(found);
	if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) return undefined;
	const year = new Date(time).getUTCFullYear();
	// The zero of several languages (year 1) and the greatest date (year 9999) mean never.
	return year < 1970 || year > 9000 ? null : new Date(time).toISOString();
}

function timeOfNumber(value: unknown, unit: "seconds" | "milliseconds"): number {
	const number = typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
	if (typeof number !== "number") return Number.NaN;
	return Math.round(number * (unit === "seconds" ? 1000 : 1));
}

/** Without a zone it is UTC. */
function timeOfText(value: unknown): number {
	if (typeof value !== "string") return Number.NaN;
	const [, day, time, zone = "Z"] =
		/^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|z|[+-]\d\d:?\d\d)?(?: UTC)?)?$/.exec(
			value,
		) ?? [];
	return day === undefined ? Number.NaN : Date.parse(`${day}T${time ?? "00:00"}${zone.toUpperCase()}`);
}

export function listFrom(value: unknown, field: ListField | undefined): string[] | undefined {
	if (field === undefined) return undefined;
	const parts = typeof field === "string" ? [{ at: field }] : Array.isArray(field) ? field : [field];
	const lists = parts.map((part) => entriesOf(valueAt(value, part.at), part));
	if (lists.every((list) => list === undefined)) return undefined;
	return [...new Set(lists.flatMap((list) => list ?? []))].slice(0, mostEntries);
}

type ListPart = Exclude<ListField, string | unknown[]>;

function entriesOf(value: unknown, { each, split, flag }: ListPart): string[] | undefined {
	if (flag !== undefined) return typeof value === "boolean" ? (value ? [flag] : []) : undefined;
	if (value === null) return [];
	if (typeof value === "string") {
		const parts = split === undefined ? [value] : value.split(split);
		return parts.map((part) => clean(part, longestText)).filter((part) => part !== "");
	}
	if (typeof value === "object" && !Array.isArray(value) && each !== undefined)
		return fieldsOf(value, each).map((text) => clean(text, longestText));
	if (!Array.isArray(value)) return undefined;
	return value.slice(0, mostEntries).flatMap((item) => {
		const text = each === undefined ? (isScalar(item) ? String(item) : undefined) : partsFrom(item, each);
		return text === undefined ? [] : [clean(text, longestText)];
	});
}

/** Of an object: a text for each field, and for each entry of a field that is a list. */
function fieldsOf(value: object, each: string): string[] {
	return Object.entries(value)
		.slice(0, mostEntries)
		.flatMap(([key, field]) =>
			(Array.isArray(field) ? field : [field])
				.filter((item) => item !== false && item !== null)
				.flatMap((item) => partsFrom(item, each, key) ?? []),
		);
}

function optionsFrom(
	value: unknown,
	pointers: RecordFields["options"] = {},
): Record<string, string> | undefined {
	const told = Object.entries(pointers).flatMap(([name, pointer]) => {
		const text = optionAt(value, pointer);
		return text === undefined ? [] : [[name, text] as const];
	});
	return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** A successor is created with it, so that it is neither cut nor cleaned: what can't be repeated is not told. */
function optionAt(value: unknown, pointer: string): string | undefined {
	const found = valueAt(value, pointer);
	if (found === null) return "";
	const entries = Array.isArray(found) ? found : [found];
	if (!entries.every(isScalar)) return undefined;
	const texts = entries.map(String);
	if (Array.isArray(found) && texts.some((text) => /,|^\s|\s$/.test(text) || text === "")) return undefined;
	const text = texts.join(",");
	return text.length > longestOption || !text.isWellFormed() || /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text)
		? undefined
		: text;
}

/**
 * A text of a value's parts: `{item}` is the value; other names are its properties, or pointers into it.
 * @param key of the value, for `{key}`.
 */
export function partsFrom(item: unknown, template: string, key?: string): string | undefined {
	let isComplete = true;
	const text = fillIn(template, ({ name }) => {
		const property = () => valueAt(item, name.startsWith("/") ? name : `/${name}`);
		const found = name === "item" ? item : name === "key" && key !== undefined ? key : property();
		if (isScalar(found)) return String(found);
		isComplete = false;
		return "";
	});
	return isComplete ? text : undefined;
}
