/** Draws the timeline of expiries. Arrow keys move from mark to mark, and each mark has a label. */
import * as l10n from "@vscode/l10n";
import { amountInWords, distanceInWords } from "../../language.ts";
import type { OverviewToken } from "../overview-message.ts";
import {
	highestStack,
	type LabelWidth,
	layOutTimeline,
	type Mark,
	neighbour,
	pitch,
	sizedGroups,
	type Timeline,
} from "../timeline.ts";
import { element, setAttributes, svg } from "./dom.ts";
import { inlineSign, legend, signOf } from "./signs.ts";

/** The maximum number of stacked marks, and the number that always has space. */
const rows = { most: 8, least: 3 };
const above = 16;
const axisHeight = 26;
const margin = 8;
/** Same value as in overview.css. */
const labelSize = 11;

interface Events {
	/** One token, or all tokens of a group. */
	onChoose(ids: readonly string[]): void;
}

/** What all marks of one drawing share. */
interface Drawing {
	names: ReadonlyMap<string, OverviewToken>;
	height: number;
	/** The groups with their size above them. */
	sized: ReadonlySet<string>;
}

export class TimelineView {
	readonly root = element("section", { class: "timeline", "aria-labelledby": "timeline-title" });
	readonly #events: Events;
	readonly #drawing = svg("svg", { role: "group" });
	#tokens: readonly OverviewToken[] = [];
	#selected: string | undefined;
	#timeline: Timeline | undefined;
	/** The mark that Tab reaches. */
	#current: string | undefined;
	#nodes = new Map<string, SVGGElement>();

	constructor(events: Events) {
		this.#events = events;
		const title = element("h2", { id: "timeline-title" }, l10n.t("Token Expiry"));
		this.root.append(title, this.#drawing, legendList());
		this.#drawing.addEventListener("keydown", (event) => this.#pressed(event));
		this.#drawing.addEventListener("click", (event) => this.#clicked(event));
		new ResizeObserver(() => this.#draw()).observe(this.root);
	}

	show(tokens: readonly OverviewToken[], selected: string | undefined): void {
		if (selected !== undefined && selected !== this.#selected) this.#current = this.#markOf(selected)?.key;
		this.#tokens = tokens;
		this.#selected = selected;
		this.#draw();
	}

	#draw(): void {
		const width = this.root.clientWidth - 2 * margin;
		if (width <= 0) return;
		const now = Date.now();
		const stacked = highestStack(this.#tokens, { width, now });
		const height = pitch * Math.max(rows.least, Math.min(rows.most, stacked));
		const timeline = layOutTimeline(this.#tokens, { width, height, now, labelWidth: labelWidth() });
		this.#timeline = timeline;
		const hadFocus = this.#drawing.contains(document.activeElement);
		const sized = sizedGroups(timeline.marks);
		const names = new Map(this.#tokens.map((token) => [token.id, token]));
		this.#nodes = new Map(
			timeline.marks.map((mark) => [mark.key, this.#nodeFor(mark, { names, height, sized })]),
		);
		const label = l10n.t(
			"Timeline of token expiry. Use the arrow keys to move between marks and Enter to select one.",
		);
		setAttributes(this.#drawing, {
			...{ width: width + 2 * margin, height: above + height + axisHeight },
			"aria-label": label,
		});
		const origin = svg(
			"g",
			{ transform: `translate(${margin} ${above})` },
			axisOf(timeline, { width, height }),
		);
		origin.append(...this.#nodes.values());
		this.#drawing.replaceChildren(origin);
		this.#moveTo(this.#currentMark(), hadFocus);
	}

	#nodeFor(mark: Mark, { names, height, sized }: Drawing): SVGGElement {
		const label = labelOf(mark, names);
		const isSelected = this.#selected !== undefined && mark.ids.includes(this.#selected);
		const attributes = {
			class: "mark",
			"data-key": mark.key,
			role: "button",
			tabindex: -1,
			"aria-label": label,
		};
		const node = svg("g", { ...attributes, "aria-pressed": String(isSelected) });
		const isGroup = mark.ids.length > 1;
		const place = svg("g", { transform: `translate(${mark.x} ${isGroup ? 0 : mark.y})` });
		node.append(svg("title", {}, label), place);
		if (isGroup) place.append(...groupParts(mark, height, sized.has(mark.key) ? "sized" : "bare"));
		else {
			const target = { class: "target", x: -pitch / 2, y: -pitch / 2, width: pitch, height: pitch, rx: 3 };
			place.append(svg("rect", target), signOf(mark.urgency));
		}
		return node;
	}

	#currentMark(): Mark | undefined {
		const { marks = [] } = this.#timeline ?? {};
		return marks.find(({ key }) => key === this.#current) ?? this.#markOf(this.#selected) ?? marks[0];
	}

	#markOf(id: string | undefined): Mark | undefined {
		return id === undefined ? undefined : this.#timeline?.marks.find(({ ids }) => ids.includes(id));
	}

	#moveTo(mark: Mark | undefined, withFocus: boolean): void {
		if (mark === undefined) return;
		for (const [key, node] of this.#nodes) node.setAttribute("tabindex", key === mark.key ? "0" : "-1");
		this.#current = mark.key;
		if (withFocus) this.#nodes.get(mark.key)?.focus();
	}

	#pressed(event: KeyboardEvent): void {
		const current = this.#currentMark();
		if (current === undefined) return;
		if (event.key === "Enter" || event.key === " ") this.#events.onChoose(current.ids);
		else if (/^(Arrow|Home|End)/.test(event.key))
			this.#moveTo(neighbour(this.#timeline?.marks ?? [], current, event.key), true);
		else return;
		event.preventDefault();
	}

	#clicked({ target }: MouseEvent): void {
		const node = target instanceof Element ? target.closest("[data-key]") : null;
		const mark = this.#timeline?.marks.find(({ key }) => key === node?.getAttribute("data-key"));
		if (mark === undefined) return;
		this.#moveTo(mark, true);
		this.#events.onChoose(mark.ids);
	}
}

function groupParts({ ids, urgency }: Mark, height: number, kind: "sized" | "bare"): SVGElement[] {
	const target = {
		class: "target",
		x: -pitch / 2,
		y: -above,
		width: pitch,
		height: height + above,
		rx: 3,
	};
	const bar = { class: `group ${urgency}`, x: -5, y: 0, width: 10, height: height, rx: 2 };
	const size = svg("text", { class: "count", y: -4 }, String(ids.length));
	return [svg("rect", target), svg("rect", bar), ...(kind === "sized" ? [size] : [])];
}

function labelOf({ ids }: Mark, tokens: ReadonlyMap<string, OverviewToken>): string {
	const members = ids.flatMap((id) => tokens.get(id) ?? []);
	const [first, last] = [members[0], members.at(-1)];
	if (first === undefined || last === undefined) return "";
	if (members.length === 1) return l10n.t("{0}, {1}", first.name, first.state);
	if (first.end === null) return l10n.t("{0} tokens that never expire", members.length);
	return l10n.t("{0} tokens that expire between {1} and {2}", members.length, first.endWords, last.endWords);
}

function axisOf(
	{ ticks, nowX, neverX, neverLabelX }: Timeline,
	{ width, height }: { width: number; height: number },
): SVGGElement {
	const axis = svg("g", { class: "axis", "aria-hidden": "true" });
	const lineEnd = neverX === undefined ? width : neverX - 1.5 * pitch;
	axis.append(svg("line", { x1: 0, x2: lineEnd, y1: height + 2, y2: height + 2 }));
	for (const { x, labelX, days } of ticks) {
		const kind = days === 0 ? "now" : "tick";
		const top = days === 0 ? -above : height + 2;
		axis.append(svg("line", { class: kind, x1: x, x2: x, y1: top, y2: height + 7 }));
		axis.append(svg("text", { class: kind, x: labelX, y: height + 20 }, tickWords(days)));
	}
	if (ticks.length === 0) axis.append(svg("line", { class: "now", x1: nowX, x2: nowX, y1: 0, y2: height }));
	if (neverX !== undefined) {
		const label = svg("text", { x: neverLabelX, y: height + 20 }, neverWords());
		axis.append(svg("line", { x1: neverX - pitch, x2: width, y1: height + 2, y2: height + 2 }), label);
	}
	return axis;
}

/** As this page draws them: in other languages and fonts, labels have other widths. */
function labelWidth(): LabelWidth {
	const drawing = document.createElement("canvas").getContext("2d");
	if (drawing === null) return () => 64;
	drawing.font = `${labelSize}px ${getComputedStyle(document.body).fontFamily}`;
	return (label) => drawing.measureText(label === "never" ? neverWords() : tickWords(label)).width;
}

function neverWords(): string {
	return l10n.t("never");
}

function tickWords(days: number): string {
	if (days === 0) return l10n.t("now");
	if (days < 0) return distanceInWords(days, "day");
	return days >= 365 ? amountInWords(days / 365, "year") : amountInWords(days, "day");
}

function legendList(): HTMLUListElement {
	const entries = legend().map(([urgency, words]) => element("li", {}, inlineSign(urgency), words));
	return element("ul", { class: "legend" }, ...entries);
}
