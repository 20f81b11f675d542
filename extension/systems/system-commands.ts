/** Commands about other systems and their connections. */
import * as l10n from "@vscode/l10n";
import type { CommandTable } from "../command.ts";
import type { Services } from "../services.ts";
import { exportRenewals } from "./export-renewals.ts";

export const systemCommands: CommandTable<Pick<Services, "live">> = {
	exportRenewals: {
		failed: () => l10n.t("The renewals were not exported."),
		run: ({ services }) => exportRenewals(services),
	},
};
