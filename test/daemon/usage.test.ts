/** Usage: counted in memory, stored per token and day. */
import assert from "node:assert/strict";
import type { UsageDay } from "../../daemon/contract.ts";
import { TokenUsage, UsageCounts } from "../../daemon/rules/usage.ts";
import { nothingAsked } from "../../daemon/rules/verify.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

describe("the usage", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("counts per token and day: verifications, refusals by reason, requested permissions", async () => {
		const { token, id } = await daemon.create({ permissions: ["orders.*"] });
		await daemon.verify(token, "?permission=orders.read");
		await daemon.verify(token, "?permission=orders.read&permission=orders.write");
		await daemon.verify(token, "?permission=invoices.read");
		daemon.now = new Date("2026-03-11T00:00:00.000Z");
		await daemon.verify(token);
		assert.deepEqual(await usage(`tokenId=${id}`), [
			day(id, "2026-03-10", {
				verifications: 2,
				refusals: { permission: 1 },
				permissions: { "orders.read": 2, "orders.write": 1, "invoices.read": 1 },
			}),
			day(id, "2026-03-11", { verifications: 1 }),
		]);
		assert.equal((await usage("from=2026-03-11")).length, 1);
		assert.equal((await usage("to=2026-03-09")).length, 0);
	});

	it("adds up counts that are saved separately, and keeps them over a restart", async () => {
		const { token, id } = await daemon.create();
		for (let count = 0; count < 3; count++) {
			await daemon.verify(token, "?permission=orders.read");
			await daemon.authority.saveUsage();
		}
		await daemon.close();
		await daemon.open();
		await daemon.verify(token, "?permission=orders.read");
		assert.deepEqual(await usage(), [
			day(id, "2026-03-10", { verifications: 4, permissions: { "orders.read": 4 } }),
		]);
	});

	it("counts what has the name of a member of every object, saved at once or later", async () => {
		const names = ["constructor", "toString", "hasOwnProperty", "valueOf", "__proto__"];
		const { token, id } = await daemon.create({ permissions: ["*"] });
		await daemon.verify(token);
		for (let saved = 0; saved < 2; saved++) {
			await daemon.authority.saveUsage();
			for (const name of names) await daemon.verify(token, `?permission=${name}`);
		}
		const [counted] = await usage(`tokenId=${id}`);
		const counts = Object.entries(counted?.permissions ?? {}).sort();
		assert.deepEqual(counts, names.map((name) => [name, 2]).sort());
		const { requested } = (await daemon.call("GET", "/v1/permissions")).body;
		const asked = requested.map(({ name, count }: { name: string; count: number }) => [name, count]);
		assert.deepEqual(asked.sort(), counts);
	});

	it("counts the addresses of the overlap with the token's last successor only, saved at once or later", async () => {
		for (const saves of [false, true]) {
			const { token, id } = await daemon.create();
			for (let rotation = 0; rotation < 2; rotation++) {
				await daemon.rotate(id, { overlapSeconds: 600 });
				for (let use = 0; use <= rotation; use++) {
					await daemon.verify(token);
					if (saves) await daemon.authority.saveUsage();
				}
				if (rotation === 0) await daemon.call("POST", `/v1/api-tokens/${id}/undo-rotation`);
			}
			const [counted] = await usage(`tokenId=${id}`);
			assert.deepEqual([counted?.verifications, counted?.overlapAddresses], [3, { "127.0.0.1": 2 }]);
		}
	});

	it("is not filled up over time by a caller that requests ever new permissions", async () => {
		const { token } = await daemon.create();
		for (let flush = 0; flush < 4; flush++) {
			for (let count = 0; count < 80; count++) {
				await daemon.verify(
					token,
					`?permission=orders.read&anyPermission=orders.read&anyPermission=p${flush}.${count}`,
				);
			}
			await daemon.verify(token, `?anyPermission=orders.read&anyPermission=${"x".repeat(5000)}`);
			await daemon.authority.saveUsage();
		}
		const names = Object.keys((await usage())[0]?.permissions ?? {});
		assert.equal(names.length, 200);
		assert.ok(names.every((name) => name.length <= 200));
	});

	it("counts the refusals of a dead token too", async () => {
		const { token, id } = await daemon.create();
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		await daemon.verify(token);
		assert.deepEqual(await usage(), [day(id, "2026-03-10", { refusals: { revoked: 1 }, addresses: [] })]);
	});

	for (const query of ["from=2026-13-01", "from=yesterday", "unknown=1"]) {
		it(`says what is wrong with ?${query}`, async () => {
			assert.equal((await daemon.call("GET", `/v1/usage?${query}`)).body.code, "invalid-request");
		});
	}

	async function usage(query = ""): Promise<UsageDay[]> {
		return (await daemon.call("GET", `/v1/usage?${query}`)).body.usage;
	}
});

describe("the usage of one token", () => {
	const noon = Date.UTC(2026, 2, 10, 12);

	it("keeps the last five addresses, newest first", () => {
		const one = new TokenUsage("t");
		for (const address of ["a", "b", "c", "d", "e", "f", "b", "b"])
			one.countVerification(nothingAsked, address, noon);
		assert.deepEqual(one.increment().days[0]?.addresses, ["b", "f", "e", "d", "c"]);
		assert.deepEqual(one.uses, { useCount: 8, lastUsed: noon, lastUsedAddress: "b" });
	});

	it("loses nothing that could not be written", async () => {
		const counts = new UsageCounts();
		const stored = { useCount: 5, lastUsed: 1, lastUsedAddress: null };
		counts.of("t").countVerification({ ...nothingAsked, permissions: ["p"] }, "a", noon);
		const { promise, reject } = Promise.withResolvers<void>();
		const failing = counts.save(() => promise);
		await new Promise(setImmediate);
		counts.of("t").countVerification({ ...nothingAsked, permissions: ["p"] }, "b", noon);
		assert.deepEqual(counts.totalOf("t", stored), { useCount: 7, lastUsed: noon, lastUsedAddress: "b" });
		// Requested while the first is being written; it has to wait for what that one returns.
		const failingToo = counts.save(async ([one]) => {
			assert.equal(one?.uses.useCount, 2);
			throw new Error("full");
		});
		reject(new Error("full"));
		await assert.rejects(failing, /full/);
		await assert.rejects(failingToo, /full/);
		counts.of("t").countVerification(nothingAsked, "b", noon + 86_400_000);
		assert.equal(counts.totalOf("t", stored).useCount, 8);
		const [{ days, uses } = assert.fail()] = await counts.save(async () => {});
		const kept = { overlapSuccessorId: null };
		assert.deepEqual(days, [
			{
				...day("t", "2026-03-10", { verifications: 2, permissions: { p: 2 }, addresses: ["b", "a"] }),
				...kept,
			},
			{ ...day("t", "2026-03-11", { verifications: 1, addresses: ["b"] }), ...kept },
		]);
		assert.equal(uses.useCount, 3);
	});

	it("is not filled up by ever new permissions, whatever they are called", () => {
		const one = new TokenUsage("t");
		for (let count = 0; count < 1000; count++)
			one.countVerification({ ...nothingAsked, permissions: [`p${count}`] }, "a", noon);
		one.countVerification({ ...nothingAsked, permissions: ["__proto__", "constructor"] }, "a", noon);
		assert.equal(Object.keys(one.increment().days[0]?.permissions ?? {}).length, 200);
	});
});

function day(tokenId: string, name: string, change: Partial<UsageDay>): UsageDay {
	return {
		tokenId,
		day: name,
		verifications: 0,
		refusals: {},
		permissions: {},
		addresses: ["127.0.0.1"],
		overlapAddresses: {},
		...change,
	};
}
