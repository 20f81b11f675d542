/** Limits of requests without valid credentials, over real HTTP behind a trusted proxy. */
import assert from "node:assert/strict";
import { networkOf } from "../../daemon/rules/address.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { StrangerLimit } from "../../daemon/server/strangers.ts";
import { type Answer, TestDaemon, until } from "./harness.ts";

const perMinute = 5;
const stranger = "203.0.113.7";

describe("with a limit of requests without valid credentials,", () => {
	let daemon: TestDaemon;
	let token: string;
	beforeEach(async () => {
		daemon = await TestDaemon.start({
			unauthenticatedPerMinute: perMinute,
			trustedProxies: ["127.0.0.1"],
		});
		({ token } = await daemon.create());
	});
	afterEach(() => daemon.remove());

	function askFrom(address: string, secret: string | null, path = "/v1/verify"): Promise<Answer> {
		return daemon.call("GET", path, { secret, headers: { "x-forwarded-for": address } });
	}

	async function useUp(address: string): Promise<void> {
		for (let count = 0; count < perMinute; count++)
			assert.equal((await askFrom(address, generateSecret("tks"))).status, 401);
	}

	it("an address gets 429 and when to try again, and others are answered as before", async () => {
		await useUp(stranger);
		const { status, headers, body } = await askFrom(stranger, generateSecret("tks"));
		assert.deepEqual([status, body.code], [429, "too-many-requests"]);
		const seconds = Number(headers.get("retry-after"));
		assert.ok(seconds >= 1 && seconds <= 60 / perMinute, `after ${seconds} s`);
		assert.equal((await askFrom("203.0.113.8", generateSecret("tks"))).status, 401);
	});

	for (const path of ["/openapi.json", "/v1/api-tokens", "/nowhere", "/v1/identity"]) {
		it(`it holds at ${path} too`, async () => {
			await useUp(stranger);
			assert.equal((await askFrom(stranger, null, path)).status, 429);
		});
	}

	it("those who watch the daemon are always answered, and use nothing up", async () => {
		for (let count = 0; count < 2 * perMinute; count++)
			assert.equal((await askFrom(stranger, null, "/healthz")).status, 200);
		await useUp(stranger);
		assert.equal((await askFrom(stranger, null, "/readyz")).status, 200);
		for (const watched of ["/readyz?", "/healthz?challenge=x"])
			assert.equal((await askFrom(stranger, null, watched)).status, 200);
	});

	it("the 64 bits of IPv6 that one customer has count as one address", async () => {
		for (let count = 0; count < perMinute; count++) await askFrom(`2001:db8:1:2::${count}`, "x");
		assert.equal((await askFrom("2001:db8:1:2:ffff::1", "x")).status, 429);
		assert.equal((await askFrom("2001:db8:1:3::1", "x")).status, 401);
	});

	it("a service whose callers send nonsense is not limited, since valid tokens come from it too", async () => {
		assert.equal((await askFrom(stranger, token)).status, 200);
		for (let count = 0; count < 3 * perMinute; count++)
			assert.equal((await askFrom(stranger, generateSecret("tks"))).status, 401);
		assert.equal((await askFrom(stranger, token)).status, 200);
	});

	it("a token that is remembered passes from an address that is over the limit, which is not limited then", async () => {
		assert.equal((await askFrom("203.0.113.8", token)).status, 200);
		const revoked = await daemon.create();
		assert.equal((await askFrom("203.0.113.8", revoked.token)).status, 200);
		await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
		const elsewhere = await daemon.create({ allowedAddresses: ["203.0.113.8"] });
		assert.equal((await askFrom("203.0.113.8", elsewhere.token)).status, 200);
		await useUp(stranger);
		for (const secret of [revoked.token, elsewhere.token, (await daemon.create()).token, `${token}x`, null])
			assert.equal((await askFrom(stranger, secret)).status, 429);
		assert.equal((await askFrom(stranger, token)).status, 200);
		assert.equal((await askFrom(stranger, generateSecret("tks"))).status, 401);
	});

	it("so does the token of a caller of the API", async () => {
		const { token: reader, id } = await daemon.create({ permissions: ["api.api-tokens.read"] });
		assert.equal((await askFrom("203.0.113.8", reader)).status, 200);
		await useUp(stranger);
		assert.equal((await askFrom(stranger, reader, `/v1/api-tokens/${id}`)).status, 200);
	});

	it("neither is one whose callers lack a permission", async () => {
		for (let count = 0; count < 3 * perMinute; count++)
			assert.equal((await askFrom(stranger, token, "/v1/verify?permission=orders.write")).status, 403);
	});

	it("what a client writes before its proxy's address does not count", async () => {
		for (let count = 0; count < perMinute; count++) await askFrom(`10.0.0.${count}, ${stranger}`, "x");
		assert.equal((await askFrom(`10.0.0.99, ${stranger}`, "x")).status, 429);
	});

	it("a client can't choose its address where no proxy is trusted", async () => {
		const exposed = await TestDaemon.start({ unauthenticatedPerMinute: perMinute });
		try {
			const statuses: number[] = [];
			for (let count = 0; count <= perMinute; count++) {
				const headers = { "x-forwarded-for": `203.0.113.${count}` };
				statuses.push((await exposed.call("GET", "/v1/verify", { secret: "x", headers })).status);
			}
			assert.deepEqual(statuses, [...Array(perMinute).fill(401), 429]);
		} finally {
			await exposed.remove();
		}
	});
});

describe("a limit of requests a minute", () => {
	let now: number;
	const limitOf = (perMinute: number) => {
		now = 0;
		return new StrangerLimit(perMinute, () => now);
	};

	it("lets a whole minute's pass at once, and then each when its time has come", () => {
		const limit = limitOf(2);
		const at = (time: number) => {
			now = time;
			return limit.admit(stranger);
		};
		assert.deepEqual([at(0), at(0), at(0)], [undefined, undefined, 30]);
		assert.deepEqual([at(29_999), at(30_000), at(30_000)], [1, undefined, 30]);
		assert.deepEqual([at(500_000), at(500_000), at(500_000)], [undefined, undefined, 30]);
		assert.equal(limit.refused, 4);
	});

	it("is that number exactly, whether it divides a minute or not", () => {
		for (let perMinute = 1; perMinute <= 200; perMinute++) {
			const limit = limitOf(perMinute);
			let admitted = 0;
			while (limit.admit(stranger) === undefined) admitted++;
			assert.equal(admitted, perMinute);
		}
	});

	it("goes by the time that passes", async () => {
		const limit = new StrangerLimit(60_000);
		while (limit.admit(stranger) === undefined);
		await until(() => limit.admit(stranger) === undefined);
	});

	it("holds again ten minutes after the last valid request", () => {
		const limit = limitOf(1);
		for (now of [0, 1000]) limit.know(stranger);
		for (now of [1000, 600_999, 600_999]) assert.equal(limit.admit(stranger), undefined);
		now = 601_000;
		assert.deepEqual([limit.admit(stranger), limit.admit(stranger)], [undefined, 60]);
	});

	it("asks over the limit alone whether a request is valid, and then not for ten minutes", () => {
		const limit = limitOf(1);
		let asked = 0;
		const admit = () => limit.admit(stranger, () => ++asked > 0);
		for (now of [0, 0, 599_999]) assert.equal(admit(), undefined);
		assert.equal(asked, 1);
		now = 600_000;
		for (const _ of "12") assert.equal(admit(), undefined);
		assert.deepEqual([asked, limit.refused], [2, 0]);
	});
});

describe("the memory of addresses", () => {
	it("has the last 20,000, and of more the first ones are forgotten", () => {
		const limit = new StrangerLimit(1, () => 0);
		let count = 0;
		const others = (until: number) => {
			for (; count < until; count++) limit.admit(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`);
		};
		assert.equal(limit.admit(stranger), undefined);
		others(20_000 - 1);
		assert.equal(limit.admit(stranger), 60);
		others(60_000);
		assert.equal(limit.admit(stranger), undefined);
	});

	for (const [address, network] of [
		["192.0.2.1", "192.0.2.1"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
		["2001:db8::1", "2001:db8:0:0"],
		["::1", "0:0:0:0"],
		["2001:db8:1:2::", "2001:db8:1:2"],
		["", ""],
	] as const)
		it(`counts ${address || "an unreadable address"} as ${network || "one"}`, () =>
			assert.equal(networkOf(address), network));
});
