/** The Token Overview's page: keeps what is shown, what is marked and how it is sorted, and tells the extension the rest. */
import * as l10n from "@vscode/l10n";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import "@vscode-elements/elements/dist/vscode-textfield/index.js";
import {
	type FromPage,
	mostUsageIds,
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

/** What is kept while the page is hidden, and when the window is loaded again. */
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

const usualSorting: Sorting = { column: "end", direction: "ascending" };

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
		onSee: (tokens) => this.#see(tokens),
	});
	readonly #problem = element("div", { class: "problem", role: "alert", hidden: true });
	readonly #status = element("p", { class: "status", role: "status" });
	readonly #showAll = element("vscode-button", { secondary: true, hidden: true }, l10n.t("Show All"));
	readonly #filter = element("vscode-textfield");
	readonly #empty = element("section", { class: "empty", hidden: true });
	readonly #content = element("div", { class: "content", hidden: true });

	readonly #tokens = new Map<string, OverviewToken>();
	readonly #usage = new Map<string, readonly UsageCount[]>();
	/** For which usage was asked, with what was known of it then: it is asked anew when that has changed. */
	readonly #usageAsked = new Map<string, string>();
	#sorted: OverviewToken[] = [];
	#state: PageState;
	/** The tokens of a group that was chosen on the time line. */
	#group: ReadonlySet<string> | undefined;
	#connection: "connecting" | "live" | "failed" = "connecting";
	#scrollTopToRestore: number;
	/** The token whose details are shown. */
	#shown: string | undefined;

	constructor(root: HTMLElement, state: Partial<PageState>, deps: PageDeps) {
		this.#deps = deps;
		this.#root = root;
		this.#state = { sorting: usualSorting, query: "", selected: undefined, scrollTop: 0, ...state };
		this.#scrollTopToRestore = this.#state.scrollTop;
		this.#build();
		this.#render();
	}

	take(message: ToPage): void {
		if (message.type === "tokens") this.#takeTokens(message);
		else if (message.type === "usage") this.#takeUsage(message.id, message.counts);
		else if (message.type === "select") this.select(message.id);
	}

	/** Marks a token, in the table and on the time line. */
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
		const words = l10n.t("A token's expiry and use are shown here once there is one.");
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

	#takeTokens({ state, problem, changed, removed }: Extract<ToPage, { type: "tokens" }>): void {
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

	/** It comes for one token after the other, and nothing else changes with it. */
	#takeUsage(id: string, counts: readonly UsageCount[]): void {
		this.#usage.set(id, counts);
		this.#table.redraw(id);
		if (id === this.#shown) this.#usageView.show(counts);
	}

	/** From the time line: one token is marked, many are shown alone, none ends that. */
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
		this.#usageView.show(selected && this.#usage.get(selected.id));
		const usageOf = (id: string) => this.#usage.get(id);
		this.#table.show({
			...{ tokens: this.#sorted, selected: selected?.id, sorting: this.#state.sorting, usageOf },
		});
		if (selected !== undefined) this.#see([selected]);
		this.#status.textContent =
			shown.length === all.length
				? countInWords(all.length)
				: l10n.t("{0} of {1} tokens", shown.length, all.length);
		this.#showAll.hidden = this.#group === undefined;
		this.#remember();
	}

	#shownOf(all: readonly OverviewToken[]): readonly OverviewToken[] {
		const found = filterTokens(all, this.#state.query);
		return this.#group === undefined ? found : found.filter(({ id }) => this.#group?.has(id));
	}

	/** Asks for the usage of what is seen, once for each count and day. */
	#see(tokens: readonly OverviewToken[]): void {
		const today = lastDays(Date.now(), 1)[0];
		const ids = tokens
			.filter(({ id, uses }) => this.#usageAsked.get(id) !== `${today} ${uses}`)
			.map(({ id }) => id)
			.slice(0, mostUsageIds);
		if (ids.length === 0) return;
		for (const id of ids) this.#usageAsked.set(id, `${today} ${this.#tokens.get(id)?.uses}`);
		this.#send({ type: "usage", ids });
	}

	#send(message: FromPage): void {
		this.#deps.send(message);
	}

	#remember(): void {
		this.#deps.remember({ ...this.#state, scrollTop: this.#table.scrollTop });
	}
}

/** What was remembered, as far as it still makes sense. */
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
