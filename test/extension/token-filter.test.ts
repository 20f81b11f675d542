import assert from "node:assert/strict";
import { filterBy } from "../../extension/tokens/token-filter.ts";
import { aToken } from "./a-token.ts";

const token = aToken({
	id: "1",
	name: "Orders Service, Staging",
	description: "For the nightly import",
	tags: ["team-blue"],
	permissions: ["invoices.read"],
	resources: ["channel/soc"],
	partialToken: "tks_…Qx9z",
});

const facts = {
	placesOf: () => ["api/.env:3 (API_TOKEN)"],
	serverOf: (id: string) => (id.startsWith("srv-") ? "Backend Team" : undefined),
};

describe("the filter of the list", () => {
	const cases: [text: string, passes: boolean][] = [
		["", true],
		["   ", true],
		["orders", true],
		["ORDERS staging", true],
		["staging orders", true],
		["orders production", false],
		["nightly", true],
		["team-blue", true],
		["invoices.read", true],
		["channel/soc", true],
		["qx9z", true],
		["active", true],
		["revoked", false],
		["local", true],
		["api/.env", true],
		["api_token", true],
		["web/.env", false],
		[".*", false],
	];
	for (const [text, passes] of cases) {
		it(`${passes ? "shows the token" : "hides the token"} for ${JSON.stringify(text)}`, () =>
			assert.equal(filterBy(text, facts)(token), passes));
	}

	it("shows the tokens of a server for its name, and none for the key that tells it from others", () => {
		const theirs = {
			...token,
			id: "srv-00000001~1",
			issuer: "srv-00000001~local",
			profile: "srv-00000001~local",
		};
		const shown = ["backend team", "local", "srv-00000001"].map((text) => filterBy(text, facts)(theirs));
		assert.deepEqual(shown, [true, true, false]);
	});
});
