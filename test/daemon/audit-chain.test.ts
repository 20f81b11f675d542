/** The check of the audit's chain, over events that were changed by someone who can compute their hashes too. */
import assert from "node:assert/strict";
import type { AuditEvent } from "../../daemon/contract.ts";
import { checkChain, hashOfEvent } from "../../daemon/rules/audit.ts";
import type { ChainEnd } from "../../daemon/store/store.ts";

const start: ChainEnd = { sequence: 4, hash: "the last event that was purged" };
const names = ["one", "two", "three"] as const;
const actor = { userId: "owner", userName: "ada" };

/** Sound by themselves, whatever their numbers are. */
function chained(events: readonly (readonly [sequence: number, tokenId: string])[]): AuditEvent[] {
	let previousHash = start.hash;
	return events.map(([sequence, tokenId]) => {
		const date = "2026-03-10T12:00:00.000Z";
		const event = {
			sequence,
			date,
			actor,
			action: "revoke",
			tokenId,
			before: {},
			after: {},
			previousHash,
		} as const;
		previousHash = hashOfEvent(event);
		return { ...event, hash: previousHash };
	});
}

const numbered = (tokenIds: readonly string[]) =>
	tokenIds.map((tokenId, index) => [start.sequence + 1 + index, tokenId] as const);
const written = chained(numbered(names));
const last = written.at(-1) as AuditEvent;

describe("the check of the audit", () => {
	function check(events: readonly AuditEvent[], head: ChainEnd = last) {
		return checkChain({
			chainEnds: async () => ({ tail: start, head: { sequence: head.sequence, hash: head.hash } }),
			async *allEvents() {
				yield* events;
			},
		});
	}

	it("finds a whole chain whole, from the last event that was purged on", async () => {
		assert.deepEqual(await check(written), { intact: true, checked: 3, brokenAt: null });
		assert.deepEqual(await check([], start), { intact: true, checked: 0, brokenAt: null });
	});

	it("leaves out events that were written since it began", async () => {
		const longer = chained(numbered([...names, "later"]));
		assert.deepEqual(await check(longer), { intact: true, checked: 3, brokenAt: null });
	});

	const broken: [what: string, events: AuditEvent[], checked: number, brokenAt: number][] = [
		["the last event was replaced", chained(numbered(["one", "two", "other"])), 3, 8],
		["the last event was removed", written.slice(0, -1), 2, 7],
		["all events were removed", [], 0, 5],
		["the first event was removed", written.slice(1), 0, 5],
		[
			"one was removed, and the others chained again",
			chained([
				[5, "one"],
				[7, "three"],
			]),
			1,
			6,
		],
		["one was removed, and the others numbered again", chained(numbered(["one", "three"])), 2, 7],
		["one was told twice", [...written.slice(0, 2), ...written.slice(1)], 2, 7],
		[
			"one was changed",
			written.map((event, at) => (at === 1 ? { ...event, tokenId: "other" } : event)),
			1,
			6,
		],
		[
			"one follows another one",
			chained(numbered(["other", "two", "three"])).with(0, written[0] as AuditEvent),
			1,
			6,
		],
	];
	for (const [what, events, checked, brokenAt] of broken)
		it(`says where it is broken if ${what}`, async () =>
			assert.deepEqual(await check(events), { intact: false, checked, brokenAt }));
});
