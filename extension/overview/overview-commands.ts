/** The command that opens the Token Overview. */
import * as l10n from "@vscode/l10n";
import type { CommandTable } from "../command.ts";
import type { Services } from "../services.ts";

export const overviewCommands: CommandTable<Pick<Services, "overview">> = {
	showOverview: {
		failed: () => l10n.t("The Token Overview did not open."),
		run: ({ services, argument }) => services.overview.show(idOf(argument)),
	},
};

/** The token to select, if the command was started from one. */
function idOf(argument: unknown): string | undefined {
	if (typeof argument !== "object" || argument === null || !("id" in argument)) return undefined;
	return typeof argument.id === "string" ? argument.id : undefined;
}
