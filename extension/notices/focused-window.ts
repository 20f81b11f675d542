/**
 * Runs work only while this window is in front, one run at a time, so that the window that claims a notice is one that
 * the user sees.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";

export class FocusedWindow implements vscode.Disposable {
	readonly #work: () => Promise<void>;
	readonly #log: { warn(message: string): void };
	readonly #listener: vscode.Disposable;
	#running: Promise<void> | undefined;
	#isRequested = false;
	#isDisposed = false;

	/** `work` runs when it was requested and the window is in front; never twice at once. */
	constructor(work: () => Promise<void>, log: { warn(message: string): void }) {
		this.#work = work;
		this.#log = log;
		this.#listener = vscode.window.onDidChangeWindowState(() => this.#run());
	}

	/** Runs the work as soon as the window is in front. Several requests until then are one. */
	request(): void {
		this.#isRequested = true;
		this.#run();
	}

	dispose(): void {
		this.#isDisposed = true;
		this.#listener.dispose();
	}

	#run(): void {
		if (this.#running !== undefined || !this.#isRequested || this.#isDisposed) return;
		if (!vscode.window.state.focused) return;
		this.#isRequested = false;
		this.#running = this.#work()
			.catch((error: unknown) => this.#log.warn(inspect(error)))
			.finally(() => {
				this.#running = undefined;
				this.#run();
			});
	}
}
