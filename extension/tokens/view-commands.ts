/** Commands of the token list: grouping, filtering and navigation. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Command, CommandTable } from "../command.ts";
import { isTokensmith } from "../daemon/qualified-ids.ts";
import { type EnvLine, openLine } from "../env/bindings.ts";
import { lineFor } from "../env/line-argument.ts";
import type { Services } from "../services.ts";
import { cleanUpInteractively } from "./clean-up.ts";
import { filterTokens } from "./filter-box.ts";
import { idOf, type TokenChoiceDeps, tokenFor } from "./token-choice.ts";
import type { Grouping } from "./token-groups.ts";
import { renameToken } from "./token-name.ts";

const groupBy = (grouping: Grouping): Command<TokenChoiceDeps> => ({
	failed: () => l10n.t("The list was not grouped."),
	run: ({ services }) => services.tree.shown.groupBy(grouping),
});

const showEnded = (ended: "hidden" | "shown"): Command<TokenChoiceDeps> => ({
	failed: () => l10n.t("The list was not changed."),
	run: ({ services }) => services.tree.shown.showEnded(ended),
});

export const viewCommands: CommandTable<TokenChoiceDeps & Pick<Services, "log">> = {
	groupByStatus: groupBy("status"),
	groupByIssuer: groupBy("issuer"),
	groupByFile: groupBy("file"),
	// The same with a check mark, in the menu: VS Code marks no entry of an extension.
	groupedByStatus: groupBy("status"),
	groupedByIssuer: groupBy("issuer"),
	groupedByFile: groupBy("file"),
	filterTokens: {
		failed: () => l10n.t("The list was not filtered."),
		run: ({ services }) => filterTokens(services.tree.shown),
	},
	clearFilter: {
		failed: () => l10n.t("The filter was not cleared."),
		run: ({ services }) => {
			services.tree.shown.filter = "";
		},
	},
	hideEnded: showEnded("hidden"),
	showEnded: showEnded("shown"),
	cleanUp: {
		failed: () => l10n.t("The ended tokens were not deleted."),
		run: ({ services }) => cleanUpInteractively(services),
	},
	renameToken: {
		failed: () => l10n.t("The token was not renamed."),
		run: async (call) =>
			renameToken(
				call.services,
				await tokenFor(call, {
					title: l10n.t("Rename Token"),
					among: ({ issuer, status }) => isTokensmith(issuer) && status !== "revoked",
					needs: "write",
					none: l10n.t("No API token can be renamed."),
				}),
			),
	},
	openLine: {
		failed: () => l10n.t("The line did not open."),
		run: ({ services, argument }) => {
			const line = lineFor(argument, services.bindings);
			return line && openLine(line);
		},
	},
	showToken: {
		failed: () => l10n.t("The token cannot be shown."),
		run: async ({ services, argument }) => {
			await vscode.commands.executeCommand("tokensmith.tokens.focus");
			const id = isOfLine(argument) ? argument.line.tokenId : idOf(argument);
			if (typeof id === "string") services.tree.mark(id);
		},
	},
};

function isOfLine(argument: unknown): argument is { line: EnvLine } {
	return typeof argument === "object" && argument !== null && "line" in argument;
}
