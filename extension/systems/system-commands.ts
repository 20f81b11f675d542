/** Commands about other systems and their connections. */
import * as l10n from "@vscode/l10n";
import type { Connection, TokenRecord } from "../../daemon/contract.ts";
import type { Command, CommandTable } from "../command.ts";
import { type TokenChoiceDeps, tokenFor } from "../tokens/token-choice.ts";
import { addSecretInteractively } from "./add-secret.ts";
import { type ConnectSystemDeps, connectSystemInteractively } from "./connect.ts";
import { exportRenewals } from "./export-renewals.ts";
import { findRiskyTokens } from "./find-risky.ts";
import {
	changeCredential,
	disconnect,
	openSystem,
	renameConnection,
	testInteractively,
	usesCredential,
} from "./manage-connection.ts";
import { probeTokenInteractively } from "./probe-token.ts";
import { reconcile } from "./reconcile.ts";
import { isChanged, reviewConnector } from "./review-connector.ts";
import { connectionFor } from "./system-choice.ts";

type SystemDeps = ConnectSystemDeps & TokenChoiceDeps;

/** A command on one connection; `credential`: only on one that has a credential. */
function onConnection(
	title: () => string,
	failed: () => string,
	run: (services: SystemDeps, connection: Connection) => unknown,
	kind: "any" | "credential" = "any",
): Command<SystemDeps> {
	return {
		failed,
		run: async (call) => {
			const { services } = call;
			const among = (one: Connection) => kind === "any" || usesCredential(services.connections, one);
			return run(services, await connectionFor(call, { title: title(), among }));
		},
	};
}

export const systemCommands: CommandTable<SystemDeps> = {
	connectSystem: {
		failed: () => l10n.t("The system was not connected."),
		run: ({ services }) => connectSystemInteractively(services),
	},
	testConnection: onConnection(
		() => l10n.t("Test Connection"),
		() => l10n.t("The connection was not tested."),
		testInteractively,
		"credential",
	),
	changeCredential: onConnection(
		() => l10n.t("Change Credential"),
		() => l10n.t("The credential was not changed."),
		changeCredential,
		"credential",
	),
	reviewConnector: {
		failed: () => l10n.t("The connector was not reviewed."),
		run: async (call) => {
			const { connections } = call.services;
			const among = (one: Connection) => isChanged(connections, one);
			const title = l10n.t("Review Connector");
			return await reviewConnector(call.services, await connectionFor(call, { title, among }));
		},
	},
	renameConnection: onConnection(
		() => l10n.t("Rename Connection"),
		() => l10n.t("The connection was not renamed."),
		renameConnection,
	),
	openSystem: onConnection(
		() => l10n.t("Open Page of System"),
		() => l10n.t("The page did not open."),
		openSystem,
	),
	disconnectSystem: onConnection(
		() => l10n.t("Disconnect System"),
		() => l10n.t("The system was not disconnected."),
		disconnect,
	),
	reconcile: {
		failed: () => l10n.t("The tokens were not compared."),
		run: async (call) => {
			const { connections } = call.services;
			const among = (one: Connection) => connections.capabilitiesOf(one)?.list === true;
			await reconcile(call.services, await connectionFor(call, { title: l10n.t("Compare Tokens"), among }));
		},
	},
	probeToken: {
		failed: () => l10n.t("The token was not checked."),
		run: async (call) => {
			const { connections } = call.services;
			const among = (token: TokenRecord) => connections.capabilitiesOf(token)?.probe === true;
			const none = l10n.t("No API token of a connected system can be checked.");
			const title = l10n.t("Check Token at Its System");
			await probeTokenInteractively(
				call.services,
				await tokenFor(call, { title, among, none, way: "connect" }),
			);
		},
	},
	addSecret: {
		failed: () => l10n.t("The secret was not added."),
		run: async (call) => {
			const { connections, secrets } = call.services;
			const stored = new Set(await secrets.ids());
			const among = (token: TokenRecord) =>
				connections.capabilitiesOf(token)?.probe === true &&
				token.revokedDate === null &&
				!stored.has(token.id);
			const none = l10n.t("This machine has stored the secrets of all API tokens of connected systems.");
			const title = l10n.t("Add Its Secret");
			const token = await tokenFor(call, { title, among, none, way: "nothing" });
			await addSecretInteractively(call.services, token);
		},
	},
	findRiskyTokens: {
		failed: () => l10n.t("The systems were not searched."),
		run: ({ services }) => findRiskyTokens(services),
	},
	exportRenewals: {
		failed: () => l10n.t("The renewals were not exported."),
		run: ({ services }) => exportRenewals(services),
	},
};
