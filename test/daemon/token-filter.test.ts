/** Every filter of the contract selects: in the list, and in an incident, where an ignored filter would revoke every token. */
import assert from "node:assert/strict";
import { incidentFilter, listTokensQuery, type TokenRecord } from "../../daemon/contract.ts";
import type { ListFilter } from "../../daemon/store/store.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

type FilterName = keyof typeof incidentFilter.shape;

describe("a filter of tokens", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	/** For each filter, a value that only the token "wanted" meets. A filter without one does not compile. */
	const values: Record<FilterName, (ids: { wanted: string }) => unknown> = {
		status: () => "disabled",
		issuer: () => "github",
		profile: () => "narrative",
		q: () => "WANT",
		connection: () => "c1",
		tag: () => "ci",
		resource: () => "channel/soc",
		expiresBefore: () => "2026-03-12T00:00:00.000Z",
		unusedSince: () => "2026-03-10T11:00:00.000Z",
		ids: ({ wanted }) => [wanted],
	};

	/** Two tokens, of which only one meets the filter. */
	async function twoTokens(name: FilterName): Promise<{ wanted: string; other: string }> {
		const other = await daemon.create({ name: "other" });
		const wanted = await daemon.create({
			name: "wanted",
			tags: ["ci"],
			resources: ["channel/soc"],
			expiry: "2026-03-11T00:00:00.000Z",
		});
		if (name === "status") await daemon.call("POST", `/v1/api-tokens/${wanted.id}/disable`);
		if (name === "unusedSince") await daemon.verify(other.token);
		if (name === "issuer" || name === "connection") return { wanted: await registered(), other: other.id };
		if (name === "profile") return { wanted: await ofNarrative(), other: other.id };
		return { wanted: wanted.id, other: other.id };
	}

	async function registered(): Promise<string> {
		const body = {
			name: "g",
			issuer: "github",
			connection: "c1",
			hash: `sha256:${"a".repeat(64)}`,
			partialToken: "ghp_…abcd",
		};
		return (await daemon.call("POST", "/v1/api-tokens/register", { body })).body.id;
	}

	async function ofNarrative(): Promise<string> {
		const expiresIn = { months: 6 };
		return (
			await daemon.create({ name: "n", profile: "narrative", permissions: ["datasets:read"], expiresIn })
		).id;
	}

	for (const name of Object.keys(incidentFilter.shape) as FilterName[]) {
		it(`selects by ${name} in an incident, and revokes no other token`, async () => {
			const { wanted, other } = await twoTokens(name);
			const body = { reason: "leaked", filter: { [name]: values[name]({ wanted }) } };
			const { status, body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.equal(status, 201, JSON.stringify(report));
			assert.deepEqual(
				report.revoked.map((one: { token: TokenRecord }) => one.token.id),
				[wanted],
			);
			assert.equal((await daemon.record(other)).status, "active");
		});

		if (!(name in listTokensQuery.shape)) continue;
		it(`selects by ${name} in the list`, async () => {
			const { wanted } = await twoTokens(name);
			if (name === "unusedSince") await daemon.authority.saveUsage();
			const query = new URLSearchParams({ [name]: String(values[name]({ wanted })) });
			const { body } = await daemon.call("GET", `/v1/api-tokens?${query}`);
			assert.deepEqual(
				body.tokens.map((token: TokenRecord) => token.id),
				[wanted],
			);
		});
	}

	it("selects nothing by a text with the character NUL, which no token has", async () => {
		const { id } = await daemon.create({ name: "wanted" });
		for (const filter of [{ q: "\0" }, { q: "want\0ed" }, { tag: "\0" }, { ids: ["\0", `${id}\0`] }]) {
			const body = { reason: "leaked", filter };
			const answer = await daemon.call("POST", "/v1/incidents", { body });
			assert.equal(answer.status, 404, JSON.stringify(filter));
		}
		for (const q of ["\0", "want\0ed"]) {
			const { body } = await daemon.call("GET", `/v1/api-tokens?q=${encodeURIComponent(q)}`);
			assert.deepEqual(body.tokens, []);
		}
		assert.equal((await daemon.record(id)).status, "active");
	});

	it("is refused when nothing implements it, whatever else is given", async () => {
		await daemon.create();
		const page = { sort: "creationDate", direction: "asc", limit: -1 } as const;
		for (const filter of [{ createdBefore: "2026-01-01" }, { q: "x", constructor: "y" }, { __proto__x: 1 }]) {
			await assert.rejects(
				daemon.store.list(filter as unknown as ListFilter, page, daemon.now.toISOString()),
				/No condition implements the filter/,
			);
		}
		const body = { reason: "x", filter: { createdBefore: "2026-01-01T00:00:00Z" } };
		assert.equal((await daemon.call("POST", "/v1/incidents", { body })).body.code, "invalid-request");
		assert.equal((await daemon.call("GET", "/v1/api-tokens?status=active")).body.tokens.length, 1);
	});
});
