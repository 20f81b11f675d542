/**
 * The table of all tokens: sorted, filtered, and with only the visible rows rendered. Tab reaches one row, arrow keys
 * lead from it to the others.
 */
import * as l10n from "@vscode/l10n";
import { kept } from "../../language.ts";
import type { OverviewToken, UsageCount } from "../overview-message.ts";
import { rowsToDraw, type SortColumn, type Sorting, scrollFor } from "../token-table.ts";
import { fillDays, lastDays, layOutBars } from "../usage-bars.ts";
import { element, setAttributes, svg } from "./dom.ts";
import { inlineSign } from "./signs.ts";

/** Same value as in overview.css. */
const rowHeight = 26;
const spark = { width: 60, height: 14 };

interface Events {
	onSelect(id: string): void;
	/** Enter: move the focus to the token's actions. */
	onEnter(): void;
	onSort(column: SortColumn): void;
	/** The tokens that are visible. */
	onVisible(tokens: readonly OverviewToken[]): void;
}

interface Content {
	tokens: readonly OverviewToken[];
	selected: string | undefined;
	sorting: Sorting;
	usageOf(id: string): readonly UsageCount[] | undefined;
}

export class TableView {
	readonly root = element("div", { class: "table", role: "grid" });
	readonly #events: Events;
	readonly #heads = element("div", { role: "row", class: "row head", "aria-rowindex": 1 });
	readonly #scroller = element("div", { class: "scroller", role: "rowgroup" });
	readonly #space = element("div", { class: "space", role: "presentation" });
	readonly #rows = new Map<string, HTMLElement>();
	#content: Content | undefined;
	/** The row that Tab reaches. */
	#current = 0;

	constructor(events: Events) {
		this.#events = events;
		setAttributes(this.root, { "aria-label": l10n.t("API tokens") });
		this.#scroller.append(this.#space);
		this.root.append(element("div", { role: "rowgroup", class: "heads" }, this.#heads), this.#scroller);
		this.#scroller.addEventListener("scroll", () => this.#draw());
		this.#space.addEventListener("keydown", (event) => this.#pressed(event));
		this.#space.addEventListener("click", (event) => this.#clicked(event));
		new ResizeObserver(() => this.#draw()).observe(this.#scroller);
	}

	get scrollTop(): number {
		return this.#scroller.scrollTop;
	}

	set scrollTop(top: number) {
		this.#scroller.scrollTop = top;
	}

	show(content: Content): void {
		const isNewChoice = content.selected !== this.#content?.selected;
		this.#content = content;
		const { tokens, selected, sorting } = content;
		const at = tokens.findIndex(({ id }) => id === selected);
		this.#current = Math.max(0, at >= 0 ? at : Math.min(this.#current, tokens.length - 1));
		this.root.setAttribute("aria-rowcount", String(tokens.length + 1));
		this.#space.style.height = `${tokens.length * rowHeight}px`;
		this.#drawHeads(sorting);
		if (isNewChoice && at >= 0) this.#scrollTo(at);
		this.#draw();
	}

	/** When the usage of a visible token arrives, its row is drawn again. */
	redraw(id: string): void {
		const index = this.#rows.has(id)
			? (this.#content?.tokens.findIndex((token) => token.id === id) ?? -1)
			: -1;
		const token = this.#content?.tokens[index];
		if (token !== undefined) this.#drawRow(token, index);
	}

	#drawHeads({ column: sorted, direction }: Sorting): void {
		const hadFocus = this.#heads.contains(document.activeElement);
		const heads = columns().map(({ column, words }) => {
			if (column === undefined) return element("div", { role: "columnheader" }, words);
			const isSorted = column === sorted;
			const sign = element("span", { "aria-hidden": "true" }, direction === "ascending" ? "▲" : "▼");
			const button = element("button", { type: "button" }, words, ...(isSorted ? [sign] : []));
			button.addEventListener("click", () => this.#events.onSort(column));
			const head = element(
				"div",
				{ role: "columnheader", "aria-sort": isSorted ? direction : "none" },
				button,
			);
			if (isSorted && hadFocus) queueMicrotask(() => button.focus());
			return head;
		});
		this.#heads.replaceChildren(
			...heads,
			element("div", { role: "columnheader", "aria-label": l10n.t("Actions") }),
		);
	}

	#draw(): void {
		if (this.#content === undefined) return;
		const { tokens } = this.#content;
		const { from, to } = rowsToDraw(this.#view(), tokens.length);
		const drawn = new Map(tokens.slice(from, to).map((token, index) => [token, from + index]));
		// The focused row stays rendered, however far the table is scrolled.
		const current = tokens[this.#current];
		if (current !== undefined) drawn.set(current, this.#current);
		const ids = new Set(Array.from(drawn.keys(), ({ id }) => id));
		for (const [id, row] of this.#rows) {
			if (ids.has(id)) continue;
			row.remove();
			this.#rows.delete(id);
		}
		for (const [token, index] of drawn) this.#drawRow(token, index);
		this.#events.onVisible(tokens.slice(from, to));
	}

	#drawRow(token: OverviewToken, index: number): void {
		const known = this.#rows.get(token.id);
		const row = known ?? emptyRow(token.id);
		const isSelected = token.id === this.#content?.selected;
		setAttributes(row, {
			"aria-rowindex": index + 2,
			"aria-selected": String(isSelected),
			tabindex: index === this.#current ? 0 : -1,
			"data-vscode-context": menuContext(token),
		});
		row.style.top = `${index * rowHeight}px`;
		fillRow(row, cellsOf(token, this.#content?.usageOf(token.id)));
		const menu = row.querySelector(menuButton);
		const label = l10n.t("Actions for {0}", token.name);
		if (menu !== null) setAttributes(menu, { "aria-label": label, tabindex: row.tabIndex });
		this.#rows.set(token.id, row);
		if (known === undefined) this.#space.append(row);
	}

	#view() {
		const { scrollTop, clientHeight } = this.#scroller;
		return { scrollTop, height: clientHeight, rowHeight };
	}

	#scrollTo(index: number): void {
		const top = scrollFor(index, this.#view());
		if (top !== undefined) this.#scroller.scrollTop = top;
	}

	#pressed(event: KeyboardEvent): void {
		const count = this.#content?.tokens.length ?? 0;
		const page = Math.max(1, Math.floor(this.#scroller.clientHeight / rowHeight) - 1);
		const to: Record<string, number> = {
			ArrowUp: this.#current - 1,
			ArrowDown: this.#current + 1,
			PageUp: this.#current - page,
			PageDown: this.#current + page,
			Home: 0,
			End: count - 1,
		};
		const index = to[event.key];
		const isOnMenu = event.target instanceof Element && event.target.closest(menuButton) !== null;
		if (index === undefined && (event.key !== "Enter" || isOnMenu)) return;
		event.preventDefault();
		if (index === undefined) this.#events.onEnter();
		else this.#moveTo(Math.max(0, Math.min(count - 1, index)));
	}

	#moveTo(index: number): void {
		const token = this.#content?.tokens[index];
		if (token === undefined) return;
		this.#current = index;
		this.#scrollTo(index);
		this.#events.onSelect(token.id);
		this.focusCurrent();
	}

	focusCurrent(): void {
		const token = this.#content?.tokens[this.#current];
		if (token !== undefined) this.#rows.get(token.id)?.focus({ preventScroll: true });
	}

	#clicked({ target }: MouseEvent): void {
		const menu = target instanceof Element ? target.closest(menuButton) : null;
		if (menu !== null) return openMenu(menu);
		const id = target instanceof Element ? target.closest("[data-id]")?.getAttribute("data-id") : undefined;
		const index = this.#content?.tokens.findIndex((token) => token.id === id) ?? -1;
		if (index >= 0) this.#moveTo(index);
	}
}

function columns(): { column?: SortColumn; words: string }[] {
	return [
		{ column: "name", words: l10n.t("Name") },
		{ column: "end", words: l10n.t("Time Left") },
		{ column: "lastUsed", words: l10n.t("Last Used") },
		{ column: "uses", words: l10n.t("Verifications") },
		{ words: l10n.t("Env Lines") },
	];
}

const menuButton = "button.menu";

/** What VS Code's menu `webview/context` reads: its entries by `webviewSection`, and the token for their commands. */
function menuContext({ id, can }: OverviewToken): string {
	const webviewSection = ["token", ...can].join(" ");
	return JSON.stringify({ webviewSection, id, preventDefaultContextMenuItems: true });
}

/** A row with nothing but the button that opens its menu, which stays as it is while the rest is drawn again. */
function emptyRow(id: string): HTMLElement {
	const dots = [2, 8, 14].map((cx) => svg("circle", { cx, cy: 8, r: 1.5 }));
	const drawing = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, ...dots);
	const title = l10n.t("More Actions…");
	const button = element(
		"button",
		{ type: "button", class: "menu", "aria-haspopup": "menu", title },
		drawing,
	);
	const cell = element("div", { role: "gridcell" }, button);
	return element("div", { class: "row", role: "row", "data-id": id }, cell);
}

function fillRow(row: HTMLElement, cells: readonly HTMLElement[]): void {
	for (const old of [...row.children].slice(0, -1)) old.remove();
	row.prepend(...cells);
}

/** Below the button, as VS Code does it: its menu opens for the event that a click with the right button causes. */
function openMenu(button: Element): void {
	const { left, bottom } = button.getBoundingClientRect();
	const place = { clientX: left, clientY: bottom };
	button.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true, ...place }));
}

function cellsOf(token: OverviewToken, usage: readonly UsageCount[] | undefined): HTMLElement[] {
	const { name, server, urgency, state, endWords, lastUsedWords, lines } = token;
	const place = server === "" ? [] : [element("span", { class: "server" }, server)];
	const cell = (title: string, ...children: (Node | string)[]) =>
		element("div", { role: "gridcell", title }, ...children);
	return [
		cell([name, server].filter(Boolean).join("\n"), inlineSign(urgency), element("span", {}, name), ...place),
		cell(`${state}\n${endWords}`, state),
		cell(lastUsedWords, lastUsedWords),
		cell(...usesOf(token, usage)),
		cell(lines.join("\n"), lines.join(", ")),
	];
}

/** A tooltip and the content of its cell. */
function usesOf(
	{ use, uses }: OverviewToken,
	usage: readonly UsageCount[] | undefined,
): [title: string, ...content: (Node | string)[]] {
	if (use === "unseen") return [l10n.t("Its use at its system is not known here."), "–"];
	const count = kept("count", (language) => new Intl.NumberFormat(language)).format(uses);
	const title = l10n.t("{0} in total; the chart shows the last 30 days", count);
	return [title, sparkline(usage), element("span", {}, count)];
}

/** The full text of the selected token's chart. */
function sparkline(usage: readonly UsageCount[] | undefined): SVGSVGElement {
	const drawing = svg("svg", { class: "spark", ...spark, "aria-hidden": "true" });
	const counts = fillDays(lastDays(Date.now()), usage ?? []);
	const path = (part: "accepted" | "refused") =>
		layOutBars(counts, spark)
			.bars.filter((bar) => bar[part].height > 0)
			.map(
				(bar) =>
					`M${bar.x.toFixed(1)} ${bar[part].y.toFixed(1)}h${bar.width.toFixed(1)}v${bar[part].height.toFixed(1)}h-${bar.width.toFixed(1)}z`,
			)
			.join("");
	drawing.append(svg("path", { class: "ground", d: `M0 ${spark.height - 0.5}h${spark.width}` }));
	drawing.append(svg("path", { class: "accepted", d: path("accepted") }));
	drawing.append(svg("path", { class: "refused", d: path("refused") }));
	return drawing;
}
