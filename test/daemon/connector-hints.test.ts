/** What a failure says to the author of a connector: where the answer has something, and nothing of what it has there. */
import assert from "node:assert/strict";
import { createAt, listAt } from "../../daemon/issuers/connector/engine.ts";
import { placesIn } from "../../daemon/issuers/connector/pointer.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, routes } from "./systems/fake-system.ts";

const secret = "acme-secret-0123456789";

describe("a pointer of a connector that finds nothing", () => {
	let fake: FakeSystem;
	const entry = { uuid: "7", label: "ci", owner: { name: "ada" } };
	const one = { request: "POST /one", secret: "/data/key" };
	before(async () => {
		fake = await FakeSystem.start(
			routes({
				"POST /one": () => ({ status: 201, json: { data: { ...entry, key: secret } } }),
				"GET /many": () => ({ json: { data: { tokens: [entry], total: 1 } } }),
				"GET /none": () => ({ json: { data: [] } }),
				"GET /me": () => ({ status: 204 }),
			}),
		);
	});
	after(() => fake.stop());

	const acme = (more: object) =>
		systemWith(
			said({ base: null, auth: { "X-Key": "{credential}" }, record: { id: "/id" }, ...more }),
			fake.url,
		);
	const list = (more: object) => ({ request: "GET /many", items: "/data/tokens", ...more });
	const failures: [what: string, run: () => Promise<unknown>, words: RegExp][] = [
		[
			"the secret",
			() => createAt(acme({ create: { ...one, at: "/data", secret: "/key" } }), accessWith("k"), wanted({})),
			/no secret at "\/key"\. It has \/data\/uuid, \/data\/label, \/data\/owner\/name, \/data\/key\./,
		],
		[
			"the id of a new token",
			() => createAt(acme({ create: { ...one, at: "/data" } }), accessWith("k"), wanted({})),
			/does not tell the token's id at "\/data\/id"\. It has \/data\/uuid, /,
		],
		[
			"the list",
			() => listAt(acme({ list: list({ items: "/tokens" }) }), accessWith("k")),
			/no list at \/tokens of its answer\. It has lists at \/data\/tokens\.$/,
		],
		[
			"the ids in a list",
			() => listAt(acme({ list: list({}) }), accessWith("k")),
			/lists tokens, but none has an id at "\/id"\. It has \/uuid, \/label, \/owner\/name\.$/,
		],
	];
	for (const [what, run, words] of failures) {
		it(`is answered with those that do: ${what}`, async () => {
			const { message } = await rejection(run());
			assert.match(message, words);
			assert.ok(!message.includes(secret), message);
		});
	}

	it("is no failure where there is nothing to find", async () => {
		assert.deepEqual(
			await listAt(acme({ list: { request: "GET /none", items: "/data" } }), accessWith("k")),
			[],
		);
	});

	it("never shows a key that could be a secret, nor more than a few", () => {
		const keys = {
			sha1: 1,
			npm_0123456789abcdef: 1,
			"a long key with blanks": 1,
			[secret]: 1,
			"": 1,
			"7": 1,
		};
		assert.deepEqual(placesIn(keys, "value"), ["/sha1"]);
		const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`.slice(0, 3), 1]));
		assert.equal(placesIn(many, "value").length, 12);
		assert.deepEqual(placesIn([[], { a: [] }], "list"), ["", "/0"]);
	});

	it("is not what a probe's unknown answer is called: the status is, and that it tells nothing", async () => {
		const verify = [{ request: "GET /me", live: [200], dead: [401] }];
		const { outcome, detail } = await probeAt(acme({ verify }), accessWith("k"));
		assert.deepEqual(
			[outcome, detail],
			["unknown", "Acme answered 204. That does not tell whether the token works."],
		);
	});
});
