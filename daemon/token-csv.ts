/** Tokens as CSV (RFC 4180), for spreadsheets, which must take no cell for a formula. Pure. */
import type { TokenRecord } from "./contract.ts";

const columns = [
	...(["name", "status", "issuer", "profile", "description", "expiry", "permissions", "resources"] as const),
	...(["allowedAddresses", "defaultSource", "tags", "creationDate", "lastModifiedDate"] as const),
	...(["lastUsedDate", "lastUsedAddress", "useCount", "disabledDate", "inDoubtDate"] as const),
	...(["revokedDate", "revokedReason", "retiresDate", "partialToken", "id", "userId"] as const),
	...(["predecessorId", "successorId", "connectionId", "remoteId", "version", "expiryKnown"] as const),
] satisfies readonly (keyof TokenRecord)[];

const people = ["createdUserInfo", "lastModifiedUserInfo"] as const;

/** `server`: the name of the one that has the token; null: this machine. */
type Listed = TokenRecord & { readonly server?: string | null };

/** With a line of column names; lines end with CR LF. The column `server` is there if the tokens say it. */
export function tokensAsCsv(tokens: readonly Listed[]): string {
	const saysServer = tokens.some(({ server }) => server !== undefined);
	const header = [...columns, "createdBy", "lastModifiedBy", ...(saysServer ? ["server"] : [])];
	const rows = tokens.map((token) => [
		...columns.map((name) => textOf(token[name])),
		...people.map((name) => token[name].userName),
		...(saysServer ? [token.server ?? ""] : []),
	]);
	return [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function textOf(value: TokenRecord[(typeof columns)[number]]): string {
	return Array.isArray(value) ? value.join(" ") : String(value ?? "");
}

/** What a spreadsheet would take for a formula begins with a single quote (OWASP, CSV Injection). */
function cell(text: string): string {
	const harmless = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
	return `"${harmless.replaceAll('"', '""')}"`;
}
