/**
 * Draws a token's verifications per day as bars that can be traversed with arrow keys, and shows the same data as a
 * table.
 */
import * as l10n from "@vscode/l10n";
import { kept } from "../../language.ts";
import type { OverviewToken, UsageCount } from "../overview-message.ts";
import { type Bar, type Bars, fillDays, lastDays, layOutBars } from "../usage-bars.ts";
import { element, setAttributes, svg } from "./dom.ts";

const plotHeight = 96;
const room = { left: 34, right: 6, top: 8, bottom: 20 };

export class UsageView {
	readonly root = element("section", { class: "usage", "aria-labelledby": "usage-title" });
	readonly #drawing = svg("svg", { role: "group", height: room.top + plotHeight + room.bottom });
	readonly #sum = element("p", { class: "sum" });
	readonly #table = element("tbody");
	readonly #days = this.#asTable();
	#counts: readonly UsageCount[] | undefined;
	#use: OverviewToken["use"] = "seen";
	#bars: SVGGElement[] = [];
	#current = -1;

	constructor() {
		const title = element("h2", { id: "usage-title" }, l10n.t("Verifications per Day"));
		this.root.append(title, this.#sum, this.#drawing, this.#days);
		this.#drawing.addEventListener("keydown", (event) => this.#pressed(event));
		new ResizeObserver(() => this.#draw()).observe(this.root);
	}

	/** Without counts: they have not arrived yet. */
	show(counts: readonly UsageCount[] | undefined, use: OverviewToken["use"] = "seen"): void {
		this.#counts = counts;
		this.#use = use;
		this.#drawing.toggleAttribute("hidden", use === "unseen");
		this.#days.hidden = use === "unseen";
		this.#draw();
	}

	#draw(): void {
		const width = this.root.clientWidth;
		if (width <= 0) return;
		const counts = fillDays(lastDays(Date.now()), this.#counts ?? []);
		const plot = { width: width - room.left - room.right, height: plotHeight };
		const layout = layOutBars(counts, plot);
		const hadFocus = this.#drawing.contains(document.activeElement);
		this.#bars = layout.bars.map(barNode);
		const label = l10n.t(
			"Verifications per day for the last 30 days. Use the arrow keys to move between days.",
		);
		setAttributes(this.#drawing, { width, "aria-label": label });
		const origin = svg("g", { transform: `translate(${room.left} ${room.top})` }, axisOf(layout, plot.width));
		origin.append(...this.#bars);
		this.#drawing.replaceChildren(origin);
		this.#moveTo(this.#current < 0 ? counts.length - 1 : this.#current, hadFocus);
		this.#table.replaceChildren(...counts.toReversed().map(tableRow));
		this.#sum.textContent = this.#sumInWords(counts);
	}

	#sumInWords(counts: readonly UsageCount[]): string {
		if (this.#use === "unseen") return l10n.t("Its use at its system is not known here.");
		return this.#counts === undefined ? l10n.t("Loading…") : sumInWords(counts);
	}

	#moveTo(index: number, withFocus: boolean): void {
		this.#current = Math.max(0, Math.min(this.#bars.length - 1, index));
		for (const [at, bar] of this.#bars.entries())
			bar.setAttribute("tabindex", at === this.#current ? "0" : "-1");
		if (withFocus) this.#bars[this.#current]?.focus();
	}

	#pressed(event: KeyboardEvent): void {
		const to: Record<string, number> = {
			ArrowLeft: this.#current - 1,
			ArrowRight: this.#current + 1,
			Home: 0,
			End: this.#bars.length - 1,
		};
		const index = to[event.key];
		if (index === undefined) return;
		event.preventDefault();
		this.#moveTo(index, true);
	}

	#asTable(): HTMLDetailsElement {
		const heads = [l10n.t("Day (UTC)"), l10n.t("Accepted"), l10n.t("Refused")];
		const head = element("tr", {}, ...heads.map((words) => element("th", { scope: "col" }, words)));
		const table = element("table", {}, element("thead", {}, head), this.#table);
		return element("details", {}, element("summary", {}, l10n.t("Show as table")), table);
	}
}

function barNode({ x, width, accepted, refused, count }: Bar): SVGGElement {
	const label = l10n.t("{0}: {1} accepted, {2} refused", dayWords(count.day), count.accepted, count.refused);
	const node = svg("g", { class: "bar", role: "img", tabindex: -1, "aria-label": label });
	node.append(
		svg("title", {}, label),
		svg("rect", { class: "target", x: x - 1, width: width + 2, y: 0, height: plotHeight }),
		svg("rect", { class: "accepted", x, width, ...accepted }),
		svg("rect", { class: "refused", x, width, ...refused }),
	);
	return node;
}

function axisOf({ maximum, bars }: Bars, width: number): SVGGElement {
	const axis = svg("g", { class: "axis", "aria-hidden": "true" });
	for (const [value, y] of [[maximum, 0] as const, [0, plotHeight] as const]) {
		const words = kept("compact", (language) => new Intl.NumberFormat(language, { notation: "compact" }));
		axis.append(svg("line", { x1: 0, x2: width, y1: y, y2: y }));
		axis.append(svg("text", { class: "value", x: -6, y: y + 4 }, words.format(value)));
	}
	for (const [index, bar] of bars.entries()) {
		// A label below the first bar would touch the axis's.
		if (index === 0 || (bars.length - 1 - index) % 7 !== 1) continue;
		axis.append(svg("text", { x: bar.x + bar.width / 2, y: plotHeight + 16 }, dayWords(bar.count.day)));
	}
	return axis;
}

function tableRow({ day, accepted, refused }: UsageCount): HTMLTableRowElement {
	const head = element("th", { scope: "row" }, dayWords(day));
	return element("tr", {}, head, element("td", {}, String(accepted)), element("td", {}, String(refused)));
}

function sumInWords(counts: readonly UsageCount[]): string {
	const sum = (pick: (count: UsageCount) => number) => counts.reduce((all, count) => all + pick(count), 0);
	const [accepted, refused] = [sum((count) => count.accepted), sum((count) => count.refused)];
	if (accepted + refused === 0) return l10n.t("Not used in the last 30 days.");
	return l10n.t("In the last 30 days: {0} accepted, {1} refused.", accepted, refused);
}

function dayWords(day: string): string {
	const style = { day: "numeric", month: "short", timeZone: "UTC" } as const;
	return kept("day", (language) => new Intl.DateTimeFormat(language, style)).format(new Date(day));
}
