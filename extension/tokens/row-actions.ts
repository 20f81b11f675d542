/**
 * What the menu of a token in the Token Overview offers: the same as its menu in the Tokens view, whose rules are in
 * package.json. Knows no VS Code.
 */

import type { TokenRecord } from "../../daemon/contract.ts";
import type { Ways } from "../connections/ways.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";

export const rowActions = ["rotate", "edit", "revoke", "mark-revoked"] as const;
export type RowAction = (typeof rowActions)[number];

type RowToken = Pick<TokenRecord, "status" | "issuer">;

export function rowActionsFor({ status, issuer }: RowToken, ways: Ways): RowAction[] {
	if (status === "revoked") return [];
	// At a server, nothing is offered that this editor's token may not do.
	const isOwn = isTokensmith(issuer);
	const canRotate = (status === "active" || status === "expired") && ways.rotate !== "none";
	const isFixed = status === "in-doubt" || (isOwn && (status === "expired" || !ways.change));
	const marked = isOwn ? [] : (["mark-revoked"] as const);
	return [
		...(canRotate ? (["rotate"] as const) : []),
		...(isFixed ? [] : (["edit"] as const)),
		...(ways.revoke === "none" ? marked : (["revoke"] as const)),
	];
}
