/** The progress bar at the top of a view. */
import * as vscode from "vscode";

export class ViewProgress implements vscode.Disposable {
	readonly #viewId: string;
	#end: (() => void) | undefined;

	constructor(viewId: string) {
		this.#viewId = viewId;
	}

	show(isBusy: boolean): void {
		if (!isBusy) this.dispose();
		else if (this.#end === undefined) {
			const { promise, resolve } = Promise.withResolvers<void>();
			this.#end = resolve;
			void vscode.window.withProgress({ location: { viewId: this.#viewId } }, () => promise);
		}
	}

	dispose(): void {
		this.#end?.();
		this.#end = undefined;
	}
}
