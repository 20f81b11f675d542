import assert from "node:assert/strict";
import type { AuditEvent, AuditList } from "../../daemon/contract.ts";
import { daysOf, timeOfDay } from "../../extension/activity/activity-days.ts";
import { ActivityFeed } from "../../extension/activity/activity-feed.ts";
import { anEvent } from "./an-event.ts";

const now = Date.parse("2026-03-30T09:00:00.000Z");

describe("the days of activity", () => {
	const days = (dates: string[], zone: string) =>
		daysOf(
			dates.map((date, index) => anEvent({ date, sequence: dates.length - index })),
			now,
			zone,
		).map(({ label, events }) => `${label}: ${events.length}`);

	it("are today, yesterday and dates, the newest first", () => {
		const dates = [
			"2026-03-30T08:00:00Z",
			"2026-03-30T00:00:00Z",
			"2026-03-29T23:59:59Z",
			"2025-12-31T12:00:00Z",
		];
		assert.deepEqual(days(dates, "UTC"), ["Today: 2", "Yesterday: 1", "Wednesday, 31 December 2025: 1"]);
	});

	it("are those of the user's time zone", () => {
		assert.deepEqual(days(["2026-03-29T22:30:00Z"], "Europe/Berlin"), ["Today: 1"]);
		assert.deepEqual(days(["2026-03-29T22:30:00Z"], "America/New_York"), ["Yesterday: 1"]);
	});

	it("are calendar days, also the one that has 23 hours", () => {
		assert.deepEqual(days(["2026-03-28T23:30:00Z"], "Europe/Berlin"), ["Yesterday: 1"]);
	});

	it("show the time of an event", () => {
		assert.equal(timeOfDay("2026-03-30T08:05:00Z", "Europe/Berlin"), "10:05");
	});
});

/** The pages of the daemon over events 1 to `count`, as of each request. */
class Pages {
	count: number;
	asked: unknown[] = [];

	constructor(count: number) {
		this.count = count;
	}

	async auditEvents(query: { limit: number; cursor?: string; tokenId?: string }): Promise<AuditList> {
		this.asked.push(query);
		const from = query.cursor === undefined ? this.count : Number(query.cursor);
		const down = Math.max(0, from - query.limit);
		const events = Array.from({ length: from - down }, (_, index) => anEvent({ sequence: from - index }));
		return { events, nextCursor: down === 0 ? null : String(down) };
	}
}

describe("the feed of activity", () => {
	const sequences = (feed: ActivityFeed) => feed.events.map(({ sequence }) => sequence);
	const range = (from: number, to: number) =>
		Array.from({ length: from - to + 1 }, (_, index) => from - index);

	it("loads older events page by page until there are no more", async () => {
		const feed = new ActivityFeed(async () => new Pages(250));
		await feed.begin(undefined);
		assert.deepEqual(sequences(feed), range(250, 151));
		await feed.more();
		assert.deepEqual([sequences(feed).length, feed.hasMore], [200, true]);
		await feed.more();
		assert.deepEqual([sequences(feed), feed.hasMore], [range(250, 1), false]);
		await feed.more();
		assert.equal(feed.events.length, 250);
	});

	it("adds live events once and in order", async () => {
		const feed = new ActivityFeed(async () => new Pages(3));
		await feed.begin(undefined);
		for (const sequence of [5, 4, 5]) feed.add(anEvent({ sequence }));
		assert.deepEqual(sequences(feed), [5, 4, 3, 2, 1]);
	});

	it("starts again without a gap after a lost connection, and keeps live events that arrive in the meantime", async () => {
		const pages = new Pages(2);
		const feed = new ActivityFeed(async () => pages);
		await feed.begin(undefined);
		pages.count = 300;
		const beginning = feed.begin(undefined);
		feed.add(anEvent({ sequence: 301 }));
		await beginning;
		assert.deepEqual(sequences(feed), range(301, 201));
		assert.ok(feed.hasMore);
	});

	it("keeps what arrives in the meantime from an authority whose clock is behind", async () => {
		const feed = new ActivityFeed(async () => new Pages(1));
		const beginning = feed.begin(undefined);
		feed.add(anEvent({ sequence: 2, date: "2020-01-01T00:00:00.000Z" }));
		await beginning;
		assert.deepEqual(sequences(feed), [1, 2]);
	});

	it("shows the events of one token on request", async () => {
		const pages = new Pages(1);
		const feed = new ActivityFeed(async () => pages);
		await feed.begin("1");
		feed.add(anEvent({ sequence: 2, tokenId: "2" }));
		feed.add(anEvent({ sequence: 3, tokenId: "1" }));
		assert.deepEqual(sequences(feed), [3, 1]);
		assert.deepEqual(pages.asked, [{ limit: 100, tokenId: "1" }]);
	});

	it("uses the last start, whichever page arrives first", async () => {
		const late = Promise.withResolvers<AuditList>();
		const pages: (() => Promise<AuditList>)[] = [
			() => late.promise,
			async () => ({ events: [anEvent({ sequence: 7 })], nextCursor: null }),
		];
		const auditEvents = () => pages.shift()?.() ?? Promise.reject(new Error("asked too often"));
		const feed = new ActivityFeed(async () => ({ auditEvents }));
		const first = feed.begin("slow");
		await feed.begin("quick");
		late.resolve({ events: [anEvent({ sequence: 9 }) satisfies AuditEvent], nextCursor: null });
		await first;
		assert.deepEqual([sequences(feed), feed.tokenId], [[7], "quick"]);
	});
});
