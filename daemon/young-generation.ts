/**
 * Bounds V8's young generation, which otherwise grows to 128 MB under load on a large machine: a daemon needs its memory
 * for tokens, and a small one is quicker through the cache. The maximum can't be set in a running process; its growth can.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const largestBytes = 16 << 20;

export function boundYoungGeneration(): void {
	let growthFactor = 2;
	const observer = new PerformanceObserver(() => {
		const next = youngBytes() >= largestBytes ? 1 : 2;
		if (next === growthFactor) return;
		growthFactor = next;
		setFlagsFromString(`--semi-space-growth-factor=${growthFactor}`);
	});
	observer.observe({ entryTypes: ["gc"] });
}

function youngBytes(): number {
	return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
