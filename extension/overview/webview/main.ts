/** The page's composition root: reports that the page is ready, and builds it once its texts have arrived. */
import * as l10n from "@vscode/l10n";
import { readToPage } from "../overview-message.ts";
import { Page, readState } from "./page.ts";

declare function acquireVsCodeApi(): {
	postMessage(message: unknown): void;
	getState(): unknown;
	setState(state: unknown): void;
};

const vscode = acquireVsCodeApi();
let page: Page | undefined;

window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
	const message = readToPage(data);
	if (message?.type === "hello") page = openPage(message.bundle);
	else if (message !== undefined) page?.take(message);
});
vscode.postMessage({ type: "ready" });

function openPage(bundle: Record<string, string>): Page | undefined {
	l10n.config({ contents: bundle });
	const root = document.getElementById("overview");
	if (root === null) return undefined;
	return new Page(root, readState(vscode.getState()), {
		send: (message) => vscode.postMessage(message),
		remember: (state) => vscode.setState(state),
	});
}
