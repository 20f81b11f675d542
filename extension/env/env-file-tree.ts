/**
 * The view of the env files of all workspace folders: each with its lines that hold a token's secret, or what looks
 * like one. Shows no value. Reads nothing itself; what it shows is what `Bindings` has found.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText, shortenedWithin } from "../display-text.ts";
import { explain } from "../failure.ts";
import { warningDays } from "../settings.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { stateInFewWords } from "../tokens/token-facts.ts";
import { iconOf, openLineCommand, tokenTooltip } from "../tokens/token-items.ts";
import { ViewProgress } from "../tokens/view-progress.ts";
import type { Bindings, EnvFileLines, EnvLine } from "./bindings.ts";

const viewId = "tokensmith.envFiles";
const longestName = 24;
/** More files than these are closed, so that the view begins with an overview. */
const mostOpen = 20;

interface FileNode {
	readonly kind: "file";
	readonly file: EnvFileLines;
}

/** A command that is started from it goes by `line`. */
interface LineNode {
	readonly kind: "line";
	readonly line: EnvLine;
	readonly parent: FileNode;
}

type Node = FileNode | LineNode;

interface Sources {
	bindings: Bindings;
	live: LiveTokens;
	/** The ids of the tokens whose secrets are kept on this machine. */
	secrets: { ids(): Promise<string[]> };
}

export class EnvFileTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
	readonly #sources: Sources;
	readonly #changed = new vscode.EventEmitter<undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly #progress = new ViewProgress(viewId);
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#progress];
	#view: vscode.TreeView<Node> | undefined;
	/** What the rows were drawn from. */
	#seen: string | undefined;
	/** By id, as they were when the rows were last asked for. */
	#tokens: ReadonlyMap<string, TokenRecord> = new Map();

	constructor(sources: Sources) {
		this.#sources = sources;
	}

	/** Puts the view into its place. Nothing is looked for before somebody sees it. */
	open(): void {
		const { bindings, live } = this.#sources;
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
		this.#view = view;
		this.#disposables.push(
			view,
			view.onDidChangeVisibility(() => this.#look()),
			bindings.onDidChange(() => this.#refresh()),
			live.onDidChange(() => this.#refresh()),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#look()),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#refresh()),
		);
		this.#look();
	}

	getChildren(node?: Node): Node[] {
		if (node?.kind === "line") return [];
		if (node === undefined) {
			this.#learnTokens();
			return this.#files.map((file) => ({ kind: "file", file }));
		}
		return node.file.lines.map((line) => ({ kind: "line", line, parent: node }));
	}

	getTreeItem(node: Node): vscode.TreeItem {
		return node.kind === "file" ? this.#fileItem(node.file) : this.#lineItem(node.line);
	}

	async resolveTreeItem(item: vscode.TreeItem, node: Node): Promise<vscode.TreeItem> {
		if (node.kind === "file") return item;
		const token = this.#tokenOf(node.line);
		if (token === undefined) {
			item.tooltip = l10n.t("It looks like a token, and there is no record of it.");
			return item;
		}
		const kept = await this.#sources.secrets.ids();
		item.tooltip = tokenTooltip(token, kept.includes(token.id) ? "kept" : "absent", Date.now());
		return item;
	}

	getParent(node: Node): Node | undefined {
		return node.kind === "line" ? node.parent : undefined;
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	get #files(): readonly EnvFileLines[] {
		return vscode.workspace.isTrusted ? this.#sources.bindings.files : [];
	}

	#look(): void {
		if (this.#view?.visible) this.#sources.bindings.start();
		this.#refresh();
	}

	#refresh(): void {
		if (this.#view === undefined) return;
		const { live, bindings } = this.#sources;
		const isEmpty = this.#files.length === 0;
		this.#view.message = live.error === undefined || isEmpty ? "" : explain(live.error).text;
		this.#progress.show(this.#view.visible && vscode.workspace.isTrusted && bindings.state === "looking");
		const state = isEmpty ? (bindings.state === "ready" ? "none" : bindings.state) : "listed";
		void vscode.commands.executeCommand("setContext", "tokensmith.envFilesView", state);
		const seen = this.#whatIsSeen();
		if (seen !== this.#seen) this.#changed.fire(undefined);
		this.#seen = seen;
	}

	#learnTokens(): void {
		this.#tokens = new Map(this.#sources.live.tokens.map((token) => [token.id, token]));
	}

	/** As long as it is the same, nothing has to be drawn again, which a menu that is open would not survive. */
	#whatIsSeen(): string {
		this.#learnTokens();
		const lineSeen = (line: EnvLine) => [line.words, line.tokenId, line.commented, this.#stateOf(line)];
		return JSON.stringify(
			this.#files.map(({ uri, lines, problem }) => [uri.toString(), problem, lines.map(lineSeen)]),
		);
	}

	#fileItem({ uri, fileName, lines, problem }: EnvFileLines): vscode.TreeItem {
		const { Expanded, Collapsed, None } = vscode.TreeItemCollapsibleState;
		const open = this.#files.length > mostOpen ? Collapsed : Expanded;
		const item = new vscode.TreeItem(plainText(fileName), lines.length === 0 ? None : open);
		const count = problem ?? countOf(lines);
		item.id = uri.toString();
		item.resourceUri = uri;
		item.iconPath = problem === undefined ? vscode.ThemeIcon.File : warning;
		item.description = plainText(count);
		item.contextValue = "envFile";
		item.command = { command: "vscode.open", title: l10n.t("Open File"), arguments: [uri] };
		item.tooltip = `${plainText(fileName)}\n${plainText(count)}`;
		item.accessibilityInformation = { label: `${plainText(fileName)}, ${plainText(count)}` };
		return item;
	}

	#lineItem(line: EnvLine): vscode.TreeItem {
		const state = this.#stateOf(line);
		const item = new vscode.TreeItem(plainText(line.key));
		item.id = `${line.uri}#${line.line}`;
		item.description = state;
		item.iconPath = this.#iconOf(line);
		item.contextValue = line.tokenId === undefined ? "envLine.unknown" : "envLine.known";
		item.command = openLineCommand(line);
		item.accessibilityInformation = {
			label: l10n.t("{0}, line {1}, {2}", plainText(line.key), line.line, state),
		};
		return item;
	}

	#stateOf(line: EnvLine): string {
		const token = this.#tokenOf(line);
		if (token === undefined)
			return line.commented ? l10n.t("unknown token, commented out") : l10n.t("unknown token");
		const now = Date.now();
		const name = shortenedWithin(plainText(token.name), longestName);
		const state = stateInFewWords(token, urgencyOf(token, warningDays(), now), now);
		return line.commented ? l10n.t("{0} · {1}, commented out", name, state) : `${name} · ${state}`;
	}

	#iconOf(line: EnvLine): vscode.ThemeIcon {
		const token = this.#tokenOf(line);
		if (token === undefined) return line.commented ? new vscode.ThemeIcon("comment") : unknown;
		return iconOf[urgencyOf(token, warningDays(), Date.now())];
	}

	#tokenOf({ tokenId }: EnvLine): TokenRecord | undefined {
		return tokenId === undefined ? undefined : this.#tokens.get(tokenId);
	}
}

const warning = new vscode.ThemeIcon("warning", new vscode.ThemeColor("problemsWarningIcon.foreground"));
const unknown = new vscode.ThemeIcon("question", new vscode.ThemeColor("problemsWarningIcon.foreground"));

function countOf({ length }: readonly EnvLine[]): string {
	if (length === 0) return l10n.t("no tokens");
	return length === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", length);
}
