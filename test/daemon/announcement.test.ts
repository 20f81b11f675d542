/** The announcement of a change, by this version and by the one before, and what is acknowledged before it is read. */
import assert from "node:assert/strict";
import { announcementFrom, announcementOf } from "../../daemon/store/postgres/announcement.ts";
import { ComingChanges } from "../../daemon/store/postgres/coming-changes.ts";
import type { Committed, StoredToken } from "../../daemon/store/store.ts";

const digests = ["1", "2", "3"].map((digit) => digit.repeat(64)) as [string, string, string];

describe("announcements of changes", () => {
	it("name the tokens of a small change, after the two words that an earlier version takes", () => {
		const payload = `7 ${announcementOf("replica", [changeOf(digests[0], digests[1]), changeOf(digests[0])])}`;
		assert.deepEqual(payload.split(" ").slice(0, 2), ["7", "replica"]);
		const marks = ["1".repeat(16), "2".repeat(16)];
		assert.deepEqual(announcementFrom(payload), { number: 7, replica: "replica", marks });
	});

	it("name up to eight tokens, and each once", () => {
		const eight = Array.from({ length: 8 }, (_, index) => String(index).repeat(64));
		const named = announcementFrom(`7 ${announcementOf("replica", [changeOf(...eight)])}`).marks;
		assert.deepEqual(
			named,
			eight.map((digest) => digest.slice(0, 16)),
		);
		const twice = announcementOf("replica", [changeOf(digests[0]), changeOf(digests[0])]);
		assert.equal(twice, `replica ${"1".repeat(16)}`);
	});

	it("name none where there are many or where settings change, so that the change is read first", () => {
		const many = Array.from({ length: 9 }, (_, index) => String(index).repeat(64));
		const settings = { ...changeOf(digests[0]), settings: new Map([["policy", {}]]) };
		for (const committed of [[changeOf(...many)], [settings], [changeOf(digests[0]), settings], []])
			assert.equal(announcementOf("replica", committed), "replica");
	});

	it("of an earlier version name none", () => {
		assert.deepEqual(announcementFrom("7 replica"), { number: 7, replica: "replica", marks: undefined });
	});
});

describe("changes that are acknowledged before they are read", () => {
	it("are those of named tokens that follow each other without a gap", () => {
		const coming = new ComingChanges();
		assert.equal(coming.isNext(announced(1), 0), true, "the first of all");
		assert.equal(coming.isNext(announced(6), 4), false, "change 5 is not known");
		assert.equal(coming.isNext({ ...announced(5), marks: undefined }, 4), false, "it names no tokens");
		for (const number of [5, 6]) {
			assert.equal(coming.isNext(announced(number), 4), true);
			coming.add(announced(number), Promise.resolve());
		}
		assert.equal(coming.isNext(announced(8), 4), false, "7 was no announcement of named tokens");
		assert.equal(coming.isNext(announced(8), 7), true, "7 is known");
	});

	it("are waited for by verifications of their tokens alone, until they are read", () => {
		const coming = new ComingChanges();
		const [first, second] = [Promise.resolve(), Promise.resolve()];
		coming.add(announced(5, digests[0]), first);
		assert.equal(coming.of(digests[0]), first);
		coming.add(announced(6, digests[1], digests[0]), second);
		assert.deepEqual([coming.of(digests[0]), coming.of(digests[2])], [second, undefined]);
		coming.keepAfter(5);
		assert.equal(coming.of(digests[0]), second);
		coming.keepAfter(6);
		assert.equal(coming.of(digests[0]), undefined);
	});
});

function announced(number: number, ...changed: string[]) {
	return { number, replica: "replica", marks: changed.map((digest) => digest.slice(0, 16)) };
}

function changeOf(...changed: string[]): Committed {
	const tokens = changed.map((digest) => ({
		change: "changed" as const,
		stored: { token: { hash: `sha256:${digest}` } } as StoredToken,
	}));
	return { tokens, events: [], settings: new Map() };
}
