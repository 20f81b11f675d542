/** A token's verifications day by day, as bars and as a sparkline. Days are UTC, as the daemon counts. Pure. */
import type { UsageCount } from "./overview-message.ts";

/** How many days are shown, today among them. */
const shownDays = 30;

/** `YYYY-MM-DD`, oldest first. */
export function lastDays(now: number, count = shownDays): string[] {
	return Array.from({ length: count }, (_, index) =>
		new Date(now - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
	);
}

/** One for each of the days, also for those of which nothing is known. */
export function fillDays(days: readonly string[], counts: readonly UsageCount[]): UsageCount[] {
	const known = new Map(counts.map((count) => [count.day, count]));
	return days.map((day) => known.get(day) ?? { day, accepted: 0, refused: 0 });
}

/** The least of 1, 2, 5, 10, 20, 50 … that is no less. */
export function roundUp(value: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
	return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value) ?? value;
}

export interface Bar {
	x: number;
	width: number;
	/** What was refused stands on top of what was accepted. */
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
