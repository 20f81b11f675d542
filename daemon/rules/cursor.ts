/** Cursors of lists. A cursor belongs to one list: with other filters it is refused. */
import { hash } from "node:crypto";
import { RuleError } from "./rule-error.ts";

/** @param list identifies the list: its filters and its order. */
export function cursorOf(position: readonly unknown[], list: object): string {
	return Buffer.from(JSON.stringify([...position, fingerprintOf(list)])).toString("base64url");
}

/** @throws RuleError `invalid-request` for a cursor that this list did not return. */
export function positionOf(cursor: string, list: object): unknown[] {
	const parts = partsOf(cursor);
	if (parts.length > 1 && parts.at(-1) === fingerprintOf(list)) return parts.slice(0, -1);
	const detail = "This cursor does not belong to a list with these filters; request the list without it.";
	throw new RuleError("invalid-request", detail, { errors: [{ pointer: "?cursor", detail }] });
}

function partsOf(cursor: string): unknown[] {
	try {
		const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
		return Array.isArray(parts) ? parts : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

function fingerprintOf(list: object): string {
	return hash("sha256", JSON.stringify(Object.entries(list).sort()), "base64url").slice(0, 12);
}
