/** Counts what a torture has tried, and what was wrong. */
export class Tally {
	readonly counts = new Map<string, number>();
	readonly faults = new Map<string, string[]>();

	count(what: string, times = 1): void {
		this.counts.set(what, (this.counts.get(what) ?? 0) + times);
	}

	/** @param where what a person needs to try it again. */
	fault(what: string, where: string): void {
		const places = this.faults.get(what) ?? [];
		this.faults.set(what, [...places, where]);
	}

	get report(): string {
		const counts = [...this.counts].map(([what, count]) => `${count} ${what}`);
		const faults = [...this.faults].map(
			([what, places]) => `${places.length} times ${what}: ${places.slice(0, 5).join("; ")}`,
		);
		return [counts.join(", "), ...(faults.length === 0 ? ["0 faults"] : faults)].join("\n");
	}
}
