/** Lays out a token's verifications per day, as bars and as a sparkline. Days are UTC, as the daemon counts. Pure. */
import type { UsageCount } from "./overview-message.ts";

/** Number of days shown, including today. */
const shownDays = 30;

/** `YYYY-MM-DD`, oldest first. */
export function lastDays(now: number, count = shownDays): string[] {
	return Array.from({ length: count }, (_, index) =>
		new Date(now - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
	);
}

/** One count for each day, zero for days without data. */
export function fillDays(days: readonly string[], counts: readonly UsageCount[]): UsageCount[] {
	const known = new Map(counts.map((count) => [count.day, count]));
	return days.map((day) => known.get(day) ?? { day, accepted: 0, refused: 0 });
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is not less. */
export function roundUp(value: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
	return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value) ?? value;
}

export interface Bar {
	x: number;
	width: number;
	/** Refused verifications are stacked on accepted ones. */
	accepted: { y: number; height: number };
	refused: { y: number; height: number };
	count: UsageCount;
}

export interface Bars {
	/** The value at the top of the axis. */
	maximum: number;
	bars: Bar[];
}

export function layOutBars(counts: readonly UsageCount[], size: { width: number; height: number }): Bars {
	const maximum = roundUp(Math.max(1, ...counts.map(({ accepted, refused }) => accepted + refused)));
	const step = size.width / Math.max(1, counts.length);
	const tall = (value: number) => (value === 0 ? 0 : Math.max(1.5, (value / maximum) * size.height));
	const bars = counts.map((count, index) => {
		const [accepted, refused] = [tall(count.accepted), tall(count.refused)];
		return {
			x: index * step + step * 0.12,
			width: step * 0.76,
			accepted: { y: size.height - accepted, height: accepted },
			refused: { y: size.height - accepted - refused, height: refused },
			count,
		};
	});
	return { maximum, bars };
}
