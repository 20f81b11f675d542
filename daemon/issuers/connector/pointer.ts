/** JSON pointers (RFC 6901) and conditions over an answer. Only own properties are read, never those of a prototype. */
import type { Condition } from "../../contract.ts";

/** The value at the pointer; undefined if there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
	let value = document;
	for (const part of pointer.split("/").slice(1)) {
		if (typeof value !== "object" || value === null) return undefined;
		const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
		// Own properties of an array are its entries, but also "length".
		if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(key)) return undefined;
		if (!Object.hasOwn(value, key)) return undefined;
		value = (value as Record<string, unknown>)[key];
	}
	return value;
}

/** Whether the document meets all that the condition says. */
export function meets(document: unknown, { at, is, in: among, has, lacks }: Condition): boolean {
	const value = at === undefined ? undefined : valueAt(document, at);
	const isCompared = is !== undefined || among !== undefined;
	return (
		(is === undefined || value === is) &&
		(among === undefined || among.some((one) => one === value)) &&
		(at === undefined || isCompared || isPresent(value)) &&
		(has === undefined || isPresent(valueAt(document, has))) &&
		(lacks === undefined || !isPresent(valueAt(document, lacks)))
	);
}

function isPresent(value: unknown): boolean {
	return value !== undefined && value !== null && value !== "";
}
