/** What the replicas of a shared server are made of and needs no database: who has read what, and whose time counts. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import { Acknowledgements, atMost } from "../../daemon/store/postgres/acknowledgements.ts";
import { ChangesSince } from "../../daemon/store/postgres/changes-since.ts";
import { committedFrom, partsOf, textsOf } from "../../daemon/store/postgres/committed-text.ts";
import { DatabaseClock } from "../../daemon/store/postgres/database-clock.ts";
import { Lease } from "../../daemon/store/postgres/lease.ts";
import { ExpectedEnd } from "../../daemon/store/postgres/turn.ts";
import type { Committed, Position } from "../../daemon/store/store.ts";

/** Whether it has resolved, once all that is due has run. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
	let done = false;
	void promise.then(() => {
		done = true;
	});
	await new Promise(setImmediate);
	return done;
}

describe("a change that waits for another replica", () => {
	const other = { id: "other", remaining: 1000 };
	let acknowledgements: Acknowledgements;
	beforeEach(() => {
		mock.timers.enable({ apis: ["setTimeout"] });
		acknowledgements = new Acknowledgements();
	});
	afterEach(() => mock.timers.reset());

	it("waits until that one has read it, or a later one", async () => {
		const waiting = [5, 6].map((number) => acknowledgements.wait(other, number));
		acknowledgements.hear("other 4");
		acknowledgements.hear("third 9");
		assert.deepEqual(await Promise.all(waiting.map(isDone)), [false, false]);
		acknowledgements.hear("other 5");
		assert.deepEqual(await Promise.all(waiting.map(isDone)), [true, false]);
		acknowledgements.hear("other 7");
		assert.equal(await isDone(waiting[1] as Promise<void>), true);
	});

	it("does not wait for what was read before, whatever is heard late", async () => {
		acknowledgements.hear("other 7");
		acknowledgements.hear("other 3");
		assert.equal(await isDone(acknowledgements.wait(other, 7)), true);
		assert.equal(await isDone(acknowledgements.wait(other, 8)), false);
	});

	it("waits no longer than that one's lease, and as long", async () => {
		const waiting = acknowledgements.wait(other, 5);
		mock.timers.tick(1000);
		assert.equal(await isDone(waiting), false);
		mock.timers.tick(1);
		assert.equal(await isDone(waiting), true);
		const over = acknowledgements.wait({ ...other, remaining: -500 }, 5);
		mock.timers.tick(1);
		assert.equal(await isDone(over), true);
	});

	it("is settled by work that succeeds, and else by the time alone", async () => {
		assert.equal(await isDone(atMost(1000, Promise.resolve())), true);
		const failed = atMost(1000, Promise.reject(new Error("The connection is lost.")));
		const endless = atMost(1000, new Promise(() => {}));
		mock.timers.tick(999);
		assert.deepEqual([await isDone(failed), await isDone(endless)], [false, false]);
		mock.timers.tick(1);
		assert.deepEqual([await isDone(failed), await isDone(endless)], [true, true]);
	});
});

describe("a lease", () => {
	const wall = Date.parse("2026-11-30T12:00:00.000Z");
	/** Longer than any test takes, so that only what is asked counts. */
	const milliseconds = 1_000_000;
	let lease: Lease;
	/** As many milliseconds ago, by each clock. */
	const renewedBefore = (steady: number, byWall = steady) => {
		lease = new Lease(milliseconds);
		lease.renew({ steady: performance.now() - steady, wall: wall - byWall });
	};
	beforeEach(() => mock.timers.enable({ apis: ["Date"], now: wall }));
	afterEach(() => mock.timers.reset());

	it("is none before it is renewed, and once it is ended", () => {
		lease = new Lease(milliseconds);
		assert.deepEqual([lease.isCurrent(), lease.isOver(milliseconds)], [false, true]);
		renewedBefore(0);
		assert.deepEqual([lease.isCurrent(), lease.isOver(0)], [true, false]);
		lease.end();
		assert.deepEqual([lease.isCurrent(), lease.isOver(milliseconds)], [false, true]);
	});

	it("lasts for nineteen of twenty parts of what the database knows", () => {
		renewedBefore(0, 949_999);
		assert.equal(lease.isCurrent(), true);
		renewedBefore(0, 950_000);
		assert.equal(lease.isCurrent(), false);
		renewedBefore(940_000, 0);
		assert.equal(lease.isCurrent(), true);
		renewedBefore(950_000, 0);
		assert.equal(lease.isCurrent(), false, "whatever the machine's time says");
	});

	it("is over for longer than a time by either clock", () => {
		renewedBefore(0, 955_000);
		assert.deepEqual([lease.isOver(5000), lease.isOver(5001)], [true, false]);
		renewedBefore(955_000, 0);
		assert.deepEqual([lease.isOver(5000), lease.isOver(60_000)], [true, false]);
	});

	it("tells how old is what it stands for, and never less than nothing", () => {
		const before = performance.now();
		renewedBefore(5000);
		const { age } = lease;
		assert.ok(age >= 5000 && age <= 5000 + performance.now() - before, `${age}`);
		renewedBefore(-60_000);
		assert.equal(lease.age, 0);
	});

	it("begins by the clocks of this machine", () => {
		const before = performance.now();
		const now = Lease.now();
		assert.ok(now.steady >= before && now.steady <= performance.now());
		assert.equal(now.wall, wall);
	});
});

describe("what a replica expects the end of the audit to be", () => {
	const end = (sequence: number, hash = `hash of ${sequence}`) => ({ sequence, hash });

	it("is nothing before a change, then the end of the newest one, whichever is told last", () => {
		const expected = new ExpectedEnd();
		assert.equal(expected.guess, undefined);
		for (const sequence of [5, 4]) expected.follow(end(sequence));
		assert.deepEqual(expected.guess, end(5));
		expected.follow(end(6));
		assert.deepEqual(expected.guess, end(6));
	});

	it("is nothing while others change the audit, until it would have been right again", () => {
		const expected = new ExpectedEnd();
		expected.follow(end(5));
		expected.compare(end(7));
		assert.equal(expected.guess, undefined);
		expected.compare(end(7));
		assert.deepEqual(expected.guess, end(7));
		expected.compare(end(0, ""));
		expected.compare(end(0, ""));
		assert.equal(expected.guess, undefined, "an audit without events");
	});
});

describe("the database's time", () => {
	function assertNow(clock: DatabaseClock, database: number, steady: number): void {
		const before = performance.now();
		const now = clock.now();
		const after = performance.now();
		assert.ok(now >= database + before - steady - 1 && now <= database + after - steady + 1, `${now}`);
	}

	it("is this machine's until it is read, and goes on by the steady clock", () => {
		const clock = new DatabaseClock();
		assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
		const steady = Math.floor(performance.now());
		clock.set(5_000_000, steady, steady);
		assertNow(clock, 5_000_000, steady);
	});

	it("is taken for that of the middle of the way, and only where it differs by more than half of the way", () => {
		const clock = new DatabaseClock();
		const steady = Math.floor(performance.now());
		clock.set(5_000_000, steady - 50, steady + 50);
		assertNow(clock, 5_000_000, steady);
		for (const within of [50, -50]) clock.set(5_000_000 + within, steady - 50, steady + 50);
		assertNow(clock, 5_000_000, steady);
		clock.set(5_000_060, steady - 50, steady + 50);
		assertNow(clock, 5_000_060, steady);
	});
});

const nothing: Committed = { tokens: [], events: [], settings: new Map() };
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `${index}` })) as never[];

describe("a change as others read it", () => {
	it("has parts of up to 500 tokens or events, and its settings in the first", () => {
		const lengths = (committed: Committed) =>
			partsOf([committed]).map(({ tokens, events, settings }) => [
				tokens.length,
				events.length,
				settings.size,
			]);
		const settings = new Map([["policy", {}]]);
		assert.deepEqual(lengths({ ...nothing, settings }), [[0, 0, 1]]);
		assert.deepEqual(lengths({ ...nothing, tokens: many(500) }), [[500, 0, 0]]);
		assert.deepEqual(lengths({ tokens: many(501), events: many(1001), settings }), [
			[500, 500, 1],
			[1, 500, 0],
			[0, 1, 0],
		]);
	});

	it("comes out of its texts as it went in", () => {
		const committed = { tokens: many(501), events: many(3), settings: new Map([["a", { b: [1] }]]) };
		assert.deepEqual(textsOf([committed, nothing]).map(committedFrom), partsOf([committed, nothing]));
	});
});

describe("what a listener has missed", () => {
	const [text = ""] = textsOf([nothing]);
	const row = (number: number, part = 0) => ({ number: String(number), part, committed: text });
	type Row = ReturnType<typeof row>;

	async function since(from: Position, rows: readonly Row[]) {
		const asked: unknown[][] = [];
		const changes = new ChangesSince(from, async (_, values) => {
			asked.push([...values]);
			const [number, part] = values.map(Number) as [number, number];
			return rows.filter(
				(one) => Number(one.number) > number || (Number(one.number) === number && one.part > part),
			);
		});
		await changes.read();
		return { changes, asked };
	}
	const placesOf = (changes: ChangesSince, applied: Position) =>
		changes.missedUpTo(applied)?.map(({ position, known }) => [position.change, position.part, known]);

	it("is what comes after its last change, up to what is applied here", async () => {
		const { changes } = await since({ change: 5 }, [row(5), row(6, 0), row(6, 1), row(7)]);
		assert.deepEqual(placesOf(changes, { change: 6 }), [
			[6, 0, 0],
			[6, 1, 0],
		]);
		assert.deepEqual(placesOf(changes, { change: 6, part: 0 }), [[6, 0, 0]]);
		assert.deepEqual(placesOf(changes, { change: 5 }), []);
		assert.equal(placesOf(changes, { change: 4 }), undefined);
	});

	it("begins within a change, after the events that the listener knows", async () => {
		const rows = [row(5, 0), row(5, 1), row(5, 2), row(6)];
		const { changes } = await since({ change: 5, part: 1, events: 2 }, rows);
		assert.deepEqual(placesOf(changes, { change: 6 }), [
			[5, 1, 2],
			[5, 2, 0],
			[6, 0, 0],
		]);
		const { changes: whole } = await since({ change: 5, part: 1 }, rows);
		assert.deepEqual(placesOf(whole, { change: 5 }), [[5, 2, 0]]);
	});

	it("is not known once its last change is no longer kept", async () => {
		assert.equal(placesOf((await since({ change: 5 }, [row(6)])).changes, { change: 6 }), undefined);
		const otherPart = await since({ change: 5, part: 1 }, [row(5, 0), row(6, 1)]);
		assert.equal(placesOf(otherPart.changes, { change: 6 }), undefined);
		assert.equal(placesOf((await since({ change: 0 }, [row(2)])).changes, { change: 2 }), undefined);
		assert.deepEqual(placesOf((await since({ change: 0 }, [row(1)])).changes, { change: 1 }), [[1, 0, 0]]);
		assert.deepEqual(placesOf((await since({ change: 0 }, [])).changes, { change: 0 }), []);
	});

	it("is up to 500 changes, and else all is listed again", async () => {
		const rows = Array.from({ length: 501 }, (_, index) => row(index + 1));
		const { changes } = await since({ change: 0 }, rows.slice(0, 500));
		assert.equal(placesOf(changes, { change: 500 })?.length, 500);
		assert.equal(changes.isBehind({ change: 501 }), true);
		const { changes: tooMany } = await since({ change: 0 }, rows);
		assert.equal(placesOf(tooMany, { change: 501 }), undefined);
		assert.equal(tooMany.isBehind({ change: 502 }), false);
	});

	it("is read on from where it ended, for as long as more was applied", async () => {
		const rows = [row(5), row(6, 0), row(6, 1)];
		const { changes, asked } = await since({ change: 5 }, rows);
		assert.deepEqual([changes.isBehind({ change: 6 }), changes.isBehind({ change: 7 })], [false, true]);
		rows.push(row(7));
		await changes.read();
		assert.deepEqual(asked, [
			[5, -1],
			["6", 1],
		]);
		assert.equal(changes.isBehind({ change: 7 }), false);
		assert.equal(placesOf(changes, { change: 7 })?.length, 3);
		const lost = await since({ change: 5 }, [row(9)]);
		assert.equal(lost.changes.isBehind({ change: 10 }), false);
	});
});
