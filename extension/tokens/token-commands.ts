/** Commands about tokens. */

import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandCall, CommandTable } from "../command.ts";
import { waysOf } from "../connections/connections.ts";
import { bareId, isTokensmith } from "../daemon/qualified-ids.ts";
import type { EnvLine } from "../env/bindings.ts";
import { lineFor } from "../env/line-argument.ts";
import type { Services } from "../services.ts";
import { commentOutLines } from "./comment-lines.ts";
import { copySecret } from "./copy-secret.ts";
import { disableTokensInteractively, enableTokensInteractively } from "./disable-token.ts";
import { injectToken } from "./inject-token.ts";
import { revokeTokensInteractively } from "./revoke-token.ts";
import { type TokenChoiceDeps, tokenFor, tokensFor } from "./token-choice.ts";

type TokenCommandDeps = TokenChoiceDeps & Pick<Services, "clipboard" | "connections" | "log">;

export const tokenCommands: CommandTable<TokenCommandDeps> = {
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
				await tokenFor(call, { title: l10n.t("Insert Secret into Env File"), among: "kept" }),
			),
	},
	revokeToken: {
		failed: () => l10n.t("The token was not revoked."),
		run: async (call) =>
			revokeTokensInteractively(
				call.services,
				await tokensFor(call, { title: l10n.t("Revoke Token"), among: "all", needs: "delete" }),
			),
	},
	markRevoked: {
		failed: () => l10n.t("The token was not marked as revoked."),
		run: async (call) =>
			revokeTokensInteractively(
				call.services,
				await tokensFor(call, {
					title: l10n.t("Mark as Revoked"),
					among: (token) =>
						token.status !== "revoked" && call.services.connections.wayTo("revoke", token) === "none",
					needs: "delete",
					none: l10n.t("No API token is only recorded here."),
					way: "nothing",
				}),
			),
	},
	commentOutLines: {
		failed: () => l10n.t("The lines were not commented out."),
		run: async (call) => commentOutLines(call.services, await linesFor(call)),
	},
	disableToken: {
		failed: () => l10n.t("The token was not disabled."),
		run: async (call) =>
			disableTokensInteractively(
				call.services,
				await tokensFor(call, {
					title: l10n.t("Disable Token"),
					among: ({ issuer, status }) =>
						isTokensmith(issuer) && (status === "active" || status === "retiring"),
					needs: "write",
					none: l10n.t("No API token can be disabled."),
				}),
			),
	},
	enableToken: {
		failed: () => l10n.t("The token was not enabled."),
		run: async (call) =>
			enableTokensInteractively(
				call.services,
				await tokensFor(call, {
					title: l10n.t("Enable Token"),
					among: (token) =>
						(token.status === "disabled" || token.status === "in-doubt") &&
						waysOf(call.services.connections, token).restore,
					none: l10n.t("No API token is disabled or in doubt."),
					way: "nothing",
				}),
			),
	},
	copyId: {
		failed: () => l10n.t("The ID was not copied."),
		run: async (call) =>
			vscode.env.clipboard.writeText(
				// As its own authority knows it.
				bareId((await tokenFor(call, { title: l10n.t("Copy Token ID"), among: "all" })).id),
			),
	},
};

/** The given line, or the lines that hold the secrets of the given tokens. */
async function linesFor(call: CommandCall<TokenCommandDeps>): Promise<readonly EnvLine[]> {
	const { services, argument } = call;
	if (typeof argument === "object" && argument !== null && "line" in argument) {
		const line = lineFor(argument, services.bindings);
		return line === undefined ? [] : [line];
	}
	const tokens = await tokensFor(call, {
		title: l10n.t("Comment Out Env Lines"),
		among: ({ id }) => services.bindings.linesOf(id).length > 0,
		none: l10n.t("No line in the env files here contains the secret of an API token."),
	});
	await services.bindings.whenReady();
	return tokens.flatMap(({ id }) => services.bindings.linesOf(id));
}
