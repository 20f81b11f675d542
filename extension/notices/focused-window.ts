/**
 * Says things in the window that the person works in, one after the other. While none is in front it waits, so that
 * the window that claims a notice is one that is seen.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";

export class FocusedWindow implements vscode.Disposable {
	readonly #work: () => Promise<void>;
	readonly #log: { warn(message: string): void };
	readonly #listener: vscode.Disposable;
	#running: Promise<void> | undefined;
	#isWanted = false;
	#isDisposed = false;

	/** `work` is done when it was asked for and the window is in front; never twice at once. */
	constructor(work: () => Promise<void>, log: { warn(message: string): void }) {
		this.#work = work;
		this.#log = log;
		this.#listener = vscode.window.onDidChangeWindowState(() => this.#run());
	}

	/** As soon as the window is in front. Asked for several times meanwhile, it is done once. */
	ask(): void {
		this.#isWanted = true;
		this.#run();
	}

	dispose(): void {
		this.#isDisposed = true;
		this.#listener.dispose();
	}

	#run(): void {
		if (this.#running !== undefined || !this.#isWanted || this.#isDisposed) return;
		if (!vscode.window.state.focused) return;
		this.#isWanted = false;
		this.#running = this.#work()
			.catch((error: unknown) => this.#log.warn(inspect(error)))
			.finally(() => {
				this.#running = undefined;
				this.#run();
			});
	}
}
