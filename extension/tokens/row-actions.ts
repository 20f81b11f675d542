/**
 * What the menu of a token in the Token Overview offers: the same as its menu in the Tokens view, whose rules are in
 * package.json. Knows no VS Code.
 */

import type { TokenRecord } from "../../daemon/contract.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";

export const rowActions = ["rotate", "edit", "revoke", "mark-revoked"] as const;
export type RowAction = (typeof rowActions)[number];

/** How each is done with the token; `none`: neither here nor at its system. */
interface Ways {
	readonly rotate: "called" | "guided" | "none";
	readonly revoke: "called" | "guided" | "none";
}

type RowToken = Pick<TokenRecord, "status" | "issuer">;

export function rowActionsFor({ status, issuer }: RowToken, ways: Ways): RowAction[] {
	if (status === "revoked") return [];
	const canRotate = (status === "active" || status === "expired") && ways.rotate !== "none";
	const isFixed = status === "in-doubt" || (status === "expired" && isTokensmith(issuer));
	return [
		...(canRotate ? (["rotate"] as const) : []),
		...(isFixed ? [] : (["edit"] as const)),
		ways.revoke === "none" ? "mark-revoked" : "revoke",
	];
}
