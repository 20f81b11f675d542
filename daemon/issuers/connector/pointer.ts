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

const mostPlaces = 12;
const deepestPlace = 4;

/**
 * Where an answer has values (`list`: lists), for the author of a connector whose pointer finds nothing. Names of fields
 * only, and none that could be a secret itself.
 */
export function placesIn(document: unknown, kind: "value" | "list"): string[] {
	const places: string[] = [];
	const visit = (value: unknown, pointer: string, depth: number) => {
		if (places.length === mostPlaces) return;
		const isList = Array.isArray(value);
		const isLeaf = typeof value !== "object" || value === null;
		if (kind === "list" ? isList : isLeaf) places.push(pointer);
		if (isLeaf || depth === 0) return;
		for (const [key, item] of Object.entries(isList ? value.slice(0, 1) : value).slice(0, 50))
			if (isList || isFieldName(key)) visit(item, `${pointer}/${key.replaceAll("~", "~0")}`, depth - 1);
	};
	visit(document, "", deepestPlace);
	return places;
}

/** No text of many digits, or a long one: an object's key can be a secret. */
function isFieldName(key: string): boolean {
	return /^[A-Za-z_@$][\w@$.~-]{0,29}$/.test(key) && (key.match(/\d/g)?.length ?? 0) <= 2;
}

/** Whether the document meets all that the condition says. */
export function meets(document: unknown, { at, is, in: among, has, lacks, not }: Condition): boolean {
	const value = at === undefined ? undefined : valueAt(document, at);
	const isCompared = is !== undefined || among !== undefined;
	return (
		(is === undefined || value === is) &&
		(among === undefined || among.some((one) => one === value)) &&
		(at === undefined || isCompared || isPresent(value)) &&
		(has === undefined || isPresent(valueAt(document, has))) &&
		(lacks === undefined || !isPresent(valueAt(document, lacks))) &&
		(not === undefined || !meets(document, not))
	);
}

function isPresent(value: unknown): boolean {
	return value !== undefined && value !== null && value !== "";
}
