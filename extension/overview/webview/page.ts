/** The Token Overview's page: keeps the filter, selection and sorting, and sends requests to the extension. */
import * as l10n from "@vscode/l10n";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import "@vscode-elements/elements/dist/vscode-textfield/index.js";
import {
	type FromPage,
	maxUsageIds,
	type OverviewToken,
	type PageAction,
	type ToPage,
	type UsageCount,
} from "../overview-message.ts";
import { filterTokens, type Sorting, sortColumns, sortedBy, sortTokens } from "../token-table.ts";
import { lastDays } from "../usage-bars.ts";
import { DetailView } from "./detail-view.ts";
import { element } from "./dom.ts";
import { TableView } from "./table-view.ts";
import { TimelineView } from "./timeline-view.ts";
import { UsageView } from "./usage-view.ts";

/** Kept while the page is hidden and across reloads of the window. */
interface PageState {
	sorting: Sorting;
	query: string;
	selected: string | undefined;
	scrollTop: number;
}

interface PageDeps {
	send(message: FromPage): void;
	remember(state: PageState): void;
}

const defaultSorting: Sorting = { column: "end", direction: "ascending" };

export class Page {
	readonly #deps: PageDeps;
	readonly #root: HTMLElement;
	readonly #timeline = new TimelineView({ onChoose: (ids) => this.#choose(ids) });
	readonly #detail = new DetailView((action, id) => this.#send({ type: "token-action", action, id }));
	readonly #usageView = new UsageView();
	readonly #table = new TableView({
		onSelect: (id) => this.select(id),
		onEnter: () => this.#detail.focusFirstAction(),
		onSort: (column) => this.#change({ sorting: sortedBy(column, this.#state.sorting) }),
		onVisible: (tokens) => this.#requestUsage(tokens),
	});
	readonly #problem = element("div", { class: "problem", role: "alert", hidden: true });
	readonly #status = element("p", { class: "status", role: "status" });
	readonly #showAll = element("vscode-button", { secondary: true, hidden: true }, l10n.t("Show All"));
	readonly #filter = element("vscode-textfield");
	readonly #empty = element("section", { class: "empty", hidden: true });
	readonly #content = element("div", { class: "content", hidden: true });

	readonly #tokens = new Map<string, OverviewToken>();
	readonly #usage = new Map<string, readonly UsageCount[]>();
	/**
	 * The usage that was requested, with the use count at that time: it is requested again once the count has changed.
	 */
	readonly #usageRequested = new Map<string, string>();
	#sorted: OverviewToken[] = [];
	#state: PageState;
	/** The tokens of a group chosen on the timeline. */
	#group: ReadonlySet<string> | undefined;
	#connection: "connecting" | "live" | "failed" = "connecting";
	#scrollTopToRestore: number;
	/** The token whose details are shown. */
	#shown: string | undefined;

	constructor(root: HTMLElement, state: Partial<PageState>, deps: PageDeps) {
		this.#deps = deps;
		this.#root = root;
		this.#state = { sorting: defaultSorting, query: "", selected: undefined, scrollTop: 0, ...state };
		this.#scrollTopToRestore = this.#state.scrollTop;
		this.#build();
		this.#render();
	}

	take(message: ToPage): void {
		if (message.type === "tokens") this.#receiveTokens(message);
		else if (message.type === "usage") this.#receiveUsage(message.id, message.counts);
		else if (message.type === "select") this.select(message.id);
	}

	/** Selects a token, in the table and on the timeline. */
	select(id: string): void {
		this.#change({ selected: id });
	}

	#build(): void {
		const label = l10n.t("Filter by name, permission or env line");
		this.#filter.placeholder = label;
		this.#filter.setAttribute("label", label);
		this.#filter.value = this.#state.query;
		this.#filter.addEventListener("input", () => this.#change({ query: this.#filter.value }));
		this.#showAll.addEventListener("click", () => this.#choose([]));
		const list = element("section", { class: "list", "aria-labelledby": "list-title" });
		const title = element("h2", { id: "list-title" }, l10n.t("All Tokens"));
		const bar = element("div", { class: "toolbar" }, this.#filter, this.#status, this.#showAll);
		list.append(title, bar, this.#table.root);
		const middle = element("div", { class: "middle" }, this.#detail.root, this.#usageView.root);
		this.#content.append(this.#timeline.root, middle, list);
		this.#fillEmpty();
		const heading = element("h1", {}, l10n.t("Token Overview"));
		this.#root.replaceChildren(heading, this.#problem, this.#empty, this.#content);
	}

	#fillEmpty(): void {
		const words = l10n.t("Once you have a token, its expiry and use are shown here.");
		this.#empty.replaceChildren(
			element("h2", {}, l10n.t("No API tokens yet")),
			element("p", {}, words),
			this.#button("create", l10n.t("Create API Token")),
		);
	}

	#button(action: PageAction, words: string): HTMLElement {
		const button = element("vscode-button", {}, words);
		button.addEventListener("click", () => this.#send({ type: "page-action", action }));
		return button;
	}

	#receiveTokens({ state, problem, changed, removed }: Extract<ToPage, { type: "tokens" }>): void {
		for (const id of removed) this.#tokens.delete(id);
		for (const token of changed) this.#tokens.set(token.id, token);
		this.#connection = state;
		this.#showProblem(problem);
		this.#render();
		if (this.#scrollTopToRestore > 0 && this.#tokens.size > 0) {
			this.#table.scrollTop = this.#scrollTopToRestore;
			this.#scrollTopToRestore = 0;
		}
	}

	#showProblem(problem: string | null): void {
		this.#problem.hidden = problem === null;
		if (problem === null) this.#problem.replaceChildren();
		else if (this.#problem.firstChild?.textContent !== problem)
			this.#problem.replaceChildren(element("p", {}, problem), this.#button("retry", l10n.t("Try Again")));
	}

	/** Arrives for one token at a time and changes nothing else. */
	#receiveUsage(id: string, counts: readonly UsageCount[]): void {
		this.#usage.set(id, counts);
		this.#table.redraw(id);
		if (id === this.#shown) this.#showUsage(this.#tokens.get(id));
	}

	/** From the timeline: one token is selected, several are shown exclusively, none resets that. */
	#choose(ids: readonly string[]): void {
		const [first] = ids;
		this.#group = ids.length > 1 ? new Set(ids) : undefined;
		this.#change(first === undefined ? {} : { selected: first });
	}

	#change(change: Partial<PageState>): void {
		this.#state = { ...this.#state, ...change };
		this.#render();
	}

	#render(): void {
		const all = [...this.#tokens.values()];
		const isEmpty = all.length === 0;
		this.#empty.hidden = !isEmpty || this.#connection !== "live";
		this.#content.hidden = isEmpty;
		if (isEmpty) return;
		const shown = this.#shownOf(all);
		this.#sorted = sortTokens(shown, this.#state.sorting);
		const selected = this.#tokens.get(this.#state.selected ?? "") ?? this.#sorted[0] ?? all[0];
		this.#shown = selected?.id;
		this.#timeline.show(all, selected?.id);
		this.#detail.show(selected);
		this.#showUsage(selected);
		const usageOf = (id: string) => this.#usage.get(id);
		this.#table.show({
			...{ tokens: this.#sorted, selected: selected?.id, sorting: this.#state.sorting, usageOf },
		});
		if (selected !== undefined) this.#requestUsage([selected]);
		this.#status.textContent =
			shown.length === all.length
				? countInWords(all.length)
				: l10n.t("{0} of {1} tokens", shown.length, all.length);
		this.#showAll.hidden = this.#group === undefined;
		this.#remember();
	}

	#showUsage(token: OverviewToken | undefined): void {
		this.#usageView.show(token && this.#usage.get(token.id), token?.use);
	}

	#shownOf(all: readonly OverviewToken[]): readonly OverviewToken[] {
		const found = filterTokens(all, this.#state.query);
		return this.#group === undefined ? found : found.filter(({ id }) => this.#group?.has(id));
	}

	/** Requests the usage of visible tokens, once for each use count and day. */
	#requestUsage(tokens: readonly OverviewToken[]): void {
		const today = lastDays(Date.now(), 1)[0];
		const ids = tokens
			.filter(({ id, uses }) => this.#usageRequested.get(id) !== `${today} ${uses}`)
			.map(({ id }) => id)
			.slice(0, maxUsageIds);
		if (ids.length === 0) return;
		for (const id of ids) this.#usageRequested.set(id, `${today} ${this.#tokens.get(id)?.uses}`);
		this.#send({ type: "usage", ids });
	}

	#send(message: FromPage): void {
		this.#deps.send(message);
	}

	#remember(): void {
		this.#deps.remember({ ...this.#state, scrollTop: this.#table.scrollTop });
	}
}

/** The saved state, as far as it is valid. */
export function readState(value: unknown): Partial<PageState> {
	if (typeof value !== "object" || value === null) return {};
	const { sorting, query, selected, scrollTop } = value as Record<string, unknown>;
	const { column, direction } = (sorting ?? {}) as Record<string, unknown>;
	const known = sortColumns.find((name) => name === column);
	return {
		...(known !== undefined && {
			sorting: { column: known, direction: direction === "descending" ? "descending" : "ascending" },
		}),
		...(typeof query === "string" && { query }),
		...(typeof selected === "string" && { selected }),
		...(typeof scrollTop === "number" && { scrollTop }),
	};
}

function countInWords(count: number): string {
	return count === 1 ? l10n.t("1 token") : l10n.t("{0} tokens", count);
}
