/** Connections to other systems: stored without a credential, changed by the owner alone. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionInput } from "../../daemon/contract.ts";
import { assertProblem, daemonOfEach, ownerKey, type TestDaemon } from "./harness.ts";

const acme: ConnectionInput = {
	name: "Acme",
	profile: "mindbridge",
	baseUrl: "https://acme.mindbridge.ai/api",
	variables: { tenant: "acme" },
};
const hash = `sha256:${"b".repeat(64)}`;

describe("a connection", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	const put = (id: string, body: object) => daemon.call("PUT", `/v1/connections/${id}`, { body });
	const listed = async () => (await daemon.call("GET", "/v1/connections")).body.connections;
	const register = (connection: string, remoteId: string | null = "7") => {
		const body = {
			name: "m",
			issuer: "mindbridge",
			partialToken: "abcd…wxyz",
			hash,
			connection,
			remoteId,
		};
		return daemon.call("POST", "/v1/api-tokens/register", { body });
	};

	it("is listed by name, after a restart too, with its defaults", async () => {
		assert.equal((await put("two", { ...acme, name: "Zeta" })).status, 200);
		assert.equal((await put("one", acme)).status, 200);
		await daemon.close();
		await daemon.open();
		const [first, second] = await listed();
		assert.deepEqual(first, {
			...acme,
			id: "one",
			tls: { verify: true, ca: null },
			connectorHash: null,
			createdDate: "2026-03-10T12:00:00.000Z",
		});
		assert.equal(second.name, "Zeta");
	});

	it("keeps its creation date when it is renamed, and tells the audit of each change once", async () => {
		await put("one", acme);
		daemon.now = new Date("2026-03-11T12:00:00.000Z");
		await put("one", acme);
		const { body } = await put("one", { ...acme, name: "Acme 2" });
		assert.equal(body.createdDate, "2026-03-10T12:00:00.000Z");
		const audit = await daemon.call("GET", "/v1/audit-events?action=connection");
		assert.equal(audit.body.events.length, 2);
		assert.equal(audit.body.events[0].before.name, "Acme");
		assert.equal(audit.body.events[0].after.name, "Acme 2");
	});

	it("is an event for every window", async () => {
		const response = await fetch(`${daemon.url}/v1/events`, {
			headers: { authorization: `Bearer ${ownerKey}` },
		});
		const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
		let text = "";
		await put("one", acme);
		while (!/event: connections\ndata: .*"Acme"/.test(text)) {
			const { value = "", done } = (await reader?.read()) ?? { done: true };
			assert.ok(!done, text);
			text += value;
		}
		await reader?.cancel();
	});

	const wrong: [what: string, change: object, pointer: string][] = [
		["http to another machine", { baseUrl: "http://acme.example/api" }, "/baseUrl"],
		["another scheme", { baseUrl: "file:///etc/passwd" }, "/baseUrl"],
		["a user in the address", { baseUrl: "https://ann@acme.example" }, "/baseUrl"],
		["a password in the address", { baseUrl: "https://ann:pw@acme.example" }, "/baseUrl"],
		["a query in the address", { baseUrl: "https://acme.example/?key=1" }, "/baseUrl"],
		["no address", { baseUrl: "acme" }, "/baseUrl"],
		["a certificate that is none", { tls: { verify: true, ca: "x" } }, "/tls/ca"],
		["this machine's own profile", { profile: "local" }, "/profile"],
		["an unknown profile", { profile: "nowhere" }, "/profile"],
		["a blank name", { name: " " }, "/name"],
		["a credential", { credential: "s3cret" }, "/credential"],
	];
	for (const [what, change, pointer] of wrong) {
		it(`is refused with ${what}`, async () => {
			const answer = await put("one", { ...acme, ...change });
			assertProblem(answer, "invalid-request");
			assert.equal(answer.body.errors[0].pointer, pointer);
			assert.deepEqual(await listed(), []);
		});
	}

	for (const baseUrl of ["http://127.0.0.1:4873", "http://localhost:4873/registry", "http://[::1]:4873"]) {
		it(`may be unencrypted on this machine: ${baseUrl}`, async () => {
			assert.equal((await put("one", { ...acme, baseUrl })).status, 200);
		});
	}

	it("does not share its name with another one", async () => {
		await put("one", acme);
		assertProblem(await put("two", acme), "name-taken");
		assert.equal((await listed()).length, 1);
	});

	it("keeps its system while tokens of it work, and can be renamed", async () => {
		await put("one", acme);
		const { body: token } = await register("one");
		assert.deepEqual([token.connectionId, token.remoteId, token.profile], ["one", "7", "mindbridge"]);
		assertProblem(await put("one", { ...acme, baseUrl: "https://evil.example/api" }), "connection-in-use");
		assertProblem(await put("one", { ...acme, variables: { tenant: "evil" } }), "connection-in-use");
		assert.equal((await put("one", { ...acme, name: "Acme 2" })).status, 200);
		assertProblem(await daemon.call("DELETE", "/v1/connections/one"), "connection-in-use");
		assert.equal((await daemon.call("DELETE", "/v1/connections/one?forget=true")).status, 204);
		assert.deepEqual(await listed(), []);
		assert.equal((await daemon.record(token.id)).connectionId, "one");
	});

	it("can be deleted once all its tokens have ended", async () => {
		await put("one", acme);
		// Without an id of its system, a token is revoked by hand there, and here only noted as revoked.
		const { body: token } = await register("one", null);
		await daemon.call("DELETE", `/v1/api-tokens/${token.id}`);
		assert.equal((await daemon.call("DELETE", "/v1/connections/one")).status, 204);
		assertProblem(await daemon.call("DELETE", "/v1/connections/one"), "not-found");
	});

	it("is read with the permission to read tokens, and changed by the owner alone", async () => {
		const { token: secret } = await daemon.create({
			permissions: ["api.api-tokens.read", "api.api-tokens.write", "api.api-tokens.delete"],
		});
		assert.equal((await daemon.call("GET", "/v1/connections", { secret })).status, 200);
		for (const [method, body] of [["PUT", acme], ["DELETE"]] as const) {
			assertProblem(await daemon.call(method, "/v1/connections/one", { secret, body }), "owner-only");
			const none = await daemon.call(method, "/v1/connections/one", { secret: null, body });
			assertProblem(none, "credentials-missing");
		}
		assertProblem(await daemon.call("GET", "/v1/connections", { secret: null }), "credentials-missing");
	});

	it("refuses a header for another system that is not well-formed, and repeats nothing of it", async () => {
		const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
		for (const header of [
			"%%%",
			encoded("s3cret"),
			encoded({ credential: "" }),
			encoded({ secret: "s3cret" }),
		]) {
			const answer = await daemon.call("GET", "/v1/connections", {
				headers: { "Tokensmith-Access": header },
			});
			assertProblem(answer, "invalid-request");
			assert.doesNotMatch(JSON.stringify(answer.body), /s3cret/);
		}
	});

	it("leaves nothing of the header in the daemon's files", async () => {
		const access = { credential: "crede-ntial-1", answers: { password: "passw-ord-1" } };
		const header = Buffer.from(JSON.stringify(access)).toString("base64url");
		await daemon.call("PUT", "/v1/connections/one", {
			body: acme,
			headers: { "Tokensmith-Access": header },
		});
		await daemon.close();
		for (const file of readdirSync(daemon.directory)) {
			const text = readFileSync(join(daemon.directory, file), "latin1");
			for (const secret of [...Object.values(access.answers), access.credential, header])
				assert.ok(!text.includes(secret), file);
		}
		await daemon.open();
	});
});
