/** Lists of tokens in each order, page by page: those without a value come last, and no token twice or never. */
import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

describe("pages of tokens", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	/** Some have the same name, expiry or time of use as another, some were never used, some never expire. */
	async function someTokens(): Promise<TokenRecord[]> {
		const expiries = ["2026-03-20T00:00:00.000Z", null, "2026-03-18T00:00:00.000Z"] as const;
		for (let count = 0; count < 9; count++) {
			daemon.now = new Date(Date.UTC(2026, 2, 10, 12, 0, count >> 2));
			const name = ["b", "c", "a"][count % 3] as string;
			const { token } = await daemon.create({ name, expiry: expiries[(count >> 1) % 3] as string | null });
			if (count % 4 < 2) await daemon.verify(token);
		}
		await daemon.authority.saveUsage();
		return (await daemon.call("GET", "/v1/api-tokens")).body.tokens;
	}

	async function inPagesOf(limit: number, sort: string): Promise<TokenRecord[]> {
		const found: TokenRecord[] = [];
		let cursor: string | null = "";
		while (cursor !== null) {
			const query: string = new URLSearchParams({
				sort,
				limit: String(limit),
				...(cursor && { cursor }),
			}).toString();
			const { body } = await daemon.call("GET", `/v1/api-tokens?${query}`);
			found.push(...body.tokens);
			assert.ok(body.tokens.length === limit || body.nextCursor === null, "only the last page is shorter");
			cursor = body.nextCursor;
		}
		return found;
	}

	const columns = {
		creationDate: ({ creationDate }: TokenRecord) => creationDate,
		name: ({ name }: TokenRecord) => name,
		expiry: ({ expiry }: TokenRecord) => expiry,
		lastUsed: ({ lastUsedDate }: TokenRecord) => lastUsedDate,
	};
	for (const [column, read] of Object.entries(columns)) {
		for (const direction of ["", "-"]) {
			it(`are in the order of ${direction}${column}, however many are on each`, async () => {
				const tokens = await someTokens();
				const keyOf = (token: TokenRecord) => `${read(token)} ${token.id}`;
				const sign = direction === "" ? 1 : -1;
				const inOrder = (some: TokenRecord[]) =>
					some.map(keyOf).sort((one, other) => (one < other ? -sign : sign));
				const expected = [
					...inOrder(tokens.filter((token) => read(token) !== null)),
					...inOrder(tokens.filter((token) => read(token) === null)),
				];
				for (const limit of [1, 2, 3, 5, 9]) {
					const found = await inPagesOf(limit, direction + column);
					assert.deepEqual(found.map(keyOf), expected, `${limit} on a page`);
				}
			});
		}
	}
});
