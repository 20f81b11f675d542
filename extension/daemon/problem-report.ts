/** The facts for a report of a problem: nothing that the user has named, no address, no path and no secret. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { DaemonError } from "./start-daemon.ts";

interface Facts {
	version: string;
	live: { readonly state: string; readonly error: unknown; readonly tokens: readonly TokenRecord[] };
	systems: number;
}

/** Opens the report as a text of its own, for the user to complete, read and send. */
export async function reportProblem(facts: Facts): Promise<void> {
	const document = await vscode.workspace.openTextDocument({
		language: "markdown",
		content: reportOf(facts),
	});
	await vscode.window.showTextDocument(document);
}

function reportOf(facts: Facts): string {
	return [
		`# ${l10n.t("Problem with Tokensmith")}`,
		l10n.t("What did you do, what did you expect, and what happened instead?"),
		`## ${l10n.t("Facts")}`,
		factsInWords(facts)
			.map((fact) => `- ${fact}`)
			.join("\n"),
		l10n.t(
			"These facts contain no secret, no name, no address and no path. The output of “Tokensmith: Show Log” often helps: read it before you attach it.",
		),
		"",
	].join("\n\n");
}

function factsInWords({ version, live, systems }: Facts): string[] {
	const { appHost, appName } = vscode.env;
	return [
		`Tokensmith ${version}`,
		`${appName} ${vscode.version} (${appHost}), ${process.platform} ${process.arch}, Node ${process.versions.node}`,
		l10n.t("Remote: {0}", remoteKind()),
		l10n.t("Daemon: {0}", [live.state, ...codeOf(live.error)].join(", ")),
		l10n.t("Tokens: {0}", countsOf(live.tokens.map(({ status }) => status))),
		l10n.t("Systems: {0}", systems),
		l10n.t("Workspace: {0}", workspaceInWords()),
	];
}

/** Such as `ssh-remote`. The window of a web server has an address in its place. */
function remoteKind(): string {
	const { remoteName } = vscode.env;
	if (remoteName === undefined) return l10n.t("none");
	return /^[a-z-]+$/.test(remoteName) ? remoteName : l10n.t("a server");
}

/** The code of an error, which is from a closed list; its message may name things. */
function codeOf(error: unknown): string[] {
	return error instanceof DaemonError ? [error.code] : [];
}

function workspaceInWords(): string {
	const { isTrusted, workspaceFolders = [] } = vscode.workspace;
	const trust = isTrusted ? l10n.t("trusted") : l10n.t("not trusted");
	return `${trust}, ${workspaceFolders.map(({ uri }) => uri.scheme).join(", ") || l10n.t("no folder")}`;
}

/** `2 active, 1 revoked`. */
function countsOf(kinds: readonly string[]): string {
	const counts = Map.groupBy(kinds, (kind) => kind);
	return [...counts].map(([kind, { length }]) => `${length} ${kind}`).join(", ") || "0";
}
