/** Which changes have room on a full disk. */
import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { Recorded } from "../../daemon/store/sqlite/connection.ts";
import { endsTokens } from "../../daemon/store/sqlite/group.ts";
import { tokenRecord } from "../extension/a-token.ts";

type Change = Recorded["committed"]["tokens"][number]["change"];

const now = "2026-02-01T12:00:00.000Z";
const later = "2026-02-01T12:00:00.001Z";

describe("a change ends a token", () => {
	const ends = (...changes: [Change, Partial<TokenRecord>][]) => {
		const tokens = changes.map(([change, more]) => ({
			change,
			stored: { token: tokenRecord("1", { lastModifiedDate: now, ...more }) },
		}));
		return endsTokens({ committed: { tokens } } as unknown as Recorded);
	};

	it("if it revokes or disables it, or ends its overlap at that moment", () => {
		assert.equal(ends(["changed", { revokedDate: now }]), true);
		assert.equal(ends(["changed", { disabledDate: now }]), true);
		assert.equal(ends(["changed", { retiresDate: now }]), true);
	});

	it("not if it leaves it an overlap, makes it or deletes it", () => {
		assert.equal(ends(), false);
		assert.equal(ends(["changed", {}]), false);
		assert.equal(ends(["changed", { retiresDate: later }]), false);
		assert.equal(ends(["created", { revokedDate: now }]), false);
		assert.equal(ends(["deleted", { revokedDate: now }]), false);
	});

	it("if it is one of several", () => {
		assert.equal(ends(["created", {}], ["changed", { revokedDate: now }]), true);
	});
});
