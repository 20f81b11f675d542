/** The clock by which tokens end on a shared server. */
import assert from "node:assert/strict";
import { DatabaseClock } from "../../daemon/store/postgres/database-clock.ts";

describe("the database's time", () => {
	const hour = 3_600_000;
	let database = 0;
	let clock = new DatabaseClock();
	const isNear = (time: number) => Math.abs(clock.now() - time) < 500;

	/** As an answer says it that took no time. */
	function set(time: number): void {
		const steady = performance.now();
		clock.set(time, steady, steady);
		database = time;
	}

	beforeEach(() => {
		clock = new DatabaseClock();
		set(Date.now() - 40 * hour);
	});

	it("has passed a moment of which a change of another server says so", () => {
		clock.pass(database + 900);
		assert.ok(clock.now() >= database + 900);
		// Also after an answer that was on its way for longer than it seemed.
		set(database + 100);
		assert.ok(clock.now() >= database + 800);
		clock.pass(database - 10);
		assert.ok(clock.now() >= database + 800);
	});

	it("has not passed one that only a wrong date can name", () => {
		clock.pass(database + 2 * hour);
		assert.ok(isNear(database));
		clock.pass(database + 900);
		assert.ok(clock.now() >= database + 900);
	});

	it("goes back with the database's own", () => {
		clock.pass(database + 900);
		set(database - hour);
		assert.ok(isNear(database));
	});
});
