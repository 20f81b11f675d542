/** Which answers and events of a connected server are believed, and what the errors tell of the others. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import type { ServerEvents } from "../../daemon/contract.ts";
import { believedAnswer, believedEvents } from "../../extension/daemon/server-answers.ts";
import { tokenRecord } from "./a-token.ts";
import { anEvent } from "./an-event.ts";

const token = { ...tokenRecord("one"), status: "active" as const };
const connection = {
	...{ id: "npm", name: "npm", profile: "npm", baseUrl: "https://registry.example", variables: {} },
	...{ tls: { verify: true, ca: null }, connectorHash: null, createdDate: "2026-01-01T00:00:00.000Z" },
};

describe("a server's answer", () => {
	const believed: [method: string, path: string, answer: unknown][] = [
		["GET", "/v1/api-tokens?limit=1000", { tokens: [token], nextCursor: null }],
		["POST", "/v1/api-tokens", { ...token, token: "tks_secret" }],
		["POST", "/v1/api-tokens/identify", { tokens: { "sha256:00": token } }],
		["POST", "/v1/api-tokens/identify?fields=id", { tokens: { "sha256:00": { id: "one" } } }],
		["POST", "/v1/api-tokens/one/rotate", { ...token, token: "tks_secret", predecessor: token }],
		["POST", "/v1/api-tokens/one/undo-rotation", { token, successor: token }],
		["GET", "/v1/api-tokens/one", token],
		["GET", "/v1/api-tokens/current", token],
		["POST", "/v1/api-tokens/one/disable", token],
		["DELETE", "/v1/api-tokens/one?reason=x", token],
		["GET", "/v1/resources", { resources: [] }],
		["GET", "/v1/audit-events?limit=5", { events: [], nextCursor: null }],
		["GET", "/v1/usage", { usage: [] }],
		["GET", "/v1/profiles", { profiles: [] }],
		["GET", "/v1/connections", { connections: [connection] }],
		["PUT", "/v1/connections/npm", connection],
	];
	for (const [method, path, answer] of believed) {
		it(`is believed of the shape that ${method} ${path} has, and of no other`, () => {
			assert.equal(believedAnswer({ method, path }, answer), answer);
			const newer = { ...(answer as object), ofANewerServer: 1 };
			assert.equal(believedAnswer({ method, path }, newer), newer);
			for (const other of [null, [], "text", {}, { token: 1 }])
				assert.throws(() => believedAnswer({ method, path }, other), /not as expected/);
		});
	}

	it("is not believed where none is expected", () => {
		for (const [method, path] of [
			["GET", "/v1/backup"],
			["POST", "/v1/profiles"],
			["PUT", "/v1/policy"],
			["DELETE", "/v1/connections/npm"],
		] as const)
			assert.throws(
				() => believedAnswer({ method, path }, {}),
				new RegExp(`No answer to ${method} is expected`),
			);
	});

	it("is refused with the place of what is wrong, and nothing that stands there", () => {
		const wrong = { tokens: [{ ...token, name: ["tks_hidden"] }], nextCursor: null };
		assert.throws(
			() => believedAnswer({ method: "GET", path: "/v1/api-tokens?limit=1" }, wrong),
			(error: Error) => {
				assert.match(
					error.message,
					/^The server's answer is not as expected \(invalid_type at "tokens\.0\.name"\)/,
				);
				assert.doesNotMatch(error.message, /tks_hidden/);
				return true;
			},
		);
		const long = { tokens: { ["x".repeat(500)]: 1 } };
		assert.throws(
			() => believedAnswer({ method: "POST", path: "/v1/api-tokens/identify" }, long),
			(error: Error) => error.message.includes(`"tokens.${"x".repeat(93)}"`),
		);
	});

	const secrets: [secret: string, isBelieved: boolean][] = [
		["x", true],
		["x".repeat(8192), true],
		["x".repeat(8193), false],
		["", false],
		["two words", false],
		["x\nPATH=/tmp", false],
		["é", false],
	];
	for (const [secret, isBelieved] of secrets) {
		it(`${isBelieved ? "may" : "must not"} have ${JSON.stringify(secret).slice(0, 20)} as a secret of ${secret.length} characters`, () => {
			const read = () =>
				believedAnswer({ method: "POST", path: "/v1/api-tokens" }, { ...token, token: secret });
			if (isBelieved) assert.equal(read().token, secret);
			else assert.throws(read, /characters that no secret has/);
		});
	}
});

describe("a server's event", () => {
	const events: { [Name in keyof ServerEvents]: object } = {
		hello: { notices: [{ code: "x", detail: "x" }] },
		token: { change: "created", token },
		"dead-token-used": { token, reason: "revoked", address: "127.0.0.1" },
		audit: { ...anEvent({}) },
		profiles: { profiles: [] },
		connections: { connections: [connection] },
	};
	for (const [name, data] of Object.entries(events) as [keyof ServerEvents, object][]) {
		it(`${name} is believed of its own shape only`, () => {
			const read = believedEvents();
			assert.equal(read(name, data), data);
			for (const other of [null, {}, { ...data, [Object.keys(data)[0] as string]: true }])
				assert.throws(() => read(name, other), /not as expected/);
		});
	}

	describe("is one of many", () => {
		afterEach(() => mock.restoreAll());

		it("of which 50,000 in ten seconds are followed, and no more", () => {
			let now = 1_000_000;
			mock.method(performance, "now", () => now);
			const read = believedEvents();
			const several = (count: number) => {
				for (let each = 0; each < count; each++) read("profiles", { profiles: [] });
			};
			several(50_000);
			now += 10_000;
			assert.throws(() => several(1), /more events than the editor can follow/);
			now += 1;
			several(50_000);
			assert.throws(() => several(1), /more events than the editor can follow/);
		});
	});
});
