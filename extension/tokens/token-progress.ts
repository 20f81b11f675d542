/** The progress notification of a change of several tokens. */
import * as vscode from "vscode";
import type { ActionOptions } from "../action.ts";
import { quoted } from "../display-text.ts";
import type { Changes, TokenProgress } from "./each-token.ts";

/** Names the token that is changed next. Can be cancelled if there is more than one. */
export function withTokenProgress(
	title: string,
	count: number,
	act: (options: ActionOptions<TokenProgress>) => Promise<Changes>,
): Thenable<Changes> {
	return vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable: count > 1 },
		(progress, cancellation) =>
			act({
				onProgress: ({ token }) => progress.report({ message: quoted(token.name), increment: 100 / count }),
				cancellation,
			}),
	);
}
