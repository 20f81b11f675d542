/** Commands of the Activity view. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import type { Services } from "../services.ts";
import { idOf } from "../tokens/token-choice.ts";

const failed = () => l10n.t("The activity cannot be shown.");

export const activityCommands: CommandTable<Pick<Services, "activity">> = {
	showActivity: {
		failed,
		run: async ({ services, argument }) => {
			const id = idOf(argument);
			await vscode.commands.executeCommand("tokensmith.activity.focus");
			await services.activity.show(typeof id === "string" ? id : undefined);
		},
	},
	showAllActivity: { failed, run: ({ services }) => services.activity.show(undefined) },
	loadMoreActivity: {
		failed: () => l10n.t("No more activity was loaded."),
		run: ({ services }) => services.activity.more(),
	},
};
