/**
 * The panel Token Overview: keeps its page in step with the tokens, and does what the page asks for, if it is one of
 * the few things that it may ask. There is at most one in a window.
 */
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { type Bindings, openLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { locale } from "../language.ts";
import { warningDays } from "../settings.ts";
import type { TokenTree } from "../tokens/token-tree.ts";
import {
	type FromPage,
	type PageAction,
	readFromPage,
	type TokenAction,
	type ToPage,
} from "./overview-message.ts";
import { overviewPage } from "./overview-page.ts";
import { overviewToken, ToldTokens, usageCounts } from "./overview-tokens.ts";
import { lastDays } from "./usage-bars.ts";

export const overviewViewType = "tokensmith.overview";

/** A burst of changes is told at once: more often nobody can see it. */
const pauseMilliseconds = 250;

export interface OverviewDeps {
	daemon: DaemonProcess;
	live: LiveTokens;
	bindings: Bindings;
	tree: TokenTree;
	log: vscode.LogOutputChannel;
	/** Where the extension is installed. */
	extensionUri: vscode.Uri;
	/** Called when the page is there. */
	onReady: () => void;
}

export class OverviewPanel implements vscode.Disposable {
	readonly #deps: OverviewDeps;
	readonly #panel: vscode.WebviewPanel;
	readonly #told = new ToldTokens();
	readonly #disposables: vscode.Disposable[];
	#isPageReady = false;
	#timer: NodeJS.Timeout | undefined;
	/** What was asked of a page that was not there yet. */
	#toSelect: string | undefined;
	#usageAsked: Promise<void> = Promise.resolve();

	/** Takes a panel, new or kept from before a reload, and fills it. */
	constructor(deps: OverviewDeps, panel: vscode.WebviewPanel) {
		this.#deps = deps;
		this.#panel = panel;
		const { live, bindings, extensionUri } = deps;
		this.#disposables = [
			panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
			panel.onDidChangeViewState(() => this.#tellSoon()),
			live.onDidChange(() => this.#tellSoon()),
			live.onDidUseDeadToken(({ token }) => this.#tellUsage([token.id])),
			bindings.onDidChange(() => this.#tellSoon()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith.expiry.warningDays")) this.#tellSoon();
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

	/** Marks a token on the page, once it is there. */
	select(id: string): void {
		this.#toSelect = id;
		this.#tellNow();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#isPageReady = false;
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#receive(message: unknown): void {
		const asked = readFromPage(message);
		if (asked === undefined) {
			this.#deps.log.warn("The Token Overview sent a message that means nothing.");
			return;
		}
		this.#do(asked);
	}

	#do(asked: FromPage): void {
		if (asked.type === "ready") this.#begin();
		else if (asked.type === "usage") this.#tellUsage(asked.ids);
		else if (asked.type === "page-action") void runPageAction(asked.action);
		else this.#act(asked.action, asked.id);
	}

	/** The page is new: it was just opened, or was hidden and comes back. */
	#begin(): void {
		this.#isPageReady = true;
		this.#told.forget();
		this.#post({ type: "hello", bundle: vscode.l10n.bundle === undefined ? {} : { ...vscode.l10n.bundle } });
		this.#deps.onReady();
		this.#deps.live.start();
		this.#deps.bindings.start();
		this.#tellNow();
	}

	#tellSoon(): void {
		this.#timer ??= setTimeout(() => this.#tellNow(), pauseMilliseconds);
	}

	#tellNow(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (!this.#isPageReady || !this.#panel.visible) return;
		const { live, bindings } = this.#deps;
		const facts = {
			now: Date.now(),
			warningDays: warningDays(),
			linesOf: (id: string) => bindings.linesOf(id),
		};
		const tokens = live.tokens.map((token) => overviewToken(token, facts));
		const state = live.state === "idle" ? "connecting" : live.state;
		const problem = live.error === undefined ? null : explain(live.error).text;
		this.#post({ type: "tokens", state, problem, ...this.#told.changesTo(tokens) });
		if (this.#toSelect !== undefined) this.#post({ type: "select", id: this.#toSelect });
		this.#toSelect = undefined;
	}

	/** One after the other, so that a table that is scrolled through does not flood the daemon. */
	#tellUsage(ids: readonly string[]): void {
		this.#usageAsked = this.#usageAsked.then(async () => {
			try {
				for (const id of ids.filter((id) => this.#knows(id))) await this.#tellUsageOf(id);
			} catch (error) {
				// The page asks again when the token is used or seen the next time.
				this.#deps.log.warn("The usage of tokens could not be had.", inspect(error));
			}
		});
	}

	async #tellUsageOf(id: string): Promise<void> {
		if (!this.#isPageReady) return;
		const client = await this.#deps.daemon.client();
		const [from = ""] = lastDays(Date.now());
		this.#post({ type: "usage", id, counts: usageCounts(await client.usage({ tokenId: id, from })) });
	}

	#act(action: TokenAction, id: string): void {
		if (!this.#knows(id)) return;
		if (action === "rotate") void vscode.commands.executeCommand("tokensmith.rotateToken", { id });
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
			void vscode.window.showErrorMessage(explain(error).text);
		}
	}

	#knows(id: string): boolean {
		return this.#deps.live.tokens.some((token) => token.id === id);
	}

	#post(message: ToPage): void {
		void this.#panel.webview.postMessage(message);
	}
}

/** A panel of this kind, with nothing in it yet. */
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

/** A tab draws the icon as it is, without the theme's colour. */
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
