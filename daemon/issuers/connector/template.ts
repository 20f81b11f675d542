/** Fills in the templates of a connector: URLs (RFC 6570), texts, and JSON bodies. */
import { parseTemplate } from "url-template";
import {
	fillIn,
	leavesBase,
	namesInRequest,
	namesUsed,
	type Placeholder,
	wholePlaceholder,
} from "../../connector-text.ts";
import { directiveOf } from "../../connector-values.ts";
import { ConnectorError } from "./connector-error.ts";

/** What the names of a template stand for. A name that is absent is left out of a body. */
export type Values = ReadonlyMap<string, unknown>;

/** Path and query of a request. @throws ConnectorError when a value is missing, or would lead to another path. */
export function pathOf(request: string, values: Values): string {
	const template = request.slice(request.indexOf(" ") + 1);
	const [pathTemplate = ""] = template.split(/\?|\{[?&]/);
	for (const name of namesInRequest(pathTemplate)) refuseSegment(name, values.get(name));
	const given = Object.fromEntries(
		namesInRequest(template).flatMap((name) =>
			isAbsent(values.get(name)) ? [] : [[name, urlValue(values.get(name))]],
		),
	);
	const expanded = parseTemplate(template).expand(given);
	const [path = ""] = expanded.split("?");
	// An encoded slash is inside of a value, which refuseSegment has checked.
	if (leavesBase(path.replace(/%2f/gi, "")) || /[\s\\#]/.test(expanded))
		refuse("The path would leave its base address.");
	return expanded;
}

/** A value stays within its place: `.` and `..` are removed by every URL parser, also in the middle of `a/../b`. */
function refuseSegment(name: string, value: unknown): void {
	const text = isAbsent(value) ? "" : String(value);
	const parts = text.split(/[/\\]/);
	if (text === "") refuse(`A value for ${name} is missing.`);
	if (text.length > 1000 || /\p{Cc}/u.test(text) || parts.some((part) => /^(?:|\.|\.\.)$/.test(part))) {
		refuse(`The value of ${name} can't be part of an address.`);
	}
}

function refuse(message: string): never {
	throw new ConnectorError("not-supported", message);
}

/** A text in which every placeholder must have a value; undefined if one has none. */
export function textFrom(template: string, values: Values): string | undefined {
	let isComplete = true;
	const text = fillIn(template, (placeholder) => {
		const value = formatted(placeholder, values);
		if (isAbsent(value)) isComplete = false;
		return isAbsent(value) ? "" : plain(value);
	});
	return isComplete ? text : undefined;
}

/** A list stays one, for `{?list*}`. */
function urlValue(value: unknown): string | string[] {
	return Array.isArray(value) ? value.map(plain) : plain(value);
}

function plain(value: unknown): string {
	return typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** A JSON value with its placeholders filled in; undefined if nothing of it is left. */
export function fill(value: unknown, values: Values): unknown {
	if (typeof value === "string") return fillText(value, values);
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value))
		return value.map((item) => fill(item, values)).filter((item) => item !== undefined);
	return fillDirective(value as Record<string, unknown>, values);
}

function fillText(text: string, values: Values): unknown {
	const whole = wholePlaceholder(text);
	return whole === undefined ? textFrom(text, values) : formatted(whole, values);
}

function fillDirective(value: Record<string, unknown>, values: Values): unknown {
	const directive = directiveOf(value);
	if (directive === "literal") return value.literal;
	if (directive === "each") return fillEach(value, values);
	if (directive === "object") return fillEntries(value, values);
	if (directive === "join") return listFrom(value.join, values)?.join(String(value.with));
	if (directive === "has")
		return (listFrom(value.in, values) ?? []).includes(String(fill(value.has, values)));
	if (directive === "value") return fill(value.value, values) ?? otherwise(value, values);
	return fillObject(value, values);
}

function otherwise({ value, otherwise }: Record<string, unknown>, values: Values): unknown {
	return namesUsed(value).some((name) => values.get(name) === untouched) ? undefined : otherwise;
}

/** Without the fields that have no value; undefined if none has one. */
function fillObject(value: Record<string, unknown>, values: Values): unknown {
	const entries = Object.entries(value);
	const filled = entries.flatMap(([key, item]) => {
		const [name, content] = [textFrom(key, values), fill(item, values)];
		return name === undefined || content === undefined ? [] : [[name, content]];
	});
	return filled.length === 0 && entries.length > 0 ? undefined : Object.fromEntries(filled);
}

function fillEach({ each, split, as }: Record<string, unknown>, values: Values): unknown {
	return listFrom(each, values)?.map((item) => fill(as, withItem(values, item, partsOf(item, split))));
}

/** An object whose keys are the first parts of the entries. Lists of the same key are joined. */
function fillEntries({ object, split, as }: Record<string, unknown>, values: Values): unknown {
	const list = listFrom(object, values);
	if (list === undefined) return undefined;
	const entries = new Map<string, unknown>();
	for (const item of list) {
		const parts = partsOf(item, split);
		const [key = item] = parts;
		const [before, value] = [entries.get(key), fill(as, withItem(values, item, parts))];
		entries.set(key, Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value);
	}
	return Object.fromEntries(entries);
}

function withItem(values: Values, item: string, parts: readonly string[]): Values {
	const named = parts.map((part, index): [string, unknown] => [String(index + 1), part]);
	return new Map([...values, ["item", item], ...named]);
}

const partsOf = (item: string, split: unknown) => (typeof split === "string" ? splitInto(item, split) : []);

/** At the first separator only, so that the last part can contain it. */
function splitInto(item: string, separator: string): string[] {
	const at = item.indexOf(separator);
	return at < 0 ? [item] : [item.slice(0, at), ...splitInto(item.slice(at + separator.length), separator)];
}

function listFrom(template: unknown, values: Values): string[] | undefined {
	const list = fill(template, values);
	if (list === undefined || list === null) return undefined;
	return (Array.isArray(list) ? list : [list]).map(String);
}

/** The value of a field that a change leaves as it is: absent, also where another would be sent instead of none. */
export const untouched = Symbol("untouched");

export function isAbsent(value: unknown): boolean {
	return value === undefined || value === null || value === untouched;
}

function formatted({ name, format }: Placeholder, values: Values): unknown {
	const value = values.get(name);
	if (value === untouched) return undefined;
	if (isAbsent(value) || format === undefined) return value;
	if (format === "text") return plain(value);
	if (format === "number") return Number(value);
	if (format === "boolean") return value === true || value === "true";
	return formattedDate(Date.parse(String(value)), format, Date.parse(String(values.get("now"))));
}

const lengths: Readonly<Record<string, [milliseconds: number, unit: string]>> = {
	"milliseconds-left": [1, "milliseconds"],
	"seconds-left": [1000, "seconds"],
	"minutes-left": [60_000, "minutes"],
	"hours-left": [3_600_000, "hours"],
	"days-left": [86_400_000, "days"],
};

/** Rounded down, so that no token outlives what was asked for. */
function formattedDate(time: number, format: string, now: number): unknown {
	if (format === "date") return new Date(time).toISOString().slice(0, 10);
	if (format === "whole-seconds") return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
	if (format === "milliseconds") return time;
	if (format === "seconds") return Math.floor(time / 1000);
	const [length, unit] = lengths[format] ?? [1000, "seconds"];
	const left = Math.floor((time - now) / length);
	// For several systems 0 means never.
	if (!(left >= 1)) refuse(`The system counts whole ${unit}: choose a later expiry.`);
	return left;
}
