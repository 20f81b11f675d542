/** The Token Overview panel of a window: opened on request, and restored when the window reloads. */
import * as vscode from "vscode";
import { createPanel, type OverviewDeps, OverviewPanel, overviewViewType } from "./overview-panel.ts";

export class Overview implements vscode.Disposable {
	readonly #deps: Omit<OverviewDeps, "onReady">;
	#shown: OverviewPanel | undefined;
	#serializer: vscode.Disposable | undefined;
	readonly #showed = new vscode.EventEmitter<void>();
	/** Fires when the panel has been opened and its page is ready. */
	readonly onDidShow = this.#showed.event;

	constructor(deps: Omit<OverviewDeps, "onReady">) {
		this.#deps = deps;
	}

	/** Lets VS Code restore a panel that was open when the window closed. */
	keepAcrossReloads(): void {
		this.#serializer = vscode.window.registerWebviewPanelSerializer(overviewViewType, {
			deserializeWebviewPanel: async (panel) => this.#take(panel),
		});
	}

	/** Opens the panel or brings it to the front, and selects the given token. */
	show(id?: string): void {
		if (this.#shown === undefined) this.#take(createPanel());
		else this.#shown.panel.reveal();
		if (id !== undefined) this.#shown?.select(id);
	}

	dispose(): void {
		this.#serializer?.dispose();
		this.#shown?.dispose();
		this.#showed.dispose();
	}

	#take(panel: vscode.WebviewPanel): void {
		const shown = new OverviewPanel({ ...this.#deps, onReady: () => this.#showed.fire() }, panel);
		this.#shown?.panel.dispose();
		this.#shown = shown;
		panel.onDidDispose(() => {
			if (this.#shown === shown) this.#shown = undefined;
		});
	}
}
