/**
 * What every action takes beside its dependencies and its input. An action is a function of a file `…-action.ts` that
 * does what a command, a tool or a command line wants done. It shows nothing and asks nothing: it reports through these
 * options, and returns what was done and what failed.
 */
import type * as vscode from "vscode";

export interface ActionOptions<Progress> {
	onProgress?(progress: Progress): void;
	/** Each action says until when it can be cancelled. */
	cancellation?: Pick<vscode.CancellationToken, "isCancellationRequested">;
}

export interface ActionLog {
	warn(message: string, ...more: unknown[]): void;
	error(message: string, ...more: unknown[]): void;
}
