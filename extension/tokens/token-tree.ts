/**
 * The token list in the side bar, grouped and filtered. Loads nothing while it is hidden, and computes tooltips only on
 * demand.
 */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Connections, WaysDeps } from "../connections/connections.ts";
import type { Client } from "../daemon/client.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { DaemonError } from "../daemon/start-daemon.ts";
import { messageText } from "../display-text.ts";
import type { Bindings } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { warningDays } from "../settings.ts";
import { needingAttention } from "./nearest-expiry.ts";
import { overlapFact } from "./overlap-facts.ts";
import type { SecretStore } from "./secret-store.ts";
import { ShownTokens } from "./shown-tokens.ts";
import { showTimeBadges } from "./time-badge.ts";
import { type Fact, isUseSeen } from "./token-facts.ts";
import {
	groupItem,
	type ItemFacts,
	lineItem,
	namesakesAmong,
	tokenItem,
	tokenTooltip,
} from "./token-items.ts";
import { kindsOf } from "./token-kinds.ts";
import {
	childrenOf,
	type DrawnRow,
	findToken,
	type GroupNode,
	groupNode,
	type Node,
	placeOf,
	rowsOf,
	shapeOf,
	type TokenNode,
} from "./token-nodes.ts";
import { ViewProgress } from "./view-progress.ts";

const viewId = "tokensmith.tokens";
/** The shape of a list that is not drawn yet. */
const noRows = "";

interface TokenTreeDeps {
	live: LiveTokens;
	bindings: Bindings;
	secrets: SecretStore;
	connections: Pick<Connections, "capabilitiesOf" | "placeOf"> & WaysDeps;
	/** Fires when this or another window stores or deletes a secret. */
	onDidChangeSecrets: vscode.Event<unknown>;
	/** For the use of rotated tokens. */
	daemon: { client(): Promise<Pick<Client, "usage">> };
	/** Stores the grouping; that of the workspace comes first. */
	memory: { workspace: vscode.Memento; everywhere: vscode.Memento };
	log: vscode.LogOutputChannel;
}

export class TokenTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
	readonly #deps: TokenTreeDeps;
	readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly shown: ShownTokens;
	readonly #progress = new ViewProgress(viewId);
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#progress];
	#view: vscode.TreeView<Node> | undefined;
	#facts: ItemFacts;
	#toMark: string | undefined;
	/** The ids of the tokens whose secrets are stored on this machine; undefined until they are loaded. */
	#kept: ReadonlySet<string> | undefined;
	/** The rows that VS Code has; undefined until it requests all of them again. */
	#shape: string | undefined;
	/** What each row was drawn from. */
	#rows: ReadonlyMap<string, DrawnRow> = new Map();
	/** The rows of tokens that VS Code has, by place. */
	readonly #known = new Map<string, TokenNode>();

	constructor(deps: TokenTreeDeps) {
		this.#deps = deps;
		this.#facts = this.#factsNow();
		this.shown = new ShownTokens(deps);
		this.#disposables.push(
			this.shown,
			this.shown.onDidChange(() => this.#refresh()),
		);
	}

	/** Registers the list. No token is loaded before it is visible. */
	open(): void {
		const { live, bindings, onDidChangeSecrets, log } = this.#deps;
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this, canSelectMany: true });
		this.#view = view;
		this.#disposables.push(
			view,
			showTimeBadges(),
			view.onDidChangeVisibility(() => this.#look()),
			live.onDidChange(() => this.#refresh()),
			bindings.onDidChange(() => this.#refresh()),
			onDidChangeSecrets(() => {
				this.#secretsChanged().catch((error: unknown) => log.warn(inspect(error)));
			}),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#look()),
			vscode.workspace.onDidChangeConfiguration((change) => {
				if (change.affectsConfiguration("tokensmith.expiry.warningDays")) this.#refresh();
			}),
		);
		this.#learnKept().then(
			() => this.#refresh(),
			(error: unknown) => log.warn(inspect(error)),
		);
		this.#look();
	}

	/** The tokens that are selected in the list, as long as the user sees it. */
	get selected(): readonly TokenRecord[] {
		const selection = this.#view?.visible ? this.#view.selection : [];
		return selection.flatMap((node) => (node.kind === "token" ? [node.token] : []));
	}

	/** At once, except for the first time: while rows are awaited, VS Code does not know the entry of a menu. */
	getChildren(node?: Node): Node[] | Promise<Node[]> {
		if (node !== undefined) return this.#noted(childrenOf(this.#current(node)));
		return this.#kept === undefined ? this.#learnAndDraw() : this.#draw();
	}

	getTreeItem(node: Node): vscode.TreeItem {
		if (node.kind === "token") return tokenItem(node, this.#facts);
		return node.kind === "group" ? groupItem(node) : lineItem(node);
	}

	async resolveTreeItem(item: vscode.TreeItem, node: Node): Promise<vscode.TreeItem> {
		if (node.kind !== "token") return item;
		const secret = this.#facts.kept.has(node.id) ? "kept" : "absent";
		const isCounted = node.token.status === "retiring" && isUseSeen(node.token);
		const more = isCounted ? await this.#overlapFacts(node.token.id) : [];
		const system = this.#deps.connections.placeOf(node.token);
		item.tooltip = tokenTooltip(node.token, secret, Date.now(), { more, system });
		return item;
	}

	/** Needed to reveal a token. */
	getParent(node: Node): Node | undefined {
		return node.parent;
	}

	/** Selects the token as soon as it is listed, if the list is visible. Clears a filter that hides it. */
	mark(id: string): void {
		this.#toMark = id;
		this.#refresh();
	}

	async #overlapFacts(tokenId: string): Promise<Fact[]> {
		const { daemon, log } = this.#deps;
		try {
			return [overlapFact(await (await daemon.client()).usage({ tokenId }))];
		} catch (error) {
			// The tooltip has the other facts all the same.
			log.warn(inspect(error));
			return [];
		}
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	async #learnAndDraw(): Promise<Node[]> {
		try {
			await this.#learnKept();
		} catch (error) {
			this.#shape = noRows;
			throw error;
		}
		return this.#draw();
	}

	#draw(): Node[] {
		const groups = this.shown.groups();
		this.#facts = this.#factsNow();
		this.#shape = shapeOf(groups);
		this.#rows = rowsOf(groups, this.#facts);
		this.#known.clear();
		return groups.map(groupNode);
	}

	#factsNow(): ItemFacts {
		const { connections, live } = this.#deps;
		const namesakes = namesakesAmong(live.tokens);
		return {
			...{ now: Date.now(), warningDays: warningDays(), kept: this.#kept ?? new Set() },
			...{ namesakes, connections },
		};
	}

	/** A closed group does not redraw its rows, so they are drawn when it opens. */
	#current(node: Node): Node {
		if (node.kind !== "group") return node;
		const group = this.shown.groups().find(({ id }) => id === node.group.id) ?? node.group;
		return Object.assign(node, { group });
	}

	#noted(nodes: Node[]): Node[] {
		for (const node of nodes) if (node.kind === "token") this.#known.set(placeOf(node), node);
		return nodes;
	}

	/**
	 * Announces the whole list only if rows are added or removed: until it is loaded again, VS Code knows no entry of an
	 * open menu. Never twice before VS Code has requested it, since it would then discard rows that are up to date.
	 */
	#drawAgain(): void {
		if (this.#shape === undefined) return;
		const facts = this.#factsNow();
		const groups = this.shown.groups();
		const [shape, rows, before] = [shapeOf(groups), rowsOf(groups, facts), this.#rows];
		this.#rows = rows;
		if (shape !== this.#shape) {
			this.#shape = undefined;
			this.#changed.fire(undefined);
			return;
		}
		const changed = [...rows].filter(([place, { seen }]) => before.get(place)?.seen !== seen);
		const nodes = changed.flatMap(([place, { entry }]) => {
			const node = this.#known.get(place);
			return node === undefined ? [] : [Object.assign(node, { entry, token: entry.token })];
		});
		this.#facts = facts;
		if (nodes.length > 0) this.#changed.fire(nodes);
	}

	async #learnKept(): Promise<void> {
		this.#kept = new Set(await this.#deps.secrets.ids());
	}

	async #secretsChanged(): Promise<void> {
		const before = this.#kept;
		if (before === undefined) return;
		await this.#learnKept();
		if (!isSame(before, this.#kept)) this.#refresh();
	}

	#look(): void {
		if (this.#view?.visible) {
			this.#deps.live.start();
			this.#deps.bindings.start();
		}
		this.#refresh();
	}

	#refresh(): void {
		const { live } = this.#deps;
		if (this.#view !== undefined) this.#describe(this.#view);
		setContext("tokensmith.view", this.shown.state);
		setContext("tokensmith.problem", live.error instanceof DaemonError ? live.error.code : undefined);
		setContext("tokensmith.grouping", this.shown.grouping);
		setContext("tokensmith.endedHidden", this.shown.hidesEnded);
		setContext("tokensmith.filtered", this.shown.filter !== "");
		const { tokens } = live;
		const kept = this.#kept ?? new Set<string>();
		setContext("tokensmith.tokenKinds", kindsOf(tokens, kept, this.#deps.connections));
		// Also of tokens that are gone.
		setContext("tokensmith.keepsSecrets", kept.size > 0);
		setContext("tokensmith.hasServers", live.servers.length > 0);
		this.#progress.show(live.state === "connecting");
		this.#drawAgain();
		this.#reveal();
	}

	#describe(view: vscode.TreeView<Node>): void {
		view.message = this.#message();
		view.badge = this.#badge();
		view.description = this.#shownInWords();
	}

	/** What the filter shows, and what is hidden. */
	#shownInWords(): string {
		const { filter, hiddenCount, count } = this.shown;
		const parts = [
			filter === "" ? "" : l10n.t("“{0}”: {1} of {2}", messageText(filter), count.count, count.of),
			hiddenCount === 0 ? "" : l10n.t("{0} hidden", hiddenCount),
		];
		return parts.filter(Boolean).join(" · ");
	}

	/** Only above tokens: in an empty view, a message would replace the welcome text. */
	#message(): string {
		const { live } = this.#deps;
		const problem = live.error ?? live.policyError;
		return problem === undefined || live.tokens.length === 0 ? "" : explain(problem).text;
	}

	#badge(): vscode.ViewBadge | undefined {
		const value = needingAttention(this.#deps.live.mine, warningDays(), Date.now()).length;
		if (value === 0) return undefined;
		const one = l10n.t("1 API token needs attention");
		const tooltip = value === 1 ? one : l10n.t("{0} API tokens need attention", value);
		return { value, tooltip };
	}

	#roots(): GroupNode[] {
		return this.shown.groups().map(groupNode);
	}

	#reveal(): void {
		const id = this.#toMark;
		const { live, log } = this.#deps;
		const token = live.tokens.find((one) => one.id === id);
		if (id === undefined || !this.#view?.visible || token === undefined) return;
		if (this.shown.isHidden(token)) return this.shown.showAnyway(id);
		const found = findToken(this.#roots(), id);
		const node = found && (this.#known.get(placeOf(found)) ?? found);
		if (node === undefined && this.shown.filter !== "") {
			this.shown.filter = "";
			return;
		}
		this.#toMark = undefined;
		if (node === undefined) return;
		this.#view.reveal(node).then(undefined, (error: Error) => log.warn(error.message));
	}
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string> | undefined): boolean {
	return one.size === other?.size && [...one].every((id) => other.has(id));
}

function setContext(key: string, value: unknown): void {
	void vscode.commands.executeCommand("setContext", key, value);
}
