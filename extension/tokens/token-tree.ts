/**
 * The list in the side bar: the tokens as they are now, the soonest to end first. It looks only while somebody sees
 * it. A secret is in no label and no tooltip.
 */
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import { DaemonError } from "../daemon/daemon-process.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { counted, plainText, shortenedWithin } from "../display-text.ts";
import { explain } from "../failure.ts";
import { warningDays } from "../settings.ts";
import type { SecretStore } from "./secret-store.ts";
import { needsAttention, soonestFirst, type Urgency, urgencyOf } from "./time-left.ts";
import { factsOf, type SecretPlace, stateInWords } from "./token-facts.ts";

const viewId = "tokensmith.tokens";

/** A longer name would hide the time left in a side bar of the usual width; the tooltip has all of it. */
const longestLabel = 24;

/** Tokens that work no more and need nothing are out of the way in one closed group. */
const ended = Symbol("ended");
type Node = TokenRecord | typeof ended;

interface Sources {
	live: LiveTokens;
	secrets: SecretStore;
	/** Fires when a secret was stored or deleted, also by another window. */
	onDidChangeSecrets: vscode.Event<unknown>;
	log: vscode.LogOutputChannel;
}

export class TokenTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
	readonly #sources: Sources;
	readonly #changed = new vscode.EventEmitter<undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	#view: vscode.TreeView<Node> | undefined;
	#kept: ReadonlySet<string> = new Set();
	#endProgress: (() => void) | undefined;
	#toMark: string | undefined;

	constructor(sources: Sources) {
		this.#sources = sources;
	}

	/** Puts the list into its place. Nothing is fetched before somebody sees it. */
	open(): void {
		const { live, onDidChangeSecrets } = this.#sources;
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this, canSelectMany: true });
		this.#view = view;
		this.#disposables.push(
			view,
			view.onDidChangeVisibility(() => this.#look()),
			live.onDidChange(() => this.#refresh()),
			onDidChangeSecrets(() => this.#refresh()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith.expiry.warningDays")) this.#refresh();
			}),
		);
		this.#look();
	}

	/** The tokens that are marked in the list. */
	get selected(): readonly TokenRecord[] {
		return (this.#view?.selection ?? []).filter((node) => node !== ended);
	}

	async getChildren(node?: Node): Promise<Node[]> {
		const { live, secrets } = this.#sources;
		if (node !== undefined) return node === ended ? live.tokens.filter(isEnded).toSorted(latestFirst) : [];
		this.#kept = new Set(await secrets.ids());
		const working = live.tokens.filter((token) => !isEnded(token)).toSorted(soonestFirst);
		return live.tokens.length === working.length ? working : [...working, ended];
	}

	getTreeItem(node: Node): vscode.TreeItem {
		return node === ended ? this.#endedItem() : this.#tokenItem(node);
	}

	/** Needed to reveal a token. */
	getParent(node: Node): Node | undefined {
		return node !== ended && isEnded(node) ? ended : undefined;
	}

	/** Marks the token in the list as soon as it is there, if somebody sees the list. */
	mark(id: string): void {
		this.#toMark = id;
		this.#refresh();
	}

	dispose(): void {
		this.#endProgress?.();
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#look(): void {
		if (this.#view?.visible) this.#sources.live.start();
		this.#refresh();
	}

	#refresh(): void {
		const { live } = this.#sources;
		if (this.#view !== undefined) {
			this.#view.message = this.#message();
			this.#view.badge = this.#badge();
		}
		const state = live.state === "live" ? (live.tokens.length === 0 ? "empty" : "listed") : live.state;
		setContext("tokensmith.view", state);
		setContext("tokensmith.problem", live.error instanceof DaemonError ? live.error.code : undefined);
		this.#showProgress(live.state === "connecting");
		this.#changed.fire(undefined);
		this.#reveal(live.tokens.find(({ id }) => id === this.#toMark));
	}

	/** Above the tokens only: an empty view has its welcome, which a message would replace. */
	#message(): string {
		const { live } = this.#sources;
		const problem = live.error ?? live.policyError;
		return problem === undefined || live.tokens.length === 0 ? "" : explain(problem).text;
	}

	#reveal(token: TokenRecord | undefined): void {
		if (token === undefined || !this.#view?.visible) return;
		this.#toMark = undefined;
		this.#view.reveal(token).then(undefined, (error: Error) => this.#sources.log.warn(error.message));
	}

	#showProgress(isBusy: boolean): void {
		if (!isBusy) {
			this.#endProgress?.();
			this.#endProgress = undefined;
		} else if (this.#endProgress === undefined) {
			const { promise, resolve } = Promise.withResolvers<void>();
			this.#endProgress = resolve;
			void vscode.window.withProgress({ location: { viewId } }, () => promise);
		}
	}

	#badge(): vscode.ViewBadge | undefined {
		const now = Date.now();
		const days = warningDays();
		const value = this.#sources.live.tokens.filter((token) =>
			needsAttention(urgencyOf(token, days, now)),
		).length;
		if (value === 0) return undefined;
		return { value, tooltip: `${counted(value, "API token")} expired or about to expire` };
	}

	#endedItem(): vscode.TreeItem {
		const count = this.#sources.live.tokens.filter(isEnded).length;
		const item = new vscode.TreeItem("Revoked", vscode.TreeItemCollapsibleState.Collapsed);
		item.id = "ended";
		item.description = String(count);
		item.iconPath = new vscode.ThemeIcon("archive");
		item.contextValue = "group";
		item.accessibilityInformation = { label: `${counted(count, "revoked or disabled token")}` };
		return item;
	}

	#tokenItem(token: TokenRecord): vscode.TreeItem {
		const now = Date.now();
		const urgency = urgencyOf(token, warningDays(), now);
		const secret = this.#kept.has(token.id) ? "kept" : "absent";
		const state = stateInWords(token, urgency, now);
		const item = new vscode.TreeItem(shortenedWithin(plainText(token.name), longestLabel));
		item.id = token.id;
		// The side bar is narrow; under a list of tokens, days can only be those that are left.
		item.description = state.replace(/ left$/, "");
		item.iconPath = iconOf[urgency];
		item.tooltip = tooltipOf(token, secret, now);
		item.contextValue = contextValueOf(token, secret);
		item.accessibilityInformation = { label: `${plainText(token.name)}, ${state}` };
		return item;
	}
}

function setContext(key: string, value: unknown): void {
	void vscode.commands.executeCommand("setContext", key, value);
}

function isEnded(token: TokenRecord): boolean {
	return token.status === "revoked" || token.status === "disabled";
}

function latestFirst(one: TokenRecord, other: TokenRecord): number {
	return Date.parse(other.lastModifiedDate) - Date.parse(one.lastModifiedDate);
}

/** What the menus in package.json go by: `token.active.kept.local`. */
function contextValueOf({ status, issuer }: TokenRecord, secret: SecretPlace): string {
	return `token.${status}.${secret}.${issuer === "local" ? "local" : "other"}`;
}

const icon = (id: string, color: string) => new vscode.ThemeIcon(id, new vscode.ThemeColor(color));

const iconOf: Record<Urgency, vscode.ThemeIcon> = {
	revoked: icon("circle-slash", "disabledForeground"),
	disabled: icon("debug-pause", "disabledForeground"),
	rotated: icon("history", "disabledForeground"),
	retiring: icon("history", "descriptionForeground"),
	expired: icon("error", "list.errorForeground"),
	urgent: icon("warning", "problemsWarningIcon.foreground"),
	soon: icon("watch", "problemsWarningIcon.foreground"),
	calm: icon("key", "testing.iconPassed"),
	never: icon("key", "descriptionForeground"),
};

/** Everything that others chose goes in as text, so that a name cannot bring links or pictures along. */
function tooltipOf(token: TokenRecord, secret: SecretPlace, now: number): vscode.MarkdownString {
	const tooltip = new vscode.MarkdownString("**");
	appendWords(tooltip, token.name).appendMarkdown("**\n\n");
	if (token.description !== "") appendWords(tooltip, token.description).appendMarkdown("\n\n");
	for (const { label, value } of factsOf(token, secret, now))
		appendWords(tooltip.appendMarkdown(`${label}: `), value).appendMarkdown("  \n");
	return tooltip;
}

/** One by one: appendText turns every space into one that does not break, and long lines would break within words. */
function appendWords(tooltip: vscode.MarkdownString, text: string): vscode.MarkdownString {
	for (const [index, word] of plainText(text).split(" ").entries())
		tooltip.appendMarkdown(index === 0 ? "" : " ").appendText(word);
	return tooltip;
}
