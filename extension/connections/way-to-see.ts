/** The button that shows what a system did that gave no answer. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { SystemUnansweredError } from "./system-unanswered.ts";

export function wayToSee({ connectionId, lists }: SystemUnansweredError): {
	label: string;
	run(): Thenable<unknown>;
} {
	const [label, name] = lists
		? [l10n.t("Compare Tokens"), "reconcile"]
		: [l10n.t("Open Page of System"), "openSystem"];
	const run = () => vscode.commands.executeCommand(`tokensmith.${name}`, { connection: connectionId });
	return { label, run };
}
