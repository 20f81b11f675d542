/**
 * Reads the settings. VS Code does not validate settings.json: values for the daemon are passed on as they are, and the
 * daemon judges them; any other invalid value counts as not set.
 */
import * as vscode from "vscode";
import { preferredPort as defaultPort, type Policy } from "../daemon/contract.ts";

const section = "tokensmith";
const daySeconds = 24 * 3600;

/** The setting that each part of the policy is. */
export const settingOfPolicy: Readonly<Record<keyof Policy, string>> = {
	secretPrefix: "secretPrefix",
	defaultExpiryDays: "expiry.defaultDays",
	maximumExpiryDays: "expiry.maximumDays",
	allowNever: "expiry.allowNever",
	maximumOverlapSeconds: "rotation.maximumOverlapDays",
	auditDays: "audit.days",
};

/** The settings that the daemon stores as its policy. The daemon answers with a problem if they are not valid. */
export function policyFromSettings(): Policy {
	return {
		secretPrefix: setting("secretPrefix", "tks"),
		defaultExpiryDays: setting("expiry.defaultDays", 30),
		maximumExpiryDays: setting("expiry.maximumDays", 365),
		allowNever: setting("expiry.allowNever", true),
		maximumOverlapSeconds: Math.round(setting("rotation.maximumOverlapDays", 7) * daySeconds),
		auditDays: setting("audit.days", 365),
	};
}

/** What of it the user has set; the rest is the default. */
export function chosenPolicy(): Partial<Policy> {
	const chosen = Object.entries(policyFromSettings()).filter(([name]) => {
		const { globalValue } = inspected(settingOfPolicy[name as keyof Policy]) ?? {};
		return globalValue !== undefined;
	});
	return Object.fromEntries(chosen);
}

/** Whether a settings change affects the policy. */
export function affectsPolicy(change: vscode.ConfigurationChangeEvent): boolean {
	return Object.values(settingOfPolicy).some((name) => change.affectsConfiguration(`${section}.${name}`));
}

/** The data directory that the user has set, instead of the one that all programs of the user share. */
export function dataDirectory(): string | undefined {
	const chosen = inspected("dataDirectory")?.globalValue;
	return typeof chosen === "string" && chosen !== "" ? chosen : undefined;
}

/** Glob patterns of env files. */
export function envFilePatterns(): string[] {
	const defaults = ["**/.env", "**/.env.*"];
	const patterns = setting<unknown>("envFiles.patterns", defaults);
	if (!Array.isArray(patterns)) return defaults;
	return patterns.filter((pattern) => typeof pattern === "string" && pattern !== "");
}

/** Days before a token's expiry at which to warn, longest first. */
export function warningDays(): number[] {
	const defaults = [30, 7, 1];
	const days = setting<unknown>("expiry.warningDays", defaults);
	if (!Array.isArray(days)) return defaults;
	return [...new Set(days.filter((day) => Number.isInteger(day) && day > 0))].sort((a, b) => b - a);
}

/** Whether to notify the user of expiries and of uses of dead tokens. */
export function areNoticesWanted(): boolean {
	return setting<unknown>("notices.enabled", true) !== false;
}

/** Whether the status bar shows the nearest expiry. */
export function isStatusBarWanted(): boolean {
	return setting<unknown>("statusBar.enabled", true) !== false;
}

/** Whether the values of env files are masked. */
export function isMaskingWanted(): boolean {
	return setting<unknown>("masking.enabled", false) === true;
}

/** Writes the user setting, so that no workspace can reveal what the user wants hidden. */
export async function setMasking(mode: "on" | "off"): Promise<void> {
	const configuration = vscode.workspace.getConfiguration(section);
	await configuration.update("masking.enabled", mode === "on", vscode.ConfigurationTarget.Global);
}

/** Whether a code lens above each token's line describes the token. */
export function isCodeLensWanted(): boolean {
	return setting<unknown>("codeLens.enabled", true) !== false;
}

/** Whether the Problems view lists findings about lines of env files. */
export function areProblemsWanted(): boolean {
	return setting<unknown>("diagnostics.enabled", true) !== false;
}

/** Preferred port of a new daemon. 0: any free port. */
export function preferredPort(): number {
	const port = setting<unknown>("daemon.preferredPort", defaultPort);
	return typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65535
		? port
		: defaultPort;
}

function setting<Value>(name: string, fallback: Value): Value {
	return vscode.workspace.getConfiguration(section).get(name, fallback);
}

/** The user's value, or that of the remote machine, is `globalValue`; a workspace's is another. */
function inspected(name: string) {
	return vscode.workspace.getConfiguration(section).inspect<unknown>(name);
}
