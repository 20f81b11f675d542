import * as l10n from "@vscode/l10n";
import { manifestName } from "../../daemon/manifest/manifest.ts";
import type { CommandTable } from "../command.ts";
import { type SetUpCommandDeps, setUpWorkspace } from "./set-up.ts";
import { type WriteManifestDeps, writeManifest } from "./write-manifest.ts";

export const setUpCommands: CommandTable<SetUpCommandDeps & WriteManifestDeps> = {
	setUpWorkspace: {
		failed: () => l10n.t("The tokens of this workspace were not set up."),
		run: ({ services }) => setUpWorkspace(services),
	},
	writeManifest: {
		failed: () => l10n.t("{0} was not written.", manifestName),
		run: ({ services }) => writeManifest(services),
	},
};
