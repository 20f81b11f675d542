/** Registers all commands, each with one wrapper that turns an error into a message with a remedy. */
import * as vscode from "vscode";
import { activityCommands } from "./activity/activity-commands.ts";
import { backupCommands, deletionCommands } from "./backup/backup-commands.ts";
import type { Command, CommandCall, CommandTable } from "./command.ts";
import { commandLineCommands } from "./command-line/command-line-commands.ts";
import { createCommands } from "./create/create-token.ts";
import { daemonCommands } from "./daemon/daemon-commands.ts";
import { bulkCommands } from "./edit/edit-many.ts";
import { editCommands } from "./edit/edit-token.ts";
import { grantCommands } from "./edit/grant-access.ts";
import { envLineCommands } from "./env-line/env-line-commands.ts";
import { identifyCommands } from "./identify/identify-token.ts";
import { incidentCommands } from "./incident/start-incident.ts";
import { launchCommands } from "./launch/launch-commands.ts";
import { overviewCommands } from "./overview/overview-commands.ts";
import { recoveryCommands } from "./recovery/recovery-commands.ts";
import { report } from "./report.ts";
import { rotationCommands } from "./rotation/rotation-commands.ts";
import { serverCommands } from "./servers/server-commands.ts";
import type { Services } from "./services.ts";
import { setUpCommands } from "./set-up/set-up-commands.ts";
import { systemCommands } from "./systems/system-commands.ts";
import { tokenCommands } from "./tokens/token-commands.ts";
import { viewCommands } from "./tokens/view-commands.ts";

const tables: readonly CommandTable<Services>[] = [
	activityCommands,
	backupCommands,
	deletionCommands,
	commandLineCommands,
	createCommands,
	daemonCommands,
	editCommands,
	bulkCommands,
	grantCommands,
	envLineCommands,
	identifyCommands,
	incidentCommands,
	launchCommands,
	recoveryCommands,
	rotationCommands,
	overviewCommands,
	serverCommands,
	setUpCommands,
	systemCommands,
	tokenCommands,
	viewCommands,
];

/** Registers every command of the tables under `tokensmith.`. */
export function registerCommands(services: Services): vscode.Disposable {
	const registered = tables
		.flatMap((table) => Object.entries(table))
		.map(([name, command]) =>
			vscode.commands.registerCommand(`tokensmith.${name}`, (argument: unknown, selected: unknown) =>
				runSafely(command, { services, argument, selected }),
			),
		);
	return vscode.Disposable.from(...registered);
}

/** A cancellation is not an error; any other error is logged, reported, and retried if the user wants that. */
async function runSafely(command: Command<Services>, call: CommandCall<Services>): Promise<unknown> {
	for (;;) {
		try {
			return await command.run(call);
		} catch (error) {
			if (error instanceof vscode.CancellationError) return undefined;
			const answer = await report({ failed: command.failed(), error, log: call.services.log });
			if (answer === undefined) return undefined;
		}
	}
}
