/**
 * The Token Overview panel: keeps its page up to date with the tokens, and performs the page's requests if they are
 * among the few allowed ones. A window has at most one.
 */
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { type WaysDeps, waysOf } from "../connections/connections.ts";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { type Bindings, openLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { locale } from "../language.ts";
import { showError } from "../notification.ts";
import { warningDays } from "../settings.ts";
import { rowActionsFor } from "../tokens/row-actions.ts";
import type { TokenTree } from "../tokens/token-tree.ts";
import {
	type FromPage,
	type PageAction,
	readFromPage,
	type TokenAction,
	type ToPage,
} from "./overview-message.ts";
import { overviewPage } from "./overview-page.ts";
import { overviewToken, SentTokens, UsagePace, usageCounts } from "./overview-tokens.ts";
import { lastDays } from "./usage-bars.ts";

export const overviewViewType = "tokensmith.overview";

/** Groups a burst of changes into one message, still fast enough for the eye. */
const pauseMilliseconds = 250;

export interface OverviewDeps {
	daemon: DaemonProcess;
	live: LiveTokens;
	bindings: Bindings;
	connections: WaysDeps;
	tree: TokenTree;
	log: vscode.LogOutputChannel;
	/** Where the extension is installed. */
	extensionUri: vscode.Uri;
	/** Called when the page is ready. */
	onReady: () => void;
}

export class OverviewPanel implements vscode.Disposable {
	readonly #deps: OverviewDeps;
	readonly #panel: vscode.WebviewPanel;
	readonly #sent = new SentTokens();
	readonly #disposables: vscode.Disposable[];
	#isPageReady = false;
	#timer: NodeJS.Timeout | undefined;
	/** A selection requested before the page was ready. */
	#pendingSelection: string | undefined;
	readonly #usagePace = new UsagePace();
	#usageRequests: Promise<void> = Promise.resolve();

	/** Fills a panel, new or restored after a reload. */
	constructor(deps: OverviewDeps, panel: vscode.WebviewPanel) {
		this.#deps = deps;
		this.#panel = panel;
		const { live, bindings, extensionUri } = deps;
		this.#disposables = [
			panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
			panel.onDidChangeViewState(() => this.#sendSoon()),
			live.onDidChange(() => this.#sendSoon()),
			live.onDidUseDeadToken(({ token }) => this.#sendUsage([token.id])),
			bindings.onDidChange(() => this.#sendSoon()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith.expiry.warningDays")) this.#sendSoon();
			}),
		];
		panel.onDidDispose(() => this.dispose());
		panel.iconPath = iconIn(extensionUri);
		panel.webview.options = optionsFor(extensionUri);
		panel.webview.html = pageFor(panel.webview, extensionUri);
	}

	get panel(): vscode.WebviewPanel {
		return this.#panel;
	}

	/** Selects a token on the page, once the page is ready. */
	select(id: string): void {
		this.#pendingSelection = id;
		this.#sendNow();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#isPageReady = false;
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#receive(message: unknown): void {
		const request = readFromPage(message);
		if (request === undefined) {
			this.#deps.log.warn("The Token Overview sent an invalid message.");
			return;
		}
		this.#handle(request);
	}

	#handle(request: FromPage): void {
		if (request.type === "ready") this.#begin();
		else if (request.type === "usage") this.#sendUsage(request.ids);
		else if (request.type === "page-action") void runPageAction(request.action);
		else this.#act(request.action, request.id);
	}

	/** The page is new: it was just opened, or was hidden and is shown again. */
	#begin(): void {
		this.#isPageReady = true;
		this.#sent.forget();
		this.#usagePace.forget();
		this.#post({ type: "hello", bundle: vscode.l10n.bundle === undefined ? {} : { ...vscode.l10n.bundle } });
		this.#deps.onReady();
		this.#deps.live.start();
		this.#deps.bindings.start();
		this.#sendNow();
	}

	#sendSoon(): void {
		this.#timer ??= setTimeout(() => this.#sendNow(), pauseMilliseconds);
	}

	#sendNow(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (!this.#isPageReady || !this.#panel.visible) return;
		const { live, bindings, connections } = this.#deps;
		const facts = {
			now: Date.now(),
			warningDays: warningDays(),
			linesOf: (id: string) => bindings.linesOf(id),
			serverOf: (id: string) => live.serverOf(id)?.server.name ?? "",
			actionsFor: (token: TokenRecord) => rowActionsFor(token, waysOf(connections, token)),
		};
		const tokens = live.tokens.map((token) => overviewToken(token, facts));
		const state = live.state === "idle" ? "connecting" : live.state;
		const problem = live.error === undefined ? null : explain(live.error).text;
		this.#post({ type: "tokens", state, problem, ...this.#sent.changesTo(tokens) });
		if (this.#pendingSelection !== undefined) this.#post({ type: "select", id: this.#pendingSelection });
		this.#pendingSelection = undefined;
	}

	/** One request at a time, so that scrolling the table does not flood the daemon. */
	#sendUsage(ids: readonly string[]): void {
		this.#usageRequests = this.#usageRequests.then(async () => {
			try {
				for (const id of ids.filter((one) => this.#has(one) && this.#isUsageDue(one)))
					await this.#sendUsageOf(id);
			} catch (error) {
				// The page requests it again when the token is next used or seen.
				this.#deps.log.warn("The usage of tokens could not be loaded.", inspect(error));
			}
		});
	}

	#isUsageDue(id: string): boolean {
		const isOwn = this.#deps.live.serverOf(id)?.self?.id === id;
		return this.#usagePace.isDue(id, { isOwn, now: Date.now() });
	}

	async #sendUsageOf(id: string): Promise<void> {
		if (!this.#isPageReady) return;
		const client = await this.#deps.daemon.client();
		const [from = ""] = lastDays(Date.now());
		this.#post({ type: "usage", id, counts: usageCounts(await client.usage({ tokenId: id, from })) });
	}

	#act(action: TokenAction, id: string): void {
		if (!this.#has(id)) return;
		if (action === "rotate") void vscode.commands.executeCommand("tokensmith.rotateToken", { id });
		else if (action === "edit") void vscode.commands.executeCommand("tokensmith.editToken", { id });
		else if (action === "reveal") void this.#reveal(id);
		else void this.#open(id);
	}

	async #reveal(id: string): Promise<void> {
		await vscode.commands.executeCommand("tokensmith.tokens.focus");
		this.#deps.tree.mark(id);
	}

	async #open(id: string): Promise<void> {
		const [line] = this.#deps.bindings.linesOf(id);
		if (line === undefined) return;
		try {
			await openLine(line);
		} catch (error) {
			void showError(explain(error).text);
		}
	}

	#has(id: string): boolean {
		return this.#deps.live.tokens.some((token) => token.id === id);
	}

	#post(message: ToPage): void {
		void this.#panel.webview.postMessage(message);
	}
}

/** An empty panel of this type. */
export function createPanel(): vscode.WebviewPanel {
	return vscode.window.createWebviewPanel(
		overviewViewType,
		l10n.t("Token Overview"),
		vscode.ViewColumn.Active,
	);
}

async function runPageAction(action: PageAction): Promise<void> {
	await vscode.commands.executeCommand(`tokensmith.${action === "create" ? "createToken" : "refresh"}`);
}

/** A tab draws the icon unchanged, without the theme's color. */
function iconIn(extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
	const icon = (theme: string) => vscode.Uri.joinPath(extensionUri, "media", `icon-${theme}.svg`);
	return { light: icon("light"), dark: icon("dark") };
}

function optionsFor(extensionUri: vscode.Uri): vscode.WebviewOptions {
	const folder = vscode.Uri.joinPath(extensionUri, "dist", "overview");
	return { enableScripts: true, enableCommandUris: false, enableForms: false, localResourceRoots: [folder] };
}

function pageFor(webview: vscode.Webview, extensionUri: vscode.Uri): string {
	const uriOf = (name: string) =>
		webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, "dist", "overview", name)).toString();
	return overviewPage({
		cspSource: webview.cspSource,
		scriptUri: uriOf("overview.js"),
		styleUri: uriOf("overview-styles.css"),
		nonce: randomBytes(18).toString("base64"),
		language: locale(),
	});
}
