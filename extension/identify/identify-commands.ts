/** The command that says what a text is. */
import * as l10n from "@vscode/l10n";
import type { CommandTable } from "../command.ts";
import { identifyToken } from "./identify-token.ts";

export const identifyCommands: CommandTable = {
	identify: {
		failed: () => l10n.t("Nothing was identified."),
		run: identifyToken,
	},
};
