/** Records for tests that depend on only a few fields of a token. */
import { statusOf, type TokenRecord } from "../../daemon/contract.ts";
import { untouched } from "../untouched.ts";

const user = { userId: "u", userName: "ann" };
const date = "2026-02-01T12:00:00.000Z";

/** A token that has never been used. */
export function tokenRecord(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
	return {
		...untouched,
		...{ id, name: "orders-api", issuer: "local", profile: "local", userId: "t", partialToken: "tks_…abcd" },
		...{ creationDate: date, lastModifiedDate: date, createdUserInfo: user, lastModifiedUserInfo: user },
		...{ expiry: null, permissions: ["orders.read"] },
		...more,
	};
}

/** The same, with the status that its dates give at `now`. */
export function aToken(more: Partial<TokenRecord>, now = Date.now()): TokenRecord {
	const token = tokenRecord(more.name ?? "1", { name: "Orders", ...more });
	return { ...token, status: statusOf(token, now) };
}
