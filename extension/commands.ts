/**
 * Everything that a person can start: one table of commands, and one wrapper that turns what goes wrong in any of them
 * into a message with a way on.
 */
import * as vscode from "vscode";
import type { TokenRecord } from "../daemon/contract.ts";
import { createToken } from "./create/create-token.ts";
import { report } from "./report.ts";
import type { Services } from "./services.ts";
import { copySecret } from "./tokens/copy-secret.ts";
import { injectToken } from "./tokens/inject-token.ts";
import { revokeToken } from "./tokens/revoke-token.ts";
import { chooseToken } from "./tokens/token-choice.ts";
import type { TokenTree } from "./tokens/token-tree.ts";

interface Command {
	/** What did not happen when it fails, as a sentence. */
	failed: string;
	run(services: Services, tree: TokenTree, argument: unknown): Promise<void> | void;
}

const commands: Record<string, Command> = {
	createToken: {
		failed: "The token was not created.",
		run: async (services, tree) => {
			await createToken(services, (token) => tree.mark(token.id));
		},
	},
	copySecret: {
		failed: "The secret was not copied.",
		run: async (services, tree, argument) =>
			copySecret(services, await tokenFor({ title: "Copy Secret", among: "kept" }, services, tree, argument)),
	},
	injectToken: {
		failed: "The secret was not inserted.",
		run: async (services, tree, argument) =>
			injectToken(
				services,
				await tokenFor({ title: "Insert into Env File", among: "kept" }, services, tree, argument),
			),
	},
	revokeToken: {
		failed: "The token was not revoked.",
		run: async (services, tree, argument) =>
			revokeToken(services, await tokenFor({ title: "Revoke", among: "all" }, services, tree, argument)),
	},
	copyId: {
		failed: "The ID was not copied.",
		run: async (services, tree, argument) =>
			vscode.env.clipboard.writeText(
				(await tokenFor({ title: "Copy ID", among: "all" }, services, tree, argument)).id,
			),
	},
	refresh: {
		failed: "The tokens cannot be shown.",
		run: ({ live }) => live.whenLive(),
	},
	openSettings: {
		failed: "The settings did not open.",
		run: openSettings,
	},
	showLog: {
		failed: "The log did not open.",
		run: ({ log }) => log.show(),
	},
	restartDaemon: {
		failed: "The daemon was not restarted.",
		run: restartDaemon,
	},
};

/** Registers every command of the table under `tokensmith.`. */
export function registerCommands(services: Services, tree: TokenTree): vscode.Disposable {
	const registered = Object.entries(commands).map(([name, command]) =>
		vscode.commands.registerCommand(`tokensmith.${name}`, (argument: unknown) =>
			runSafely(command, services, tree, argument),
		),
	);
	return vscode.Disposable.from(...registered);
}

/** Cancelling is no error; anything else is logged, told, and tried again if the person wants that. */
async function runSafely(
	command: Command,
	services: Services,
	tree: TokenTree,
	argument: unknown,
): Promise<void> {
	for (;;) {
		try {
			return await command.run(services, tree, argument);
		} catch (error) {
			if (error instanceof vscode.CancellationError) return;
			const answer = await report({ failed: command.failed, error, log: services.log });
			if (answer === undefined) return;
		}
	}
}

interface Wanted {
	title: string;
	/** Which tokens to choose from: all that are not revoked, or of these only those whose secret is kept here. */
	among: "all" | "kept";
}

/** The token that the command was started from, the one marked in the list for a key, else one that is chosen now. */
async function tokenFor(
	{ title, among }: Wanted,
	{ live, secrets }: Services,
	tree: TokenTree,
	argument: unknown,
): Promise<TokenRecord> {
	const given = isSelection(argument) ? tree.selected : argument;
	const token = live.tokens.find(({ id }) => id === idOf(given));
	if (token !== undefined) return token;
	const kept = new Set(among === "kept" ? await secrets.ids() : []);
	return chooseToken(live, {
		title,
		among: ({ id, status }) => status !== "revoked" && (among === "all" || kept.has(id)),
		none: among === "kept" ? "No token's secret is kept on this machine." : "There are no API tokens yet.",
	});
}

/** What the key bindings in package.json pass. */
function isSelection(argument: unknown): boolean {
	return (
		typeof argument === "object" && argument !== null && "token" in argument && argument.token === "selected"
	);
}

function idOf(given: unknown): unknown {
	return typeof given === "object" && given !== null && "id" in given ? given.id : given;
}

async function restartDaemon({ daemon, live }: Services): Promise<void> {
	await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: "Restarting the daemon of API tokens…" },
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
	await vscode.commands.executeCommand(`workbench.action.${where}`, { query: "@ext:tokensmith.tokensmith" });
}
