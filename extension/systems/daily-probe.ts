/**
 * Once a day, if the setting asks for it, tests the credentials of all connections and the stored secrets of their
 * tokens. One window does it. Reports only what a system refuses.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection, TokenRecord } from "../../daemon/contract.ts";
import { accessWith } from "../connections/connections.ts";
import { quoted } from "../display-text.ts";
import type { Claims } from "../notices/claims.ts";
import { showWarning } from "../notification.ts";
import type { Services } from "../services.ts";
import { works } from "../tokens/lineage.ts";
import { testConnection } from "./connect-action.ts";

const setting = "tokensmith.systems.dailyProbe";

interface DailyProbeDeps
	extends Pick<Services, "connections" | "daemon" | "live" | "log" | "secrets" | "systemStates"> {
	claims: Claims;
}

export function probeDaily(deps: DailyProbeDeps): vscode.Disposable {
	let isBusy = false;
	// The list changes at least once a minute while it is live.
	return deps.live.onDidChange(() => {
		if (isBusy || deps.live.state !== "live" || !isWanted()) return;
		isBusy = true;
		probeDue(deps, new Date())
			.catch((error: unknown) => deps.log.warn(inspect(error)))
			.finally(() => {
				isBusy = false;
			});
	});
}

function isWanted(): boolean {
	return vscode.workspace.getConfiguration().get(setting) === true;
}

/** The connections that no window has probed on this day. */
export async function probeDue(deps: DailyProbeDeps, now: Date): Promise<void> {
	const today = now.toISOString().slice(0, "2026-01-31".length);
	const claimed = await deps.claims.keys();
	for (const connection of deps.connections.all) {
		const key = `${connection.id}~${today}`;
		if (claimed.has(key) || !(await deps.claims.claim(key))) continue;
		for (const old of claimed)
			if (old.startsWith(`${connection.id}~`) && old !== key) await deps.claims.release(old);
		await probe(deps, connection);
	}
}

async function probe(deps: DailyProbeDeps, connection: Connection): Promise<void> {
	const { connections, systemStates } = deps;
	const credential = await connections.credentials.get(connection.id);
	if (credential !== undefined) {
		const result = await testConnection(deps, connection, credential);
		if (result.kind === "probed") systemStates.note(connection.id, result.probe.outcome);
		if (result.kind === "probed" && result.probe.outcome === "dead") reportCredential(deps, connection);
	}
	const dead = await deadAmong(deps, connection);
	if (dead.length > 0) reportTokens(deps, connection, dead);
}

/** The tokens that work by their records, and whose stored secrets the system refuses. */
async function deadAmong(deps: DailyProbeDeps, connection: Connection): Promise<TokenRecord[]> {
	const { connections, daemon, live, secrets, log } = deps;
	if (connections.capabilitiesOf(connection)?.probe !== true) return [];
	const dead: TokenRecord[] = [];
	for (const token of live.tokens) {
		if (token.connectionId !== connection.id || !works(token, Date.now())) continue;
		const secret = await secrets.get(token.id);
		if (secret === undefined) continue;
		try {
			const { outcome } = await (await daemon.client()).probeToken(token.id, accessWith(secret));
			if (outcome === "dead") dead.push(token);
		} catch (error) {
			log.warn(`The token ${token.id} was not probed.`, inspect(error));
		}
	}
	return dead;
}

function reportCredential({ log }: DailyProbeDeps, { id, name }: Connection): void {
	const text = l10n.t("{0} refuses the credential: it is wrong, expired or revoked.", quoted(name));
	offer(log, text, l10n.t("Change Credential"), ["changeCredential", { connection: id }]);
}

function reportTokens({ log }: DailyProbeDeps, { id, name }: Connection, dead: readonly TokenRecord[]): void {
	const [first] = dead;
	const text =
		dead.length === 1 && first !== undefined
			? l10n.t("{0} refuses the secret of {1}, which should still work.", quoted(name), quoted(first.name))
			: l10n.t("{0} refuses the secrets of {1} tokens, which should still work.", quoted(name), dead.length);
	offer(log, text, l10n.t("Compare Tokens"), ["reconcile", { connection: id }]);
}

/** Not awaited: the user may take long to answer. */
function offer(
	log: DailyProbeDeps["log"],
	text: string,
	button: string,
	[command, argument]: [string, unknown],
): void {
	showWarning(text, button).then(
		(chosen) =>
			chosen === undefined ? undefined : vscode.commands.executeCommand(`tokensmith.${command}`, argument),
		(error: unknown) => log.warn(inspect(error)),
	);
}
