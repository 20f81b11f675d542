/**
 * Reads the settings. VS Code does not check what a person writes into settings.json: what the daemon judges goes
 * there as it is, everything else that makes no sense counts as not set.
 */
import * as vscode from "vscode";
import { type Policy, preferredPort as usualPort } from "../daemon/contract.ts";

const section = "tokensmith";
const daySeconds = 24 * 3600;

/** What the daemon keeps of the settings. It answers with a problem if they are not a policy. */
export function policyFromSettings(): Policy {
	return {
		secretPrefix: setting("secretPrefix", "tks"),
		defaultExpiryDays: setting("expiry.defaultDays", 30),
		maximumExpiryDays: setting("expiry.maximumDays", 365),
		allowNever: setting("expiry.allowNever", true),
		permissions: Object.entries(setting<Record<string, string>>("permissions", {}) ?? {}).map(
			([name, description]) => ({ name, group: groupOf(name), description }),
		),
		maximumOverlapSeconds: Math.round(setting("rotation.maximumOverlapDays", 7) * daySeconds),
		auditDays: setting("audit.days", 365),
	};
}

/** Whether a change of the settings makes another policy. */
export function affectsPolicy(change: vscode.ConfigurationChangeEvent): boolean {
	return [
		"secretPrefix",
		"expiry.defaultDays",
		"expiry.maximumDays",
		"expiry.allowNever",
		"permissions",
		"rotation.maximumOverlapDays",
		"audit.days",
	].some((name) => change.affectsConfiguration(`${section}.${name}`));
}

/** Glob patterns of env files. */
export function envFilePatterns(): string[] {
	const usual = ["**/.env", "**/.env.*"];
	const patterns = setting<unknown>("envFiles.patterns", usual);
	if (!Array.isArray(patterns)) return usual;
	return patterns.filter((pattern) => typeof pattern === "string" && pattern !== "");
}

/** The days before a token's expiry at which to warn, the longest first. */
export function warningDays(): number[] {
	const usual = [30, 7, 1];
	const days = setting<unknown>("expiry.warningDays", usual);
	if (!Array.isArray(days)) return usual;
	return [...new Set(days.filter((day) => Number.isInteger(day) && day > 0))].sort((a, b) => b - a);
}

/** Whether the person wants to be told of expiries and of dead tokens that are used. */
export function areNoticesWanted(): boolean {
	return setting<unknown>("notices.enabled", true) !== false;
}

/** Whether the nearest expiry is to stand in the status bar. */
export function isStatusBarWanted(): boolean {
	return setting<unknown>("statusBar.enabled", true) !== false;
}

/** Whether the values of env files are hidden. */
export function isMaskingWanted(): boolean {
	return setting<unknown>("masking.enabled", false) === true;
}

/** The person's own setting: no workspace can show what they want hidden. */
export async function setMasking(mode: "on" | "off"): Promise<void> {
	const configuration = vscode.workspace.getConfiguration(section);
	await configuration.update("masking.enabled", mode === "on", vscode.ConfigurationTarget.Global);
}

/** Whether a line above each token's line says what there is to know of it. */
export function isCodeLensWanted(): boolean {
	return setting<unknown>("codeLens.enabled", true) !== false;
}

/** Whether what is wrong with the lines of env files stands among the problems. */
export function areProblemsWanted(): boolean {
	return setting<unknown>("diagnostics.enabled", true) !== false;
}

/** The port at which a new daemon listens if it is free. 0: any. */
export function preferredPort(): number {
	const port = setting<unknown>("daemon.preferredPort", usualPort);
	return typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65535 ? port : usualPort;
}

function setting<Value>(name: string, usual: Value): Value {
	return vscode.workspace.getConfiguration(section).get(name, usual);
}

/** `api.engagements.read` and `engagements:read` are about engagements. */
function groupOf(permission: string): string {
	return permission.split(/[.:]/).at(-2) || permission;
}
