/** Which connection a command applies to: that of the row that it was started from, else a chosen one. */
import { setTimeout as delay } from "node:timers/promises";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection } from "../../daemon/contract.ts";
import type { CommandCall } from "../command.ts";
import { labelText, quoted } from "../display-text.ts";
import { showInformation } from "../notification.ts";
import type { Services } from "../services.ts";
import { connect } from "../tokens/token-choice.ts";
import { hostOf } from "./system-address.ts";

type ChoiceDeps = Pick<Services, "connections" | "live">;

interface Wanted {
	title: string;
	/** Default: all. */
	among?: (connection: Connection) => boolean;
	/** How long the list may take to have a new connection. */
	longestWaitMilliseconds?: number;
}

/** The only one there is needs no choice. @throws CancellationError */
export async function connectionFor(
	{ services, argument }: CommandCall<ChoiceDeps>,
	{ title, among = () => true, longestWaitMilliseconds = 10_000 }: Wanted,
): Promise<Connection> {
	const { connections, live } = services;
	await connect(live);
	const given = connections.of(connectionIn(argument));
	if (given !== undefined) return given;
	const fitting = connections.all.filter(among);
	const [only] = fitting;
	if (only === undefined) return await connectFirst(services, among, longestWaitMilliseconds);
	return fitting.length === 1 ? only : await choose(fitting, title);
}

function connectionIn(argument: unknown): string {
	const isNode = typeof argument === "object" && argument !== null && "connection" in argument;
	return isNode ? String(argument.connection) : "";
}

async function choose(fitting: readonly Connection[], title: string): Promise<Connection> {
	const rows = fitting.map((connection) => ({
		label: labelText(connection.name),
		description: hostOf(connection.baseUrl),
		connection,
	}));
	const chosen = await vscode.window.showQuickPick(rows, {
		title,
		placeHolder: l10n.t("Which system?"),
		matchOnDescription: true,
	});
	if (chosen === undefined) throw new vscode.CancellationError();
	return chosen.connection;
}

/** Goes on with what the user connects now. @throws CancellationError when that can't do it either */
async function connectFirst(
	{ connections, live }: ChoiceDeps,
	among: (connection: Connection) => boolean,
	longestWaitMilliseconds: number,
): Promise<Connection> {
	const connectNow = l10n.t("Connect a System…");
	const text =
		connections.all.length === 0
			? l10n.t("No system is connected yet. Connect the one whose tokens this is about.")
			: l10n.t("None of the connected systems can do this. Connect one that can.");
	if ((await showInformation(text, connectNow)) !== connectNow) throw new vscode.CancellationError();
	const made = await vscode.commands.executeCommand<Connection | undefined>("tokensmith.connectSystem");
	if (made === undefined) throw new vscode.CancellationError();
	const connection = await listed({ connections, live }, made, Date.now() + longestWaitMilliseconds);
	if (among(connection)) return connection;
	void showInformation(l10n.t("{0} can't do this either.", quoted(connection.name)));
	throw new vscode.CancellationError();
}

/**
 * Once the list has it.
 * @param end milliseconds since the epoch
 * @throws Error if the list does not have it by then, or why the daemon is lost
 */
async function listed(
	{ connections, live }: ChoiceDeps,
	{ id, name }: Connection,
	end: number,
): Promise<Connection> {
	for (;;) {
		await live.whenLive();
		const found = connections.of(id);
		if (found !== undefined) return found;
		if (Date.now() >= end) throw new Error(l10n.t("The list of systems does not have {0}.", quoted(name)));
		await changeUntil(live, end);
	}
}

async function changeUntil(live: ChoiceDeps["live"], end: number): Promise<void> {
	const waiting = new AbortController();
	const changed = new Promise<void>((resolve) => {
		const listener = live.onDidChange(() => resolve());
		waiting.signal.addEventListener("abort", () => listener.dispose());
	});
	const late = delay(end - Date.now(), undefined, { signal: waiting.signal });
	await Promise.race([changed, late.catch(() => {})]);
	waiting.abort();
}
