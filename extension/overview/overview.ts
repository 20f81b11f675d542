/** The one panel Token Overview of a window: opened when it is asked for, and given back to a window that is loaded again. */
import * as vscode from "vscode";
import { createPanel, OverviewPanel, type OverviewSources, overviewViewType } from "./overview-panel.ts";

export class Overview implements vscode.Disposable {
	readonly #sources: OverviewSources;
	#shown: OverviewPanel | undefined;
	#serializer: vscode.Disposable | undefined;

	constructor(sources: OverviewSources) {
		this.#sources = sources;
	}

	/** Lets VS Code hand over a panel that was open when the window was closed. */
	keepAcrossReloads(): void {
		this.#serializer = vscode.window.registerWebviewPanelSerializer(overviewViewType, {
			deserializeWebviewPanel: async (panel) => this.#take(panel),
		});
	}

	/** Opens the panel or brings it to the front, with a token marked if one is named. */
	show(id?: string): void {
		if (this.#shown === undefined) this.#take(createPanel());
		else this.#shown.panel.reveal();
		if (id !== undefined) this.#shown?.select(id);
	}

	dispose(): void {
		this.#serializer?.dispose();
		this.#shown?.dispose();
	}

	#take(panel: vscode.WebviewPanel): void {
		const shown = new OverviewPanel(this.#sources, panel);
		this.#shown?.panel.dispose();
		this.#shown = shown;
		panel.onDidDispose(() => {
			if (this.#shown === shown) this.#shown = undefined;
		});
	}
}
