/**
 * The actions available for a line and its token; links, lenses and quick fixes each offer those that fit. Performs
 * nothing itself. Knows no VS Code.
 */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";

export type ActionName =
	| (
			| "rotate"
			| "edit"
			| "revoke"
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

/** The actions for a line's token, the most likely first. Tokens of other systems are rotated in their own system. */
export function actionsFor(token: TokenRecord): ActionName[] {
	const isOurs = token.issuer === "local";
	switch (token.status) {
		case "active":
			return isOurs ? ["rotate", "edit", "revoke"] : ["revoke", "edit"];
		case "retiring":
			return ["replace", "undo-rotation", "end-overlap"];
		case "in-doubt":
			return ["enable", "revoke"];
		case "disabled":
			return isOurs ? ["enable", "edit", "revoke"] : ["revoke", "edit"];
		default:
			if (token.successorId !== null) return ["replace"];
			return isOurs ? ["replace-in-place"] : [];
	}
}
