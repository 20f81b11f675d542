/** The Systems view: the connections, each with whether its credential works. Shows no credential. */
import { inspect } from "node:util";
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { Connection } from "../../daemon/contract.ts";
import { capabilitiesInWords, needsCredential } from "../connections/capability-words.ts";
import type { Connections } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import { timeSince } from "../tokens/time-left.ts";
import { appendWords } from "../tokens/token-items.ts";
import { ViewProgress } from "../tokens/view-progress.ts";
import { tlsInWords } from "./connect.ts";
import { hostOf } from "./system-address.ts";
import type { SystemStates } from "./system-states.ts";

const viewId = "tokensmith.systems";

interface SystemTreeDeps {
	live: LiveTokens;
	connections: Connections;
	systemStates: SystemStates;
	onDidChangeSecrets: vscode.Event<unknown>;
	log: { warn(message: string): void };
}

/** Commands that are started from this row read `connection`. */
export interface SystemNode {
	readonly connection: string;
}

type Standing = "live" | "dead" | "unknown" | "untested" | "no-credential" | "guided";

export class SystemTree implements vscode.TreeDataProvider<SystemNode>, vscode.Disposable {
	readonly #deps: SystemTreeDeps;
	readonly #changed = new vscode.EventEmitter<undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly #progress = new ViewProgress(viewId);
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#progress];
	#view: vscode.TreeView<SystemNode> | undefined;
	/** The connections whose credentials this machine has stored. */
	#stored: ReadonlySet<string> = new Set();
	/** What the rows that VS Code has were drawn from. */
	#drawn = "";

	constructor(deps: SystemTreeDeps) {
		this.#deps = deps;
	}

	/** Registers the view. Nothing is loaded before it is visible. */
	open(): void {
		const { live, systemStates, onDidChangeSecrets, log } = this.#deps;
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this });
		this.#view = view;
		const learn = () => this.#learn().catch((error: unknown) => log.warn(inspect(error)));
		this.#disposables.push(
			view,
			view.onDidChangeVisibility(() => this.#look()),
			live.onDidChange(() => this.#refresh()),
			systemStates.onDidChange(() => this.#refresh()),
			onDidChangeSecrets(() => void learn()),
		);
		void learn();
		this.#look();
	}

	getChildren(node?: SystemNode): SystemNode[] {
		if (node !== undefined) return [];
		return this.#deps.connections.all.map(({ id }) => ({ connection: id }));
	}

	getTreeItem({ connection: id }: SystemNode): vscode.TreeItem {
		const connection = this.#deps.connections.of(id);
		const item = new vscode.TreeItem(plainText(connection?.name ?? id));
		item.id = id;
		if (connection === undefined) return item;
		const standing = this.#standingOf(connection);
		const count = this.#countOf(connection);
		item.iconPath = icons[standing];
		item.description = plainText([...countInWords(count), hostOf(connection.baseUrl)].join(" · "));
		item.contextValue = this.#contextOf(connection, standing);
		item.tooltip = this.#tooltipOf(connection, standing);
		const label = [connection.name, standingInWords(standing), ...countInWords(count)].join(", ");
		item.accessibilityInformation = { label: plainText(label) };
		return item;
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#look(): void {
		if (this.#view?.visible) this.#deps.live.start();
		this.#refresh();
	}

	async #learn(): Promise<void> {
		this.#stored = new Set(await this.#deps.connections.credentials.ids());
		this.#refresh();
	}

	/** Draws again only what has changed: until new rows are loaded, the entry of an open menu has no row. */
	#refresh(): void {
		const { live, connections } = this.#deps;
		this.#progress.show(live.state === "connecting");
		const state = live.state === "failed" ? "failed" : connections.all.length === 0 ? "none" : "listed";
		void vscode.commands.executeCommand("setContext", "tokensmith.systemsView", state);
		void vscode.commands.executeCommand("setContext", "tokensmith.systemKinds", this.#kinds());
		const now = JSON.stringify(
			connections.all.map((connection) => {
				const item = this.getTreeItem({ connection: connection.id });
				return [connection, item.description, item.contextValue, this.#standingOf(connection)];
			}),
		);
		if (now === this.#drawn) return;
		this.#drawn = now;
		this.#changed.fire(undefined);
	}

	#standingOf(connection: Connection): Standing {
		const can = this.#deps.connections.capabilitiesOf(connection);
		if (can !== undefined && !needsCredential(can)) return "guided";
		if (!this.#stored.has(connection.id)) return "no-credential";
		return this.#deps.systemStates.of(connection.id)?.outcome ?? "untested";
	}

	#countOf({ id }: Connection): number {
		return this.#deps.live.tokens.filter(
			({ connectionId, revokedDate }) => connectionId === id && revokedDate === null,
		).length;
	}

	/** Every kind of system, each after a blank: the palette offers what the menu of some system offers. */
	#kinds(): string {
		const { all } = this.#deps.connections;
		const kinds = all.map((connection) => this.#contextOf(connection, this.#standingOf(connection)));
		return [...new Set(kinds)].map((kind) => ` ${kind}`).join("");
	}

	/** For the menus in package.json: `system.api.list`. */
	#contextOf(connection: Connection, standing: Standing): string {
		const can = this.#deps.connections.capabilitiesOf(connection);
		return ["system", standing === "guided" ? "guided" : "api", ...(can?.list ? ["list"] : [])].join(".");
	}

	#tooltipOf(connection: Connection, standing: Standing): vscode.MarkdownString {
		const { connections, systemStates } = this.#deps;
		const can = connections.capabilitiesOf(connection);
		const tested = systemStates.of(connection.id);
		const facts = [
			[l10n.t("System"), connections.profileOf(connection)?.name ?? connection.profile],
			[l10n.t("Address"), connection.baseUrl],
			[l10n.t("Credential"), standingInWords(standing)],
			...(tested === undefined ? [] : [[l10n.t("Tested"), timeSince(tested.date, Date.now())]]),
			...(connection.baseUrl.startsWith("https:")
				? [[l10n.t("Certificate"), tlsInWords(connection.tls, "")]]
				: []),
			...(can === undefined ? [] : [[l10n.t("Can"), capabilitiesInWords(can)]]),
		];
		const tooltip = new vscode.MarkdownString("**");
		appendWords(tooltip, connection.name).appendMarkdown("**\n\n");
		for (const [label = "", value = ""] of facts)
			appendWords(tooltip.appendMarkdown(`${label}: `), value).appendMarkdown("  \n");
		return tooltip;
	}
}

const icon = (id: string, color: string) => new vscode.ThemeIcon(id, new vscode.ThemeColor(color));

const icons: Readonly<Record<Standing, vscode.ThemeIcon>> = {
	live: icon("pass", "tokensmith.activeForeground"),
	dead: icon("error", "tokensmith.expiredForeground"),
	unknown: icon("question", "tokensmith.soonForeground"),
	untested: icon("server", "tokensmith.endedForeground"),
	"no-credential": icon("key", "tokensmith.soonForeground"),
	guided: icon("book", "tokensmith.endedForeground"),
};

function standingInWords(standing: Standing): string {
	const words: Record<Standing, string> = {
		live: l10n.t("works"),
		dead: l10n.t("refused by the system"),
		unknown: l10n.t("the last test had no clear result"),
		untested: l10n.t("not tested on this machine"),
		"no-credential": l10n.t("not stored in this editor"),
		guided: l10n.t("needs none: its steps are guided"),
	};
	return words[standing];
}

function countInWords(count: number): string[] {
	if (count === 0) return [];
	return [count === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", count)];
}
