/**
 * The Env Files view: the env files of all workspace folders, each with the lines that hold a token's secret or a value
 * that looks like one. Shows no value. Reads no file itself: it shows what `Bindings` has found.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Connections } from "../connections/connections.ts";
import type { LiveTokens } from "../daemon/live-tokens.ts";
import { plainText } from "../display-text.ts";
import type { Bindings, EnvFileLines, EnvLine } from "../env/bindings.ts";
import { explain } from "../failure.ts";
import { warningDays } from "../settings.ts";
import { urgencyOf } from "../tokens/time-left.ts";
import { countInWords, stateInFewWords } from "../tokens/token-facts.ts";
import { iconOf, openLineCommand, tokenTooltip } from "../tokens/token-items.ts";
import { ViewProgress } from "../tokens/view-progress.ts";

const viewId = "tokensmith.envFiles";
/** With more files than this, they start collapsed, so that the view begins with an overview. */
const maxExpanded = 20;

/** VS Code identifies a row by its object, so changes are applied to the existing object. */
interface FileNode {
	readonly kind: "file";
	file: EnvFileLines;
}

/** Commands that are started from this row read `line`. */
interface LineNode {
	readonly kind: "line";
	line: EnvLine;
	readonly parent: FileNode;
}

type Node = FileNode | LineNode;

interface EnvFileTreeDeps {
	bindings: Bindings;
	live: LiveTokens;
	connections: Pick<Connections, "placeOf">;
	/** IDs of the tokens whose secrets are stored on this machine. */
	secrets: { ids(): Promise<string[]> };
}

export class EnvFileTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
	readonly #deps: EnvFileTreeDeps;
	readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
	readonly onDidChangeTreeData = this.#changed.event;
	readonly #progress = new ViewProgress(viewId);
	readonly #disposables: vscode.Disposable[] = [this.#changed, this.#progress];
	#view: vscode.TreeView<Node> | undefined;
	/** The files last given to VS Code; undefined until it requests all of them. */
	#shape: string | undefined;
	/** What each row was drawn from, by the row's id. */
	#rows: ReadonlyMap<string, string> = new Map();
	/** The rows that VS Code knows, by id. */
	readonly #known = new Map<string, Node>();
	/** The tokens by ID, as of the last request for rows. */
	#tokens: ReadonlyMap<string, TokenRecord> = new Map();

	constructor(deps: EnvFileTreeDeps) {
		this.#deps = deps;
		this.#disposables.push(
			deps.bindings.onDidChange(() => this.#refresh()),
			deps.live.onDidChange(() => this.#refresh()),
		);
	}

	/** Installs the view. Env files are searched only once the view is visible. */
	open(): void {
		const view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
		this.#view = view;
		this.#disposables.push(
			view,
			view.onDidChangeVisibility(() => this.#scan()),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#scan()),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#refresh()),
		);
		this.#scan();
	}

	getChildren(node?: Node): Node[] {
		if (node?.kind === "line") return [];
		if (node === undefined) {
			this.#updateTokens();
			this.#shape = this.#shapeNow();
			this.#rows = this.#rowsNow();
			this.#known.clear();
			return this.#register(this.#files.map((file) => ({ kind: "file", file })));
		}
		return this.#register(node.file.lines.map((line) => ({ kind: "line", line, parent: node })));
	}

	getTreeItem(node: Node): vscode.TreeItem {
		return node.kind === "file" ? this.#fileItem(node.file) : this.#lineItem(node.line);
	}

	async resolveTreeItem(item: vscode.TreeItem, node: Node): Promise<vscode.TreeItem> {
		if (node.kind === "file") return item;
		const token = this.#tokenOf(node.line);
		const words = plainText(node.line.words);
		if (token === undefined) {
			item.tooltip = `${words}\n${l10n.t("It looks like a token, but it is not in the records.")}`;
			return item;
		}
		const kept = await this.#deps.secrets.ids();
		const place = { label: l10n.t("Line"), value: words };
		const secret = kept.includes(token.id) ? "kept" : "absent";
		const system = this.#deps.connections.placeOf(token);
		item.tooltip = tokenTooltip(token, secret, Date.now(), { more: [place], system });
		return item;
	}

	getParent(node: Node): Node | undefined {
		return node.kind === "line" ? node.parent : undefined;
	}

	dispose(): void {
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	get #files(): readonly EnvFileLines[] {
		return vscode.workspace.isTrusted ? this.#deps.bindings.files : [];
	}

	#scan(): void {
		if (this.#view?.visible) this.#deps.bindings.start();
		this.#refresh();
	}

	#refresh(): void {
		if (this.#view !== undefined) this.#describe(this.#view);
		this.#redraw();
	}

	#describe(view: vscode.TreeView<Node>): void {
		const { live, bindings } = this.#deps;
		const isEmpty = this.#files.length === 0;
		view.message = live.error === undefined || isEmpty ? "" : explain(live.error).text;
		this.#progress.show(view.visible && vscode.workspace.isTrusted && bindings.state === "scanning");
		const state = isEmpty ? (bindings.state === "ready" ? "none" : bindings.state) : "listed";
		void vscode.commands.executeCommand("setContext", "tokensmith.envFilesView", state);
	}

	/**
	 * All rows are redrawn only if files appear or disappear: until the redraw ends, VS Code cannot resolve the entry of
	 * an open menu. Not twice before VS Code has requested the rows, because it would then wait and drop rows that are
	 * up to date.
	 */
	#redraw(): void {
		this.#updateTokens();
		if (this.#shape === undefined) return;
		const before = this.#rows;
		this.#rows = this.#rowsNow();
		if (this.#shapeNow() !== this.#shape) {
			this.#shape = undefined;
			this.#changed.fire(undefined);
			return;
		}
		const changed = this.#files.flatMap((file) => this.#update(file, before));
		if (changed.length > 0) this.#changed.fire(changed);
	}

	/** Updates the file's row and its lines. Returns the rows that must be redrawn. */
	#update(file: EnvFileLines, before: ReadonlyMap<string, string>): Node[] {
		const hasChanged = (id: string) => this.#rows.get(id) !== before.get(id);
		const node = this.#known.get(fileId(file));
		if (node?.kind === "file") node.file = file;
		if (hasChanged(fileId(file))) return node === undefined ? [] : [node];
		return file.lines.flatMap((line) => {
			const row = this.#known.get(lineId(line));
			if (row?.kind === "line") row.line = line;
			return row !== undefined && hasChanged(lineId(line)) ? [row] : [];
		});
	}

	#shapeNow(): string {
		return JSON.stringify(this.#files.map(fileId));
	}

	#rowsNow(): ReadonlyMap<string, string> {
		return new Map(this.#files.flatMap((file) => this.#rowsOf(file)));
	}

	/** Redrawing a file's row redraws all of its lines, so adding or removing a line counts as a change of the row. */
	#rowsOf(file: EnvFileLines): [id: string, seen: string][] {
		const fileSeen = JSON.stringify([file.problem, file.lines.map(lineId)]);
		const lineSeen = (line: EnvLine) => JSON.stringify([line.words, line.tokenId, this.#descriptionOf(line)]);
		return [
			[fileId(file), fileSeen],
			...file.lines.map((line): [string, string] => [lineId(line), lineSeen(line)]),
		];
	}

	#register<One extends Node>(nodes: One[]): One[] {
		for (const node of nodes)
			this.#known.set(node.kind === "file" ? fileId(node.file) : lineId(node.line), node);
		return nodes;
	}

	#updateTokens(): void {
		this.#tokens = new Map(this.#deps.live.tokens.map((token) => [token.id, token]));
	}

	#fileItem(file: EnvFileLines): vscode.TreeItem {
		const { uri, fileName, lines, problem } = file;
		const { Expanded, Collapsed, None } = vscode.TreeItemCollapsibleState;
		const open = this.#files.length > maxExpanded ? Collapsed : Expanded;
		const item = new vscode.TreeItem(plainText(fileName), lines.length === 0 ? None : open);
		const count = problem ?? countOf(lines);
		item.id = fileId(file);
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
		const description = this.#descriptionOf(line);
		const item = new vscode.TreeItem(plainText(line.key));
		item.id = lineId(line);
		item.description = description;
		item.iconPath = this.#iconOf(line);
		item.contextValue = line.tokenId === undefined ? "envLine.unknown" : "envLine.known";
		item.command = openLineCommand(line);
		item.accessibilityInformation = {
			label: l10n.t("{0}, line {1}, {2}", plainText(line.key), line.line, description),
		};
		return item;
	}

	/** The state first: a narrow side bar cuts off the end of a row. */
	#descriptionOf(line: EnvLine): string {
		const token = this.#tokenOf(line);
		const state = this.#stateOf(line);
		return token === undefined ? state : `${state} · ${plainText(token.name)}`;
	}

	#stateOf(line: EnvLine): string {
		const token = this.#tokenOf(line);
		const now = Date.now();
		const state =
			token === undefined
				? l10n.t("unknown token")
				: stateInFewWords(token, urgencyOf(token, warningDays(), now), now);
		return line.commented ? l10n.t("{0}, commented out", state) : state;
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

const warning = new vscode.ThemeIcon("warning", new vscode.ThemeColor("tokensmith.soonForeground"));
const unknown = new vscode.ThemeIcon("question", new vscode.ThemeColor("tokensmith.soonForeground"));

function fileId({ uri }: EnvFileLines): string {
	return uri.toString();
}

/** A line can contain several tokens. */
function lineId({ uri, line, key, tokenId, range }: EnvLine): string {
	return `${uri}#${line}#${key}#${tokenId ?? range.start.character}`;
}

/** Several lines can contain one token. */
function countOf(lines: readonly EnvLine[]): string {
	const count = new Set(lines.map(({ hash }) => hash)).size;
	return count === 0 ? l10n.t("no tokens") : countInWords(count);
}
