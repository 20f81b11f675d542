/** What a connected system can do, in words, and what a connection to it needs. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import type { Capabilities } from "../../daemon/contract.ts";
import { listInWords } from "../language.ts";

/** One line: `Creates, lists, rotates and revokes tokens. Guided: changes.` */
export function capabilitiesInWords(can: Capabilities): string {
	const calls = [
		...(can.create === "api" ? [l10n.t("create")] : []),
		...(can.list ? [l10n.t("list")] : []),
		...(can.update.length > 0 ? [l10n.t("change")] : []),
		...(can.rotate === "create-and-delete" ? [l10n.t("rotate")] : []),
		...(can.revoke === "api" ? [l10n.t("revoke")] : []),
		...(can.probe ? [l10n.t("check")] : []),
	];
	const guided = [
		...(can.create === "guided" ? [l10n.t("create")] : []),
		...(can.rotate === "guided" ? [l10n.t("rotate")] : []),
		...(can.revoke === "guided" ? [l10n.t("revoke")] : []),
	];
	return [
		...(calls.length === 0 ? [] : [l10n.t("By its API: {0}.", listInWords(calls))]),
		...(guided.length === 0 ? [] : [l10n.t("Step by step on its pages: {0}.", listInWords(guided))]),
	].join(" ");
}

/** Whether calls need a credential of the connection: a probe uses the secret that it tests. */
export function needsCredential({ create, list, update, revoke }: Capabilities): boolean {
	return create === "api" || list || update.length > 0 || revoke === "api";
}
