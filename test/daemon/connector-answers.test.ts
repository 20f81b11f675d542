/** What a connector asks the user for: answers that are sent once, and the parts of an address. */
import assert from "node:assert/strict";
import { answersNeeded, proposedBase } from "../../daemon/contract.ts";
import { createAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, type Handler } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};

describe("what a connector asks for", () => {
	const connector = said({
		base: "https://{tenant}.acme.com/{org}/api",
		variables: [
			{ name: "tenant", title: "Tenant", pattern: "[a-z]+" },
			{ name: "org", title: "Organization", pattern: ".+" },
		],
		ask: [
			{ name: "password", title: "Password" },
			{ name: "otp", title: "One-time code" },
		],
		auth: { Authorization: "Bearer {credential}" },
		record: { id: "/id" },
		create: { request: "POST /tokens", body: { password: "{password}" }, secret: "/t" },
		revoke: { request: "DELETE /tokens/{id}", headers: { "X-OTP": "{otp}" } },
		list: { request: "GET /tokens", items: "" },
	});

	it("is known for each operation", () => {
		const names = (["create", "list", "update", "revoke"] as const).map((one) =>
			answersNeeded(connector, one).map(({ name }) => name),
		);
		assert.deepEqual(names, [["password"], [], [], ["otp"]]);
	});

	it("makes the address, if the variables can be part of one", () => {
		assert.equal(proposedBase(connector, { tenant: "a", org: "b" }), "https://a.acme.com/b/api");
		for (const org of ["../x", "a/b", "a?b", "a@evil.example", ""])
			assert.equal(proposedBase(connector, { tenant: "a", org }), null);
	});

	it("is refused before anything is sent when an answer is missing", async () => {
		await start(() => ({ json: [] }));
		const system = systemWith(connector, fake.url, { variables: { tenant: "a", org: "b" } });
		for (const attempt of [
			createAt(system, accessWith("c"), wanted({})),
			revokeAt(system, accessWith("c"), "1"),
		]) {
			assert.equal((await rejection(attempt)).code, "not-supported");
		}
		assert.deepEqual(fake.requests, []);
		await fake.stop();
	});
});
