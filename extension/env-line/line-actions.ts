/**
 * The actions available for a line and its token; links, lenses and quick fixes each offer those that fit. Performs
 * nothing itself. Knows no VS Code.
 */

import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Ways } from "../connections/ways.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";

export type ActionName =
	| (
			| "rotate"
			| "edit"
			| "revoke"
			| "mark-revoked"
			| "enable"
			| "show"
			| "activity"
			| "replace-in-place"
			| "undo-rotation"
			| "end-overlap"
	  )
	| ("replace" | "comment-out" | "import" | "ignore" | "untrack" | "reveal" | "create");

interface Action {
	/** Without `tokensmith.` */
	readonly command: string;
	readonly title: () => string;
	/** What the command applies to. */
	readonly of: "token" | "line" | "nothing";
}

export const actions: Readonly<Record<ActionName, Action>> = {
	rotate: { command: "rotateToken", title: () => l10n.t("Rotate"), of: "token" },
	edit: { command: "editToken", title: () => l10n.t("Edit"), of: "token" },
	revoke: { command: "revokeToken", title: () => l10n.t("Revoke"), of: "token" },
	"mark-revoked": { command: "markRevoked", title: () => l10n.t("Mark as Revoked"), of: "token" },
	enable: { command: "enableToken", title: () => l10n.t("Enable"), of: "token" },
	show: { command: "showToken", title: () => l10n.t("Show Token"), of: "token" },
	activity: { command: "showActivity", title: () => l10n.t("Show Activity"), of: "token" },
	"replace-in-place": {
		command: "replaceInPlace",
		title: () => l10n.t("Replace Token in Place"),
		of: "token",
	},
	"undo-rotation": { command: "undoRotation", title: () => l10n.t("Undo Rotation"), of: "token" },
	"end-overlap": { command: "endOverlap", title: () => l10n.t("End Overlap"), of: "token" },
	replace: { command: "replaceWithSuccessor", title: () => l10n.t("Replace with Successor"), of: "line" },
	"comment-out": { command: "commentOutLines", title: () => l10n.t("Comment Out Line"), of: "line" },
	import: { command: "importToken", title: () => l10n.t("Import"), of: "line" },
	ignore: { command: "ignoreSecret", title: () => l10n.t("Ignore"), of: "line" },
	untrack: { command: "ignoreAndUntrack", title: () => l10n.t("Ignore and Untrack"), of: "line" },
	reveal: { command: "revealValue", title: () => l10n.t("Reveal"), of: "line" },
	create: { command: "createToken", title: () => l10n.t("Create Another API Token"), of: "nothing" },
};

/** At a server: whether this editor's token may do it. Other actions concern this machine alone. */
const needs: { readonly [Name in ActionName]?: (ways: Ways) => boolean } = {
	rotate: ({ rotate }) => rotate !== "none",
	"replace-in-place": ({ rotate }) => rotate !== "none",
	enable: ({ restore }) => restore,
	"undo-rotation": ({ restore }) => restore,
	edit: ({ change }) => change,
	"end-overlap": ({ change }) => change,
	revoke: ({ revoke }) => revoke !== "none",
	"mark-revoked": () => false,
};

/** The actions for a line's token, the most likely first. At a server, only what this editor's token may do. */
export function actionsFor(token: TokenRecord, ways: Ways): ActionName[] {
	const all = usualActions(token, ways);
	if (!isTokensmith(token.issuer)) return all;
	return all.filter((action) => needs[action]?.(ways) ?? true);
}

function usualActions(token: TokenRecord, ways: Ways): ActionName[] {
	if (token.status === "retiring") return ["replace", "undo-rotation", "end-overlap"];
	const isOver = token.status === "expired" || token.status === "revoked";
	if (isOver && token.successorId !== null) return ["replace"];
	if (token.status === "in-doubt") return ["enable", revokeBy(ways)];
	return isTokensmith(token.issuer) ? actionsForLocal(token) : actionsForOther(token, ways);
}

function actionsForLocal({ status }: TokenRecord): ActionName[] {
	if (status === "active") return ["rotate", "edit", "revoke"];
	return status === "disabled" ? ["enable", "edit", "revoke"] : ["replace-in-place"];
}

/** What is not known of a token that is only recorded can be noted; only its own system can change it. */
function actionsForOther({ status }: TokenRecord, ways: Ways): ActionName[] {
	if (status === "revoked") return [];
	const change: ActionName[] = ways.rotate === "none" ? ["edit"] : ["rotate", "edit"];
	return [...change, revokeBy(ways)];
}

function revokeBy({ revoke }: Ways): ActionName {
	return revoke === "none" ? "mark-revoked" : "revoke";
}
