/** Every verb after creation: what it changes, what it refuses, and that it never widens anything. */
import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

describe("the lifecycle of a token", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("PATCH", () => {
		it("changes what is named, leaves the rest, and raises the version", async () => {
			const created = await daemon.create({ tags: ["a"] });
			daemon.now = new Date("2026-03-11T08:00:00.000Z");
			const answer = await daemon.patch(created.id, { name: "renamed", permissions: ["orders.*"] }, '"1"');
			assert.equal(answer.status, 200);
			const { token: _, ...before } = created;
			assert.deepEqual(answer.body, {
				...before,
				name: "renamed",
				permissions: ["orders.*"],
				version: 2,
				lastModifiedDate: "2026-03-11T08:00:00.000Z",
			});
			assert.equal(answer.headers.get("etag"), '"2"');
			assert.equal((await daemon.verify(created.token, "?permission=orders.write")).status, 200);
		});

		it("needs If-Match, and refuses a stale one", async () => {
			const { id } = await daemon.create();
			const without = await daemon.call("PATCH", `/v1/api-tokens/${id}`, { body: { name: "x" } });
			assert.deepEqual([without.status, without.body.code], [428, "version-missing"]);
			assert.equal((await daemon.patch(id, { name: "one" }, '"1"')).status, 200);
			const otherLists = ['"1", "7"', 'W/"2", "7"', '"2,", "3"', '"2" "2"', '"2", nonsense', ",", ""];
			for (const stale of ['"1"', '"7"', "1", 'W/"2"', "nonsense", '"*"', '"2', '"02"', ...otherLists]) {
				const answer = await daemon.patch(id, { name: "two" }, stale);
				assert.deepEqual([answer.status, answer.body.code], [412, "version-stale"], stale);
			}
			assert.equal((await daemon.patch(id, { name: "two" }, "*")).status, 200);
			assert.equal((await daemon.record(id)).name, "two");
		});

		it("accepts a list of versions that has the current one, as RFC 9110 writes lists", async () => {
			const { id } = await daemon.create();
			const lists = ['"7", "1"', '"2","7"', ' , W/"3" ,, "3", ', '"a,b", "4"', 'W/"9",\t"5"'];
			for (const [index, list] of lists.entries()) {
				const answer = await daemon.patch(id, { name: `name ${index}` }, list);
				assert.deepEqual([answer.status, answer.body.version], [200, index + 2], list);
			}
		});

		it("reads a record only where it has changed, or where it has not, as RFC 9110 writes conditions", async () => {
			const { id } = await daemon.create();
			await daemon.patch(id, { name: "changed" }, '"1"');
			const read = async (headers: Record<string, string>) =>
				await daemon.call("GET", `/v1/api-tokens/${id}`, { headers });
			for (const same of ['"2"', 'W/"2"', "*", '"7", "2"', ' , W/"3" ,, "2", ']) {
				const unchanged = await read({ "If-None-Match": same });
				assert.deepEqual([unchanged.status, unchanged.headers.get("etag")], [304, '"2"'], same);
				assert.equal(unchanged.body, "", same);
			}
			for (const other of ['"1"', 'W/"1", "3"', '"*"', "2", "nonsense", ""])
				assert.equal((await read({ "If-None-Match": other })).status, 200, other);
			for (const same of ['"2"', "*", '"7", "2"'])
				assert.equal((await read({ "If-Match": same })).status, 200, same);
			for (const other of ['"1"', 'W/"2"', "nonsense", '"2" "2"'])
				assert.equal((await read({ "If-Match": other })).body.code, "version-stale", other);
			assert.equal((await read({ "If-Match": '"1"', "If-None-Match": '"2"' })).status, 412);
		});

		it("lets one of two that have seen the same version win", async () => {
			const { id } = await daemon.create();
			const answers = await Promise.all(["a", "b", "c"].map((name) => daemon.patch(id, { name }, '"1"')));
			assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 412, 412]);
			assert.equal((await daemon.record(id)).version, 2);
		});

		it("changes nothing when some of it is wrong, or when there is nothing to change", async () => {
			const { id } = await daemon.create();
			const wrong = { name: "x", permissions: ["orders.fly"], expiry: "2020-01-01T00:00:00Z" };
			const answer = await daemon.patch(id, wrong, '"1"');
			assert.deepEqual(pointersOf(answer), ["/permissions/0", "/expiry"]);
			assert.equal((await daemon.patch(id, {}, '"1"')).body.version, 1);
			assert.equal((await daemon.record(id)).name, "orders-api");
		});

		it("revives nothing: neither a revoked nor an expired token can be changed", async () => {
			const revoked = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
			const expired = await daemon.create({ expiry: "2026-03-10T12:00:01Z" });
			daemon.now = new Date("2026-03-10T12:00:01.000Z");
			for (const { id } of [revoked, expired]) {
				const answer = await daemon.patch(id, { expiry: "2026-05-01T00:00:00Z" }, "*");
				assert.deepEqual([answer.status, answer.body.code], [409, "token-dead"]);
			}
			assert.equal((await daemon.verify(expired.token)).body.reason, "expired");
		});
	});

	describe("disable and enable", () => {
		it("refuses the token in between, and nothing else is lost", async () => {
			const { id, token } = await daemon.create();
			const disabled = await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
			assert.deepEqual(
				[disabled.body.status, disabled.body.disabledDate],
				["disabled", "2026-03-10T12:00:00.000Z"],
			);
			assert.equal((await daemon.verify(token)).body.reason, "disabled");
			assert.equal(
				(await daemon.call("POST", `/v1/api-tokens/${id}/disable`)).body.version,
				2,
				"twice is once",
			);
			assert.equal((await daemon.call("POST", `/v1/api-tokens/${id}/enable`)).body.status, "active");
			assert.equal((await daemon.verify(token)).status, 200);
		});

		it("does not come back by a token that may do less", async () => {
			const strong = await daemon.create({ permissions: ["orders.*"] });
			const weak = await daemon.create({ permissions: ["api.api-tokens.write"] });
			await daemon.call("POST", `/v1/api-tokens/${strong.id}/disable`);
			const answer = await daemon.call("POST", `/v1/api-tokens/${strong.id}/enable`, { secret: weak.token });
			assert.deepEqual([answer.status, answer.body.code], [403, "exceeds-caller"]);
			assert.equal((await daemon.verify(strong.token)).body.reason, "disabled");
		});

		it("can't enable what is revoked", async () => {
			const { id, token } = await daemon.create();
			await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await daemon.call("POST", `/v1/api-tokens/${id}/enable`)).body.code, "token-dead");
			assert.equal((await daemon.verify(token)).body.reason, "revoked");
		});
	});

	it("revokes the very token that asks only when it says so", async () => {
		const { id, token: secret } = await daemon.create({ permissions: ["api.api-tokens.delete"] });
		const refused = await daemon.call("DELETE", `/v1/api-tokens/${id}`, { secret });
		assert.deepEqual([refused.status, refused.body.code], [409, "own-token"]);
		assert.equal(
			(await daemon.call("DELETE", `/v1/api-tokens/${id}?self=true`, { secret })).body.status,
			"revoked",
		);
	});

	it("identifies tokens by hash alone, whatever became of them", async () => {
		const one = await daemon.create({ name: "one" });
		const two = await daemon.create({ name: "two" });
		await daemon.call("DELETE", `/v1/api-tokens/${two.id}`);
		const hashes = [hashOf(one.token), hashOf(two.token), hashOf("unknown")];
		const { body } = await daemon.call("POST", "/v1/api-tokens/identify", { body: { hashes } });
		assert.deepEqual(Object.keys(body.tokens), hashes.slice(0, 2));
		assert.deepEqual(
			Object.values(body.tokens).map((token) => (token as TokenRecord).status),
			["active", "revoked"],
		);
		const ids = await daemon.call("POST", "/v1/api-tokens/identify?fields=id", { body: { hashes } });
		const [ofOne, ofTwo] = hashes;
		assert.deepEqual(ids.body.tokens, { [ofOne ?? ""]: { id: one.id }, [ofTwo ?? ""]: { id: two.id } });
		const unknown = await daemon.call("POST", "/v1/api-tokens/identify?fields=hash", { body: { hashes } });
		assert.deepEqual(pointersOf(unknown), ["?fields"]);
		const wrong = await daemon.call("POST", "/v1/api-tokens/identify", { body: { hashes: [one.token] } });
		assert.deepEqual(pointersOf(wrong), ["/hashes/0"], "a secret sent by mistake is refused");
	});

	describe("grants", () => {
		it("are seen and changed from the token's side and from the resource's", async () => {
			const { id, token } = await daemon.create();
			const path = `/v1/resources/channel/${encodeURIComponent("soc/tier 1".replace(" ", "-"))}`;
			assert.deepEqual((await daemon.call("PUT", `${path}/grants/${id}`)).body.resources, [
				"channel/soc/tier-1",
			]);
			assert.equal((await daemon.call("PUT", `${path}/grants/${id}`)).body.version, 2, "twice is once");
			assert.equal((await daemon.verify(token, "?resource=channel/soc/tier-1")).status, 200);
			const { body } = await daemon.call("GET", "/v1/resources");
			assert.deepEqual(body.resources, [{ kind: "channel", id: "soc/tier-1", tokenIds: [id] }]);
			assert.equal((await daemon.call("GET", path)).body.tokens[0].id, id);
			assert.equal((await daemon.patch(id, { resources: [] }, "*")).status, 200);
			assert.deepEqual((await daemon.call("GET", path)).body.tokens, []);
			await daemon.call("PUT", `${path}/grants/${id}`);
			assert.deepEqual((await daemon.call("DELETE", `${path}/grants/${id}`)).body.resources, []);
			assert.equal((await daemon.verify(token, "?resource=channel/soc/tier-1")).status, 403);
		});

		it("refuse what no resource can be, however it is written in the path", async () => {
			const { id, token } = await daemon.create();
			for (const name of ["a%20channel%2Fsecret", "a%0Ab", "%F0%9F%94%91", "x".repeat(300)]) {
				const answer = await daemon.call("PUT", `/v1/resources/channel/${name}/grants/${id}`);
				assert.deepEqual([answer.status, answer.body.code], [400, "invalid-request"], name);
			}
			assert.equal((await daemon.verify(token)).headers.get("x-token-resources"), "");
		});

		it("refuse an unknown token, a kind that the profile lacks, and what the caller does not hold", async () => {
			assert.equal((await daemon.call("PUT", "/v1/resources/channel/soc/grants/unknown")).status, 404);
			const narrative = await daemon.create({
				profile: "narrative",
				permissions: ["datasets:read"],
				expiry: "2026-04-01T00:00:00Z",
			});
			const answer = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${narrative.id}`);
			assert.deepEqual([answer.status, ...pointersOf(answer)], [400, "/resources/0"]);
			const writer = await daemon.create({ permissions: ["api.api-tokens.write"] });
			const own = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${writer.id}`, {
				secret: writer.token,
			});
			assert.equal(own.body.code, "exceeds-caller", "a caller can't grant itself what it lacks");
		});
	});
});

function pointersOf(answer: Answer): string[] {
	return answer.body.errors.map((error: { pointer: string }) => error.pointer);
}
