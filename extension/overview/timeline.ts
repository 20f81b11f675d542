/**
 * Lays out the ends of tokens on a timeline: the nearer an end, the more space it gets, so that tomorrow and next year
 * fit on one line. Overlapping tokens are stacked, and a stack that would be too high becomes one mark. Pure.
 */
import type { Urgency } from "../tokens/time-left.ts";
import type { OverviewToken } from "./overview-message.ts";

const day = 86_400_000;

/** The width of a column of marks, and the height of one mark. */
export const pitch = 14;

/** Possible ticks in days from now, the most useful first. */
const tickDays = [0, 7, 30, 90, 365, 1, -7, -30, 180, 730, 1825, 3650];
/** Between two labels. */
const labelGap = 12;
/** How far labels may stand out at either end. */
const labelBleed = 8;

/** Tokens that ended earlier are placed here. */
const pastDays = 30;
const shortestFutureDays = 90;

export interface Mark {
	/** Stays the same as long as the mark represents the same tokens. */
	key: string;
	/** The x coordinate of its center. */
	x: number;
	y: number;
	/** For a group drawn as one bar: it extends from the bottom up to `y`. */
	ids: readonly string[];
	urgency: Urgency;
	column: number;
}

export interface Timeline {
	ticks: readonly Tick[];
	/** From left to right, and upwards within each column. */
	marks: readonly Mark[];
	/** The center of the column of tokens that never end, if there are any. */
	neverX: number | undefined;
	/** The center of its label. */
	neverLabelX: number;
	nowX: number;
}

interface Tick {
	x: number;
	/** The center of its label. */
	labelX: number;
	days: number;
}

/** In pixels. `never`: the label of tokens that never end. */
export type LabelWidth = (label: number | "never") => number;

type Ending = Pick<OverviewToken, "id" | "end" | "urgency">;

/** Tokens that have ended, or whose end is not known, have no place. */
const placeless: readonly Urgency[] = ["revoked", "in-doubt", "disabled", "rotated", "unknown"];

interface Size {
	/** In pixels, of the area for marks. */
	width: number;
	height: number;
	/** In milliseconds since the epoch. */
	now: number;
	labelWidth: LabelWidth;
}

export function layOutTimeline(
	tokens: readonly Ending[],
	{ width, height, now, labelWidth }: Size,
): Timeline {
	const shown = tokens.filter(({ urgency }) => !placeless.includes(urgency));
	const scale = scaleFor(shown, width, now);
	const columns = Map.groupBy(shown, ({ end }) => scale.columnOf(end));
	const marks = [...columns]
		.sort(([one], [other]) => one - other)
		.flatMap(([column, members]) => stack(column, members, height));
	const neverX = scale.never === undefined ? undefined : centerOf(scale.never);
	const neverHalf = neverX === undefined ? 0 : labelWidth("never") / 2;
	const neverLabelX = Math.min(neverX ?? Number.POSITIVE_INFINITY, width + labelBleed - neverHalf);
	return {
		ticks: chooseTicks(scale, { until: neverLabelX - neverHalf, labelWidth }),
		marks,
		neverX,
		neverLabelX,
		nowX: scale.now * pitch,
	};
}

/** How many marks the highest column stacks, so that no more height is used than needed. */
export function highestStack(
	tokens: readonly Ending[],
	{ width, now }: { width: number; now: number },
): number {
	const shown = tokens.filter(({ urgency }) => !placeless.includes(urgency));
	const scale = scaleFor(shown, width, now);
	const columns = Map.groupBy(shown, ({ end }) => scale.columnOf(end));
	return Math.max(0, ...Array.from(columns.values(), ({ length }) => length));
}

interface Scale {
	/** How many columns precede now: an expired token is never next to one that still works. */
	now: number;
	past: number;
	future: number;
	furthestDays: number;
	never: number | undefined;
	columnOf(end: number | null): number;
}

function scaleFor(tokens: readonly Ending[], width: number, now: number): Scale {
	const distances = tokens.flatMap(({ end }) => (end === null ? [] : [(end - now) / day]));
	const all = Math.max(6, Math.floor(width / pitch));
	const past = distances.some((days) => days <= 0) ? Math.max(2, Math.round(all * 0.2)) : 1;
	// One column stays empty before those that never end.
	const hasEndless = tokens.some(({ end }) => end === null);
	const future = Math.max(2, all - past - (hasEndless ? 3 : 0));
	const furthestDays = Math.max(shortestFutureDays, ...distances.map((days) => Math.min(days, 3650)));
	const never = hasEndless ? past + future + 1 : undefined;
	const columnOf = (end: number | null) => {
		if (end === null) return never ?? 0;
		const days = (end - now) / day;
		if (days <= 0) return past - 1 - Math.min(past - 1, Math.floor(share(-days, pastDays) * past));
		return past + Math.min(future - 1, Math.floor(share(days, furthestDays) * future));
	};
	return { now: past, past, future, furthestDays, never, columnOf };
}

/** The share of a side that this many days take, of the side's `most` days. */
function share(days: number, most: number): number {
	return Math.min(1, Math.log1p(days) / Math.log1p(most));
}

function centerOf(column: number): number {
	return (column + 0.5) * pitch;
}

function stack(column: number, members: readonly Ending[], height: number): Mark[] {
	const x = centerOf(column);
	const sorted = members.toSorted((one, other) => Number(one.end) - Number(other.end));
	const [first] = sorted;
	if (first === undefined) return [];
	if (sorted.length * pitch > height)
		return [
			{ key: `group ${column}`, x, y: 0, ids: sorted.map(({ id }) => id), urgency: first.urgency, column },
		];
	return sorted.map(({ id, urgency }, row) => ({
		key: id,
		x,
		y: height - (row + 0.5) * pitch,
		ids: [id],
		urgency,
		column,
	}));
}

/** `until`: where the next label begins, or the room ends. */
function chooseTicks(scale: Scale, { until, labelWidth }: { until: number; labelWidth: LabelWidth }): Tick[] {
	const chosen: Tick[] = [];
	for (const days of tickDays) {
		if (days > scale.furthestDays || (days < 0 && scale.past < 3)) continue;
		const part =
			days < 0 ? -share(-days, pastDays) * scale.past : share(days, scale.furthestDays) * scale.future;
		const x = (scale.now + part) * pitch;
		const half = labelWidth(days) / 2;
		const labelX = Math.max(x, half - labelBleed);
		const isFree = chosen.every(
			(other) => Math.abs(other.labelX - labelX) >= labelWidth(other.days) / 2 + half + labelGap,
		);
		if (isFree && labelX + half + labelGap <= until) chosen.push({ x, labelX, days });
	}
	return chosen.sort((one, other) => one.x - other.x);
}

/** The groups whose size fits above them without overlapping the previous one. */
export function sizedGroups(marks: readonly Mark[]): Set<string> {
	const chosen = new Set<string>();
	let free = Number.NEGATIVE_INFINITY;
	for (const { key, x, ids } of marks) {
		const half = (String(ids.length).length * 6 + 4) / 2;
		if (ids.length < 2 || x - half < free) continue;
		chosen.add(key);
		free = x + half;
	}
	return chosen;
}

/** The mark that an arrow key leads to; undefined: none in that direction. */
export function neighbour(marks: readonly Mark[], from: Mark, key: string): Mark | undefined {
	if (key === "Home") return marks[0];
	if (key === "End") return marks.at(-1);
	if (key === "ArrowUp" || key === "ArrowDown") {
		const next = marks[marks.indexOf(from) + (key === "ArrowUp" ? 1 : -1)];
		return next?.column === from.column ? next : undefined;
	}
	const beyond =
		key === "ArrowRight"
			? marks.find(({ column }) => column > from.column)
			: marks.findLast(({ column }) => column < from.column);
	const beside = marks.filter(({ column }) => column === beyond?.column);
	return beside.toSorted((one, other) => Math.abs(one.y - from.y) - Math.abs(other.y - from.y))[0];
}
