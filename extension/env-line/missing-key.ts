/** A key that code reads and no env file has a value for, and the env file that its token would go to. */
import * as vscode from "vscode";
import { isEnvKey } from "../../daemon/env-file/env-text.ts";
import { isOwnPath } from "../env/env-files.ts";
import type { WaitingLine } from "../env/waiting-lines.ts";

export interface MissingKey {
	readonly key: string;
	/** The env file that its token would be written to. */
	readonly uri: vscode.Uri;
	readonly fileName: string;
}

/** Only strings: a URI object in a link does not survive the transfer to a remote window. */
export function argumentFor({ key, uri }: MissingKey): { missing: { key: string; uri: string } } {
	return { missing: { key, uri: uri.toString() } };
}

/** undefined: the command was started otherwise, or from a link with something else. */
export function missingKeyIn(argument: unknown): WaitingLine | undefined {
	if (typeof argument !== "object" || argument === null || !("missing" in argument)) return undefined;
	const { key, uri } = argument.missing as { key: unknown; uri: unknown };
	const envFile = vscode.Uri.parse(String(uri), true);
	return isEnvKey(String(key)) && isOwnPath(envFile) ? { key: String(key), line: 0, envFile } : undefined;
}
