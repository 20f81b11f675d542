/** Commands about shared servers. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Command, CommandTable } from "../command.ts";
import type { Server } from "../daemon/servers.ts";
import { labelText } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import { connectServer, type ServerDeps } from "./connect-server.ts";
import { changeServerToken, copyServerAddress, disconnectServer, renameServer } from "./manage-server.ts";

/** A command on the server whose row it was started from, else on a chosen one. */
function onServer(
	title: () => string,
	failed: () => string,
	run: (services: ServerDeps, server: Server) => unknown,
): Command<ServerDeps> {
	return {
		failed,
		run: async ({ services, argument }) => run(services, await serverFor(services, argument, title())),
	};
}

export const serverCommands: CommandTable<ServerDeps> = {
	connectServer: {
		failed: () => l10n.t("The server was not connected."),
		run: ({ services }) => connectServer(services),
	},
	renameServer: onServer(
		() => l10n.t("Rename Server"),
		() => l10n.t("The server was not renamed."),
		renameServer,
	),
	changeServerToken: onServer(
		() => l10n.t("Change Token of Server"),
		() => l10n.t("The token was not changed."),
		changeServerToken,
	),
	copyServerAddress: onServer(
		() => l10n.t("Copy Address of Server"),
		() => l10n.t("The address was not copied."),
		copyServerAddress,
	),
	disconnectServer: onServer(
		() => l10n.t("Disconnect from Server"),
		() => l10n.t("The server was not disconnected."),
		disconnectServer,
	),
};

/** @throws CancellationError */
async function serverFor({ servers }: ServerDeps, argument: unknown, title: string): Promise<Server> {
	await servers.whenLoaded();
	const given =
		typeof argument === "object" && argument !== null && "server" in argument
			? servers.of(String(argument.server))
			: undefined;
	if (given !== undefined) return given;
	const { all } = servers;
	if (all.length === 0) {
		const connect = l10n.t("Connect to a Server…");
		const chosen = await showInformation(l10n.t("This editor is connected to no server."), connect);
		if (chosen === connect) await vscode.commands.executeCommand("tokensmith.connectServer");
		throw new vscode.CancellationError();
	}
	const rows = all.map((server) => ({
		label: labelText(server.name),
		description: new URL(server.address).host,
		server,
	}));
	const chosen = await vscode.window.showQuickPick(rows, { title, placeHolder: l10n.t("Which server?") });
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.server;
}
