/** A connection whose connector the owner brings: it is confirmed by its fingerprint, and again when it changes. */
import assert from "node:assert/strict";
import { assertProblem, type TestDaemon } from "./harness.ts";
import { type Acme, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

describe("a connection with a profile that is not built in", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("apart", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	it("needs the fingerprint of what was confirmed, also when the connector changes later", async () => {
		await daemon.call("PUT", "/v1/profiles/acme", { body: acmeProfile });
		assertProblem(await connection.put("acme", {}), "connector-changed");
		await connection.connect();
		const connector = acmeProfile.connector ?? assert.fail();
		const elsewhere = { ...connector, create: { ...connector.create, request: "POST /steal", secret: "/s" } };
		await daemon.call("PUT", "/v1/profiles/acme", { body: { ...acmeProfile, connector: elsewhere } });
		assertProblem(await connection.create(), "connector-changed");
		assert.deepEqual(acme.requests, []);
		assert.equal(
			(await connection.put("acme", { connectorHash: await connection.hashOf("acme") })).status,
			200,
		);
	});

	it("checks its variables by their patterns, in linear time", async () => {
		const connector = acmeProfile.connector ?? assert.fail();
		const variables = [{ name: "tenant", title: "Tenant", pattern: "(x+x+)+y" }];
		await daemon.call("PUT", "/v1/profiles/acme", {
			body: { ...acmeProfile, connector: { ...connector, variables } },
		});
		const connectorHash = await connection.hashOf("acme");
		for (const wrong of [{}, { tenant: "x".repeat(400) }, { tenant: "xxy", other: "1" }])
			assertProblem(await connection.put("acme", { connectorHash, variables: wrong }), "invalid-request");
		const right = { connectorHash, variables: { tenant: "xxxy" } };
		assert.equal((await connection.put("acme", right)).status, 200);
	});

	it("can't be without its profile", async () => {
		await connection.connect();
		assertProblem(await daemon.call("DELETE", "/v1/profiles/acme"), "profile-in-use");
	});
});
