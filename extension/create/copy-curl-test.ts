/**
 * Copies a curl command that tests a token against the daemon: right after its creation, or at any time from the list.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { isEnvKey } from "../../daemon/env-file/env-text.ts";
import type { Services } from "../services.ts";
import { curlTest } from "./curl-test.ts";

/** Where the command reads the secret from. */
interface Variable {
	key: string;
	/** Relative to the workspace folder, with slashes. */
	envFile: string;
}

/** @param variable undefined: the user sets the variable. */
export async function copyCurlTest(
	{ daemon }: Pick<Services, "daemon">,
	token: TokenRecord,
	variable: Variable | undefined,
): Promise<void> {
	const command = curlTest({
		url: await daemon.url(token.id),
		key: variable?.key ?? "API_TOKEN",
		envFile: variable?.envFile,
		permission: token.permissions[0],
		platform: process.platform,
	});
	await vscode.env.clipboard.writeText(command);
	const said =
		variable === undefined
			? l10n.t("$(copy) Copied a curl command for the terminal; set API_TOKEN to the secret first")
			: l10n.t("$(copy) Copied a curl command for the terminal");
	vscode.window.setStatusBarMessage(said, 6000);
}

/** The first env line of the workspace from which a shell can read the token's secret. */
export async function variableOf(
	{ bindings }: Pick<Services, "bindings">,
	{ id }: TokenRecord,
): Promise<Variable | undefined> {
	await bindings.whenReady();
	const line = bindings
		.linesOf(id)
		.find(
			({ uri, commented, key, part }) =>
				!commented && part === "whole" && isEnvKey(key) && isForShells(uri.path),
		);
	return line && { key: line.key, envFile: vscode.workspace.asRelativePath(line.uri, false) };
}

/** Whether a shell can read the variables of the file. */
export function isForShells(path: string): boolean {
	const form = formOf(path);
	return form === "env" || form === "shell";
}
