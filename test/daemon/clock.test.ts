/** A clock that jumps: nothing is deleted by it for good, and what is odd is told. */
import assert from "node:assert/strict";
import { clockNotices, judgeTime, type SeenTime } from "../../daemon/rules/clock.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

const day = 86_400_000;
const owner = { userId: "owner", userName: "ada" };

describe("a clock that jumps ahead", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("deletes no audit event, also when the daemon has not looked at the time before", async () => {
		for (const seen of [false, true]) {
			for (let count = 0; count < 5; count++) await daemon.create();
			if (seen) await daemon.records.purge(90, daemon.now, owner);
			const before = await count();
			const right = daemon.now;
			daemon.now = new Date(right.getTime() + 400 * day);
			await daemon.records.purge(90, daemon.now, owner);
			assert.equal(await count(), before);
			const [notice] = await daemon.records.clockNotices(daemon.now);
			assert.equal(notice?.code, "clock-odd");
			assert.match(notice?.detail ?? "", /400 days later/);
			daemon.now = right;
		}
	});

	it("is told, as is one that was set back, also before the daemon has looked at the time", async () => {
		await daemon.create();
		const right = daemon.now;
		for (const [days, told] of [
			[400, /400 days later/],
			[-400, /400 days earlier/],
		] as const) {
			const [notice] = await daemon.records.clockNotices(new Date(right.getTime() + days * day));
			assert.match(notice?.detail ?? "", told);
		}
	});

	it("lets a clean-up delete no token that has ended by it alone", async () => {
		await daemon.records.purge(90, daemon.now, owner);
		await daemon.create({ expiry: new Date(daemon.now.getTime() + day).toISOString() });
		daemon.now = new Date(daemon.now.getTime() + 800 * day);
		const { body } = await daemon.call("POST", "/v1/api-tokens/clean-up", { body: {} });
		assert.deepEqual([body.tokens, body.left], [[], 0]);
	});

	it("deletes what is old once it was seen on seven days more", async () => {
		await daemon.create();
		await daemon.records.purge(90, daemon.now, owner);
		daemon.now = new Date(daemon.now.getTime() + 400 * day);
		for (let days = 0; days <= 7; days++) {
			assert.equal(
				(await daemon.call("GET", "/v1/audit-events")).body.events.at(-1).action,
				"create",
				`day ${days}`,
			);
			await daemon.records.purge(90, daemon.now, owner);
			daemon.now = new Date(daemon.now.getTime() + day);
		}
		const { events } = (await daemon.call("GET", "/v1/audit-events")).body;
		assert.deepEqual(
			events.map(({ action }: { action: string }) => action),
			["purge"],
		);
	});

	async function count(): Promise<number> {
		return (await daemon.call("GET", "/v1/audit-events?limit=1000")).body.events.length;
	}
});

describe("the time that is believed", () => {
	const start = Date.parse("2026-03-10T12:00:00.000Z");
	const at = (days: number) => start + days * day;
	const run = (days: readonly number[]) => {
		let seen: SeenTime | undefined;
		return days.map((each) => {
			const judged = judgeTime(seen, at(each));
			seen = judged.seen;
			return (judged.trusted - start) / day;
		});
	};

	it("passes with the clock, also over a weekend", () => assert.deepEqual(run([0, 1, 4, 5]), [0, 1, 4, 5]));
	it("stays where it was while the clock is ahead, and goes on when it is back", () =>
		assert.deepEqual(run([0, 400, 401, 1, 2]), [0, 0, 0, 1, 2]));
	it("counts a day on which it was seen three days after the one before, and not one of a moment later", () => {
		const seenEvery = (days: number) => [0, 400, ...[1, 2, 3, 4, 5, 6, 7].map((count) => 400 + count * days)];
		assert.equal(run(seenEvery(3)).at(-1), 421);
		assert.equal(run(seenEvery(3 + 1 / day)).at(-1), 0);
	});
	it("begins to count anew when the clock jumps again", () =>
		assert.deepEqual(run([0, 400, 401, 402, 403, 404, 405, 406, 900, 901]).slice(-2), [0, 0]));
	it("is not later than a clock that was set back", () => assert.deepEqual(run([10, -5, 11]), [10, -5, 11]));
	it("is odd when it is far from the last one, in either direction", () => {
		const seen = { date: new Date(start).toISOString() };
		assert.deepEqual(clockNotices(undefined, at(900)), []);
		assert.deepEqual(clockNotices(seen, at(45)), []);
		assert.match(clockNotices(seen, at(46))[0]?.detail ?? "", /46 days later/);
		assert.match(clockNotices(seen, at(-46))[0]?.detail ?? "", /46 days earlier/);
	});
});
