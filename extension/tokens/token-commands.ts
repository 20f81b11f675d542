/** Commands about one token. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import { createToken } from "../create/create-token.ts";
import { copySecret } from "./copy-secret.ts";
import { injectToken } from "./inject-token.ts";
import { revokeToken } from "./revoke-token.ts";
import { tokenFor } from "./token-choice.ts";

export const tokenCommands: CommandTable = {
	createToken: {
		failed: () => l10n.t("The token was not created."),
		run: async ({ services }) => {
			await createToken(services, (token) => services.tree.mark(token.id));
		},
	},
	copySecret: {
		failed: () => l10n.t("The secret was not copied."),
		run: async (call) =>
			copySecret(call.services, await tokenFor(call, { title: l10n.t("Copy Secret"), among: "kept" })),
	},
	injectToken: {
		failed: () => l10n.t("The secret was not inserted."),
		run: async (call) =>
			injectToken(
				call.services,
				await tokenFor(call, { title: l10n.t("Insert into Env File"), among: "kept" }),
			),
	},
	revokeToken: {
		failed: () => l10n.t("The token was not revoked."),
		run: async (call) =>
			revokeToken(call.services, await tokenFor(call, { title: l10n.t("Revoke"), among: "all" })),
	},
	copyId: {
		failed: () => l10n.t("The ID was not copied."),
		run: async (call) =>
			vscode.env.clipboard.writeText((await tokenFor(call, { title: l10n.t("Copy ID"), among: "all" })).id),
	},
};
