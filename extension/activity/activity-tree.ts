/** The Activity view: audit events by day, live. Requests nothing from the daemon while the view is hidden. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { AuditEvent } from "../../daemon/contract.ts";
import type { DaemonProcess } from "../daemon/daemon-process.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import { explain } from "../failure.ts";
import { dateInWords } from "../tokens/time-left.ts";
import { ViewProgress } from "../tokens/view-progress.ts";
import { type ActivityDay, daysOf, timeOfDay } from "./activity-days.ts";
import { ActivityFeed } from "./activity-feed.ts";
import { type EventWords, eventInWords } from "./event-words.ts";

const viewId = "tokensmith.activity";

interface DayNode {
	readonly kind: "day";
	readonly day: ActivityDay;
}

/** `id`: the token's, for commands that are started from the row. */
interface EventNode {
	readonly kind: "event";
	readonly id: string | null;
	readonly event: AuditEvent;
	readonly parent: DayNode;
}

type Node = DayNode | EventNode | { readonly kind: "more" };

interface ActivityTreeDeps {
	daemon: DaemonProcess;
	live: LiveTokens;
	log: vscode.LogOutputChannel;
}

export class ActivityTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
	readonly #deps: ActivityTreeDeps;
	readonly #changed = new vscode.EventEmitter<undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly #progress = new ViewProgress(viewId);
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#progress];
	readonly #feed: ActivityFeed;
	#view: vscode.TreeView<Node> | undefined;
	/** Whether the feed is complete: from its page on, for as long as the connection lasts. */
	#isCurrent = false;
	#problem: unknown;

	constructor(deps: ActivityTreeDeps) {
		this.#deps = deps;
		this.#feed = new ActivityFeed(() => deps.daemon.client());
	}

	/** Registers the view. */
	open(): void {
		const { live } = this.#deps;
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this });
		this.#view = view;
		this.#disposables.push(
			view,
			view.onDidChangeVisibility(() => this.#look()),
			live.onDidChange(() => this.#connectionChanged()),
			live.onDidAudit((event) => {
				this.#feed.add(event);
				this.#refresh();
			}),
		);
		this.#look();
	}

	/** Shows the events of one token, or of all. */
	async show(tokenId: string | undefined): Promise<void> {
		await this.#waitingFor(this.#feed.begin(tokenId));
	}

	async more(): Promise<void> {
		await this.#waitingFor(this.#feed.more());
	}

	getChildren(node?: Node): Node[] {
		if (node?.kind === "day")
			return node.day.events.map((event) => ({ kind: "event", id: event.tokenId, event, parent: node }));
		if (node !== undefined) return [];
		const days = daysOf(this.#feed.events, Date.now()).map((day): Node => ({ kind: "day", day }));
		return this.#feed.hasMore ? [...days, { kind: "more" }] : days;
	}

	getTreeItem(node: Node): vscode.TreeItem {
		if (node.kind === "more") return moreItem();
		return node.kind === "day" ? dayItem(node.day) : eventItem(node.event, this.#words(node.event));
	}

	resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
		if (node.kind === "event") item.tooltip = tooltipOf(node.event, this.#words(node.event));
		return item;
	}

	getParent(node: Node): Node | undefined {
		return node.kind === "event" ? node.parent : undefined;
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#words(event: AuditEvent): EventWords {
		return eventInWords(event, (id) => this.#deps.live.tokens.find((token) => token.id === id));
	}

	#look(): void {
		if (!this.#view?.visible) return;
		this.#deps.live.start();
		this.#connectionChanged();
	}

	#connectionChanged(): void {
		if (this.#deps.live.state !== "live") this.#isCurrent = false;
		else if (!this.#isCurrent && this.#view?.visible) {
			this.#isCurrent = true;
			this.show(this.#feed.tokenId).catch((error: unknown) => {
				// The view shows it; the next connection tries again.
				this.#isCurrent = false;
				this.#deps.log.warn(inspect(error));
			});
		} else this.#refresh();
	}

	async #waitingFor(loading: Promise<void>): Promise<void> {
		this.#progress.show(true);
		try {
			await loading;
			this.#problem = undefined;
		} catch (error) {
			this.#problem = error;
			throw error;
		} finally {
			this.#progress.show(false);
			this.#refresh();
		}
	}

	#refresh(): void {
		if (this.#view === undefined) return;
		const { live } = this.#deps;
		const { events, tokenId } = this.#feed;
		const problem = live.error ?? this.#problem;
		const name = live.tokens.find(({ id }) => id === tokenId)?.name;
		this.#view.description = name === undefined ? "" : plainText(name);
		this.#view.message = problem === undefined || events.length === 0 ? "" : explain(problem).text;
		const state = events.length > 0 ? "listed" : problem === undefined ? "none" : "failed";
		void vscode.commands.executeCommand("setContext", "tokensmith.activityView", state);
		void vscode.commands.executeCommand("setContext", "tokensmith.activityOfOne", tokenId !== undefined);
		this.#changed.fire(undefined);
	}
}

function dayItem({ id, label, events }: ActivityDay): vscode.TreeItem {
	const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
	item.id = id;
	item.description = String(events.length);
	item.contextValue = "day";
	return item;
}

function moreItem(): vscode.TreeItem {
	const item = new vscode.TreeItem(l10n.t("Load More"));
	item.id = "more";
	item.iconPath = new vscode.ThemeIcon("ellipsis");
	item.command = { command: "tokensmith.loadMoreActivity", title: l10n.t("Load More") };
	return item;
}

function eventItem(event: AuditEvent, { label, detail, tone }: EventWords): vscode.TreeItem {
	const item = new vscode.TreeItem(plainText(label));
	const time = timeOfDay(event.date);
	item.id = String(event.sequence);
	item.description = detail === "" ? time : `${time} · ${plainText(detail)}`;
	item.iconPath = iconOf(event.action, tone);
	item.contextValue = event.tokenId === null ? "event" : "event.token";
	item.accessibilityInformation = { label: plainText([label, detail, time].filter(Boolean).join(", ")) };
	if (event.tokenId !== null)
		item.command = {
			command: "tokensmith.showToken",
			title: l10n.t("Show Token"),
			arguments: [{ id: event.tokenId }],
		};
	return item;
}

const icons: Record<AuditEvent["action"], string> = {
	create: "add",
	register: "add",
	update: "edit",
	rotate: "sync",
	"undo-rotation": "discard",
	"end-overlap": "history",
	disable: "debug-pause",
	doubt: "question",
	enable: "debug-start",
	revoke: "circle-slash",
	delete: "trash",
	grant: "lock",
	withdraw: "lock",
	incident: "flame",
	policy: "law",
	profile: "law",
	connection: "plug",
	permission: "lock",
	"dead-token-used": "bell-dot",
	purge: "archive",
	restore: "archive",
};

const colors: Partial<Record<EventWords["tone"], string>> = {
	alarm: "tokensmith.expiredForeground",
	ending: "tokensmith.endedForeground",
};

function iconOf(action: AuditEvent["action"], tone: EventWords["tone"]): vscode.ThemeIcon {
	const color = colors[tone];
	return new vscode.ThemeIcon(icons[action], color === undefined ? undefined : new vscode.ThemeColor(color));
}

function tooltipOf(event: AuditEvent, { label, detail }: EventWords): string {
	const by = l10n.t("{0}, by {1}", dateInWords(event.date), event.actor.userName);
	return [label, detail, by].filter(Boolean).map(plainText).join("\n");
}
