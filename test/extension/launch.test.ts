import assert from "node:assert/strict";
import { Consents, fingerprintOf } from "../../extension/launch/consents.ts";
import { consentDetail, consentTitle, shownLine } from "../../extension/launch/launch-words.ts";
import { endingSoon, NeedsError, readNeeds, resolveToken } from "../../extension/launch/token-needs.ts";
import { lineageOf } from "../../extension/tokens/lineage.ts";
import { memoryOf } from "../host/memory.ts";
import { tokenRecord as token } from "./a-token.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const day = 86_400_000;

describe("the tokens that a workspace file requests", () => {
	it("are variables with names or IDs of tokens", () => {
		assert.deepEqual(readNeeds({ API_TOKEN: "orders-api", B: "id" }), [
			{ key: "API_TOKEN", wanted: "orders-api" },
			{ key: "B", wanted: "id" },
		]);
	});

	for (const [what, value] of Object.entries({
		"nothing at all": undefined,
		"a list": ["orders-api"],
		"no token": {},
		"a name that is no variable's": { "A=B": "orders-api" },
		"a token that is no text": { A: 5 },
		"an empty name": { A: "" },
		"a variable that makes programs load something": { LD_PRELOAD: "orders-api" },
		"another one": { node_options: "orders-api" },
		"nothing but null": null,
		"a text": "orders-api",
		"too many": variables(21),
	}))
		it(`are refused if they are ${what}`, () => assert.throws(() => readNeeds(value), NeedsError));

	it("are up to twenty", () => assert.equal(readNeeds(variables(20)).length, 20));

	function variables(count: number): Record<string, string> {
		return Object.fromEntries(Array.from({ length: count }, (_, index) => [`A${index}`, "x"]));
	}
});

describe("the resolved token", () => {
	const first = token("1", { successorId: "2", retiresDate: new Date(now + day).toISOString() });
	const second = token("2", { predecessorId: "1" });

	it("is the successor of a rotated token, by its name and by its old ID", () => {
		for (const wanted of ["orders-api", "1", "2"])
			assert.equal(resolveToken([first, second], wanted, now).id, "2");
	});

	it("is the working one if others with its name are dead", () => {
		const dead = token("0", { revokedDate: new Date(now).toISOString() });
		assert.equal(resolveToken([dead, token("3")], "orders-api", now).id, "3");
		assert.equal(resolveToken([dead], "orders-api", now).id, "0");
		const later = token("4", { ...dead, id: "4", creationDate: new Date(now - day).toISOString() });
		const earlier = token("5", { ...dead, id: "5", creationDate: new Date(now - 2 * day).toISOString() });
		for (const all of [
			[earlier, later],
			[later, earlier],
		])
			assert.equal(resolveToken(all, "orders-api", now).id, "4");
	});

	it("is an error if several tokens match, or none", () => {
		assert.throws(() => resolveToken([token("1"), token("2")], "orders-api", now), /Several tokens/);
		const there = [token("srv-00000001~3"), token("srv-00000002~4")];
		assert.throws(() => resolveToken(there, "orders-api", now), /Several tokens/);
	});

	it("is this machine's before one of a server with the same name or ID, whatever that server lists", () => {
		const tokens = [token("srv-00000001~1"), token("srv-00000001~2"), token("1")];
		for (const wanted of ["orders-api", "1"]) assert.equal(resolveToken(tokens, wanted, now).id, "1");
		assert.equal(resolveToken(tokens, "2", now).id, "srv-00000001~2");
		assert.throws(() => resolveToken([token("1")], "orders", now), /No token is named “orders”/);
	});

	it("is remembered by its lineage, which a rotation does not change", () => {
		assert.equal(lineageOf([first, second], second), "1");
		assert.equal(lineageOf([first, second], first), "1");
		// The record of the first is gone, and its id still names the lineage.
		assert.equal(lineageOf([second], second), "1");
	});

	it("does not hang on records that succeed each other in a cycle", () => {
		const circle = [
			token("1", { successorId: "2", predecessorId: "2" }),
			token("2", { successorId: "1", predecessorId: "1" }),
		];
		assert.ok(resolveToken(circle, "1", now));
		assert.ok(lineageOf(circle, circle[0] ?? token("1")));
	});
});

describe("consents", () => {
	const consent = {
		lineage: "1",
		fingerprint: fingerprintOf({ command: "npm test" }),
		words: "npm test",
		date: 1,
	};

	it("apply to the same token and the same content only", async () => {
		const consents = new Consents(memoryOf());
		assert.equal(consents.has(consent), false);
		await consents.give([consent]);
		assert.equal(consents.has(consent), true);
		assert.equal(consents.has({ ...consent, lineage: "2" }), false);
		const other = fingerprintOf({ command: "npm test; curl evil" });
		assert.equal(consents.has({ ...consent, fingerprint: other }), false);
	});

	it("can be withdrawn", async () => {
		const consents = new Consents(memoryOf());
		await consents.give([consent, { ...consent, lineage: "2" }]);
		await consents.withdraw([consent]);
		assert.deepEqual(
			consents.all.map(({ lineage }) => lineage),
			["2"],
		);
	});

	it("are kept once each, the latest 200, and each change is announced", async () => {
		let changes = 0;
		const consents = new Consents(memoryOf(), () => changes++);
		const many = Array.from({ length: 200 }, (_, index) => ({ ...consent, lineage: `${index}` }));
		await consents.give(many);
		await consents.give([{ ...consent, lineage: "0", date: 2 }]);
		assert.equal(consents.all.length, 200);
		assert.equal(consents.all.at(-1)?.date, 2);
		await consents.give([{ ...consent, lineage: "200" }]);
		assert.deepEqual(
			["1", "2", "200"].map((lineage) => consents.has({ ...consent, lineage })),
			[false, true, true],
		);
		await consents.withdraw(consents.all);
		assert.deepEqual([consents.all, changes], [[], 4]);
	});

	it("are given only once they are kept", async () => {
		const memory = { ...memoryOf(), update: () => Promise.reject(new Error("The disk is full")) };
		await assert.rejects(new Consents(memory as never).give([consent]), /The disk is full/);
	});

	it("are ignored if the memory contains anything else", async () => {
		const memory = memoryOf();
		const others = [
			{ ...consent, lineage: 1 },
			{ ...consent, words: undefined },
			{ ...consent, date: "1" },
		];
		await memory.update("launchConsents", [null, "x", { lineage: 1 }, ...others, consent]);
		assert.deepEqual(new Consents(memory).all, [consent]);
		await memory.update("launchConsents", "x");
		assert.deepEqual(new Consents(memory).all, []);
	});

	it("do not depend on the order of members in a file", () => {
		const one = fingerprintOf({ a: 1, b: { c: [1, 2], d: "x" } });
		assert.equal(one, fingerprintOf({ b: { d: "x", c: [1, 2] }, a: 1 }));
		assert.notEqual(one, fingerprintOf({ a: 1, b: { c: [2, 1], d: "x" } }));
	});
});

describe("the consent question", () => {
	const grants = [{ key: "API_TOKEN", token: token("1") }];

	it("shows who asks, what runs, the variables and their permissions", () => {
		const question = { who: "The task “test”", lines: ["npm test", "in /w"], caution: "Careful.", grants };
		assert.equal(
			consentTitle(question),
			"The task “test” requests the secret of the API token “orders-api”.",
		);
		const detail = consentDetail(question);
		const held = "API_TOKEN will hold the secret of “orders-api”, which has the permissions orders.read.";
		for (const part of ["npm test", "in /w", held, "Careful."])
			assert.ok(detail.includes(part), `${part} is missing in ${detail}`);
	});

	it("counts the tokens if there are several", () => {
		const question = {
			who: "The task “test”",
			lines: [],
			caution: undefined,
			grants: [...grants, ...grants],
		};
		assert.equal(consentTitle(question), "The task “test” requests the secrets of 2 API tokens.");
	});

	it("names no permissions of a token that has none", () => {
		const none = [{ key: "A", token: token("1", { permissions: [] }) }];
		const detail = consentDetail({ who: "", lines: [], caution: undefined, grants: none });
		assert.match(detail, /^A will hold the secret of “orders-api”\.$/m);
	});

	it("shows fourteen lines of 300 characters whole", () => {
		const line = "x".repeat(300);
		assert.equal(shownLine(line), line);
		const lines = Array.from({ length: 14 }, () => line);
		const detail = consentDetail({ who: "", lines, caution: undefined, grants });
		assert.equal(detail.match(/^ {4}x{300}$/gm)?.length, 14);
		assert.doesNotMatch(detail, /more/);
	});

	for (const [what, line, hidden] of [
		["line breaks", `npm test${"\n".repeat(80)}; curl evil`, "curl evil"],
		["blanks", `npm test${" ".repeat(290)}; curl evil`, "curl evil"],
		["tabs", `npm test${"\t".repeat(5)}; curl evil`, "curl evil"],
		["wide blanks", `npm test${"\u3000".repeat(290)}; curl evil`, "curl evil"],
	] as const)
		it(`shows what follows many ${what}`, () => {
			const shown = shownLine(line);
			assert.ok(shown.includes(hidden), shown);
			assert.ok(shown.length < 60, shown);
		});

	it("shows no character that reorders or hides text", () => {
		const hidden = ["\u202E", "\u200B", "\u0007", "\u2066"];
		const shown = shownLine(`a${hidden.join("b")}`);
		assert.deepEqual(
			hidden.filter((character) => shown.includes(character)),
			[],
		);
	});

	it("counts what it does not show", () => {
		assert.match(shownLine("x".repeat(1000)), /… \(700 more characters\)$/);
		const many = { who: "", lines: Array.from({ length: 20 }, () => "x"), caution: undefined, grants };
		assert.match(consentDetail(many), /and 6 more/);
	});
});

describe("a token before its use", () => {
	it("causes a warning if it is dead or expires within a day, the worst first", () => {
		const inDays = (days: number) => new Date(now + days * day).toISOString();
		const tokens = [
			token("calm", { expiry: inDays(2) }),
			token("after a day", { expiry: new Date(now + day + 1).toISOString() }),
			token("at a day", { expiry: inDays(1) }),
			token("soon", { expiry: inDays(0.9) }),
			token("sooner", { expiry: inDays(0.1) }),
			token("expired", { expiry: inDays(-1) }),
			token("endless"),
			token("revoked", { revokedDate: inDays(-1) }),
			token("disabled", { disabledDate: inDays(-1) }),
		];
		assert.deepEqual(
			endingSoon(tokens, now).map(({ id }) => id),
			["expired", "revoked", "disabled", "sooner", "soon", "at a day"],
		);
	});
});
