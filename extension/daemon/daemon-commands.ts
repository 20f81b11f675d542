/** Commands about the daemon, its log and its settings. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import type { Services } from "../services.ts";
import { reportProblem } from "./problem-report.ts";

export const extensionId = "tokensmith.tokensmith";

type DaemonDeps = Pick<Services, "bindings" | "connections" | "daemon" | "live" | "log">;

export const daemonCommands: CommandTable<DaemonDeps> = {
	refresh: {
		failed: () => l10n.t("The tokens cannot be shown."),
		run: ({ services }) => services.bindings.whenReady(),
	},
	openSettings: {
		failed: () => l10n.t("The settings did not open."),
		run: openSettings,
	},
	showLog: {
		failed: () => l10n.t("The log did not open."),
		run: ({ services }) => services.log.show(),
	},
	openDocumentation: {
		failed: () => l10n.t("The documentation did not open."),
		run: () => vscode.commands.executeCommand("extension.open", extensionId),
	},
	reportProblem: {
		failed: () => l10n.t("The report was not prepared."),
		run: ({ services: { daemon, live, connections } }) =>
			reportProblem({ version: daemon.version, live, systems: connections.all.length }),
	},
	restartDaemon: {
		failed: () => l10n.t("The daemon was not restarted."),
		run: ({ services }) => restartDaemon(services),
	},
	copyAddress: {
		failed: () => l10n.t("The address was not copied."),
		run: ({ services }) => copyAddress(services),
	},
};

/** As a line that an env file and a shell take. The identity in it is no secret. */
async function copyAddress({ daemon }: Pick<Services, "daemon">): Promise<void> {
	await vscode.env.clipboard.writeText(`TOKENSMITH_URL=${await daemon.addressForServices()}`);
	const said = l10n.t("$(copy) Copied TOKENSMITH_URL for an env file or a shell");
	vscode.window.setStatusBarMessage(said, 6000);
}

async function restartDaemon({ daemon, live }: Pick<Services, "daemon" | "live">): Promise<void> {
	await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: l10n.t("Restarting the daemon of API tokens…") },
		async () => {
			await daemon.restart();
			live.retry();
			await live.whenLive();
		},
	);
}

/** The settings belong to the machine that the daemon runs on, which in a remote window is the other one. */
async function openSettings(): Promise<void> {
	const where = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
	await vscode.commands.executeCommand(`workbench.action.${where}`, { query: `@ext:${extensionId}` });
}
