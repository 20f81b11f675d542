/** Connects tasks and debugging to `hand-out.ts`, which passes the secrets. */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Services } from "../services.ts";
import { askConsent, reportStartFailure } from "./launch-prompts.ts";
import { TokenDebugging } from "./token-debugging.ts";
import { registerTokenTasks } from "./token-tasks.ts";

type LaunchingDeps = Pick<Services, "live" | "secrets" | "consents" | "log">;

/** Registrations last until `subscriptions` are disposed. */
export function startLaunching(
	{ live, secrets, consents, log }: LaunchingDeps,
	subscriptions: vscode.Disposable[],
): TokenDebugging {
	const isTrusted = () => vscode.workspace.isTrusted;
	const deps = { live, secrets, consents, isTrusted, ask: askConsent };
	const onFailure = (failed: () => string, fileName: "launch.json" | "tasks.json") => (error: unknown) => {
		void reportStartFailure(error, { failed: failed(), fileName, log });
	};
	const debugging = new TokenDebugging({
		...deps,
		onFailure: onFailure(() => l10n.t("Debugging was not started."), "launch.json"),
	});
	const tasks = registerTokenTasks({
		...deps,
		onFailure: onFailure(() => l10n.t("The task was not started."), "tasks.json"),
	});
	subscriptions.push(debugging.register(), tasks);
	return debugging;
}
