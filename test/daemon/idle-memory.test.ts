import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { IdleMemory } from "../../daemon/idle-memory.ts";

describe("idle memory", () => {
	it("returns what a burst has made V8 take, once no more requests come", async () => {
		growYoungGeneration();
		const grown = youngBytes();
		const memory = new IdleMemory();
		memory.asked();
		const deadline = Date.now() + 10_000;
		while (youngBytes() > grown / 2) {
			assert(Date.now() < deadline, "The young generation did not shrink.");
			await delay(50);
		}
	});
});

/** It grows when much of it is still in use at a collection. */
function growYoungGeneration(): void {
	const kept: number[][] = [];
	while (kept.length < 10_000) kept.push(Array.from({ length: 1000 }, (_, index) => index));
}

function youngBytes(): number {
	return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
