import assert from "node:assert/strict";
import fc from "fast-check";
import type { TokenRecord } from "../../daemon/contract.ts";
import { TokenList } from "../../extension/daemon/token-list.ts";
import { tokenRecord } from "./a-token.ts";

describe("TokenList", () => {
	const day = 24 * 60 * 60 * 1000;
	const now = Date.parse("2027-03-01T00:00:00Z");

	function record(values: Partial<TokenRecord> = {}): TokenRecord {
		return tokenRecord("1", { creationDate: at(-day), lastModifiedDate: at(-day), ...values });
	}

	function at(milliseconds: number): string {
		return new Date(now + milliseconds).toISOString();
	}

	function listOf(records: readonly TokenRecord[]): TokenList {
		const list = new TokenList();
		for (const each of records) list.add(each);
		return list;
	}

	it("keeps each token's highest version, in whatever order versions arrive", () => {
		const heard = fc.array(fc.record({ id: fc.constantFrom("a", "b", "c"), version: fc.nat(9) }));
		fc.assert(
			fc.property(heard, (pairs) => {
				const tokens = listOf(pairs.map((pair) => record(pair))).at(now);
				const versions = Object.fromEntries(tokens.map(({ id, version }) => [id, version]));
				const highest = Map.groupBy(pairs, ({ id }) => id);
				for (const [id, group] of highest)
					assert.equal(versions[id], Math.max(...group.map(({ version }) => version)));
				assert.equal(tokens.length, highest.size);
			}),
		);
	});

	it("keeps a deleted token away, even when an older list arrives later", () => {
		const list = listOf([record(), record({ id: "2" })]);
		list.delete("1");
		list.add(record({ version: 9 }));
		assert.deepEqual(
			list.at(now).map(({ id }) => id),
			["2"],
		);
	});

	it("applies the event of a use, which has no new version", () => {
		const list = listOf([record(), record({ useCount: 5 })]);
		assert.equal(list.at(now)[0]?.useCount, 5);
	});

	it("computes a token's status at the given time, whatever it was when sent", () => {
		const list = listOf([record({ expiry: at(day) }), record({ id: "2", retiresDate: at(2 * day) })]);
		const statuses = (time: number) => list.at(time).map(({ status }) => status);
		assert.deepEqual(statuses(now), ["active", "retiring"]);
		assert.deepEqual(statuses(now + day - 1), ["active", "retiring"]);
		assert.deepEqual(statuses(now + day), ["expired", "retiring"]);
		assert.deepEqual(statuses(now + 2 * day), ["expired", "expired"]);
	});

	it("returns when the next status changes, or that none does", () => {
		const list = listOf([record({ expiry: at(3 * day), retiresDate: at(2 * day) }), record({ id: "2" })]);
		assert.equal(list.nextChange(now), now + 2 * day);
		assert.equal(list.nextChange(now + 2 * day), now + 3 * day);
		assert.equal(list.nextChange(now + 3 * day), Number.POSITIVE_INFINITY);
	});
});
