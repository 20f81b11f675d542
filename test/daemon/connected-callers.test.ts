/** What a caller with a token can do through a connection: with its own credential alone, and never more than its permissions. */
import assert from "node:assert/strict";
import type { ConnectionInput, Connector } from "../../daemon/contract.ts";
import { apiPermissions } from "../../daemon/facts.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, assertProblem, type TestDaemon } from "./harness.ts";
import { type Acme, type AcmeToken, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

const { read, write, delete: revoke } = apiPermissions;

describe("a caller that is not the owner", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("connected", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	const callerWith = async (...permissions: string[]) => (await daemon.create({ permissions })).token;

	describe("chooses no address", () => {
		const input: ConnectionInput = { name: "Mine", profile: "mindbridge", baseUrl: "http://127.0.0.1:9" };
		const ownersAlone: [method: string, path: string, body: unknown][] = [
			["PUT", "/v1/connections/acme", input],
			["PUT", "/v1/connections/new", input],
			["DELETE", "/v1/connections/acme?forget=true", undefined],
			["PUT", "/v1/profiles/acme", acmeProfile],
			["DELETE", "/v1/profiles/acme", undefined],
			["PUT", "/v1/workspaces/w/profiles", { profiles: [acmeProfile] }],
			["PUT", "/v1/policy", {}],
		];
		for (const [method, path, body] of ownersAlone) {
			it(`by ${method} ${path}, whatever its permissions`, async () => {
				const secret = await callerWith("*");
				assertProblem(await connection.call(method, path, { secret, body }), "owner-only");
			});
		}

		it("by a proxy, on any route that calls a system, and nothing is sent", async () => {
			const { id } = await connection.created();
			const secret = await callerWith("*");
			const access = { proxy: { url: acme.url, noProxy: [] } };
			const sent = acme.requests.length;
			const headers = { "if-match": "*" };
			const routes: [method: string, path: string, body?: unknown][] = [
				["POST", "/v1/api-tokens", { name: "x", permissions: ["read"], connection: "acme" }],
				["PATCH", `/v1/api-tokens/${id}`, { name: "renamed" }],
				["DELETE", `/v1/api-tokens/${id}`],
				["POST", `/v1/api-tokens/${id}/rotate`, { overlapSeconds: 60 }],
				["PUT", `/v1/resources/channel/soc/grants/${id}`],
				["POST", "/v1/connections/acme/probe"],
				["POST", "/v1/connections/acme/probe?kind=token"],
				["POST", "/v1/connections/acme/reconcile", {}],
				["POST", "/v1/connections/acme/import", { remoteIds: ["t1"] }],
			];
			for (const [method, path, body] of routes)
				assertProblem(await connection.call(method, path, { secret, access, headers, body }), "owner-only");
			assert.equal(acme.requests.length, sent);
		});

		it("by an id, an option or a permission of its token", async () => {
			const secret = await callerWith("*");
			for (const remoteId of ["../../admin", "..", "a/../../b", "http://127.0.0.1:9/"]) {
				const body = { remoteIds: [remoteId] };
				const path = "/v1/connections/acme/import";
				assertProblem(await connection.call("POST", path, { secret, body }), "not-found");
			}
			assert.deepEqual([...new Set(acme.requests)], ["GET /tokens"]);
		});
	});

	describe("needs, to", () => {
		const calls: [what: string, needed: string, call: (secret: string, id: string) => Promise<Answer>][] = [
			[
				"test a credential",
				read,
				(secret) => connection.call("POST", "/v1/connections/acme/probe", { secret }),
			],
			[
				"compare",
				write,
				(secret) => connection.call("POST", "/v1/connections/acme/reconcile", { secret, body: {} }),
			],
			[
				"create a token",
				write,
				(secret) =>
					connection.call("POST", "/v1/api-tokens", {
						secret,
						body: { name: "theirs", permissions: ["read"], connection: "acme" },
					}),
			],
			[
				"revoke a token",
				revoke,
				(secret, id) => connection.call("DELETE", `/v1/api-tokens/${id}`, { secret }),
			],
		];
		for (const [what, needed, call] of calls) {
			it(`${what}, ${needed} and no other permission`, async () => {
				const { id } = await connection.created();
				const others = Object.values(apiPermissions).filter((one) => one !== needed);
				const sent = acme.requests.length;
				for (const other of others)
					assertProblem(await call(await callerWith(other), id), "permission-missing");
				assert.equal(acme.requests.length, sent, "nothing is sent before the permission is checked");
				const { status } = await call(await callerWith(needed), id);
				assert.ok(status === 200 || status === 201, String(status));
			});
		}
	});

	it("marks no token as revoked by a comparison without the permission to delete", async () => {
		const { id, remoteId } = await connection.created();
		const [there] = acme.tokens.values();
		// Their own credential lists other tokens than the owner's.
		acme.tokens.delete(remoteId);
		const body = { apply: [id] };
		const path = "/v1/connections/acme/reconcile";
		const secret = await callerWith(read, write);
		assertProblem(await connection.call("POST", path, { secret, body }), "permission-missing");
		assert.equal((await daemon.record(id)).status, "active");
		acme.tokens.set(remoteId, { ...(there as AcmeToken), name: "renamed" });
		assert.equal((await connection.call("POST", path, { secret, body })).body.applied.length, 1);
		acme.tokens.delete(remoteId);
		const deleting = await callerWith(write, revoke);
		assert.equal((await connection.call("POST", path, { secret: deleting, body })).status, 200);
		assert.equal((await daemon.record(id)).status, "revoked");
	});

	describe("can't make the owner's credential delete another token", () => {
		const victim = () => acme.add({ id: "production", name: "production" });
		const hash = hashOf("whatever");

		it("by a record of its own", async () => {
			const { id } = victim();
			const body = { name: "old test", issuer: "acme", hash, partialToken: "acme…", connection: "acme" };
			const secret = await callerWith("*");
			const request = { secret, body: { ...body, remoteId: id } };
			assertProblem(await daemon.call("POST", "/v1/api-tokens/register", request), "owner-only");
			const { connection: _, ...note } = body;
			const noted = await daemon.call("POST", "/v1/api-tokens/register", { secret, body: note });
			assert.equal(noted.status, 201, "a note without a connection is no way to the system");
		});

		it("by a successor that it says was made by hand", async () => {
			const old = await connection.created();
			const registered = { hash, partialToken: "acme…", remoteId: victim().id };
			const body = { overlapSeconds: 60, registered };
			const path = `/v1/api-tokens/${old.id}/rotate`;
			const secret = await callerWith("*");
			assertProblem(await daemon.call("POST", path, { secret, body }), "owner-only");
			assert.equal((await daemon.record(old.id)).successorId, null);
		});
	});

	it("reads no credential: no answer of any route repeats the header", async () => {
		const { id } = await connection.created();
		const secret = await callerWith("*");
		const answers = [
			await connection.call("GET", "/v1/connections", { secret }),
			await connection.call("GET", `/v1/api-tokens/${id}`, { secret }),
			await connection.call("POST", "/v1/connections/acme/probe", { secret }),
			await connection.call("POST", "/v1/connections/acme/reconcile", { secret, body: {} }),
			await connection.call("GET", "/v1/audit-events", { secret }),
			await connection.call("GET", "/metrics", { secret }),
		];
		for (const { status, body } of answers) {
			assert.equal(status, 200);
			assert.ok(!JSON.stringify(body).includes(acme.credential));
		}
	});
});

describe("the credential in use, where it is tested otherwise than the tokens", () => {
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("apart", (given) => {
		connection = given;
		({ acme } = given);
	});

	/** A token that was found there, so that its secret is not known here. */
	const imported = async (verifyCredential: NonNullable<Connector["verifyCredential"]>) => {
		const connector = { ...(acmeProfile.connector ?? assert.fail()), verifyCredential };
		await connection.connect("acme", { ...acmeProfile, connector });
		const found = acme.add({ name: "admin" });
		const body = { remoteIds: [found.id] };
		const answer = await connection.call("POST", "/v1/connections/acme/import", { body });
		return { id: answer.body.tokens[0].id as string, credential: found.secret };
	};

	it("is not deleted before a question when nothing tells which token it is", async () => {
		const { id, credential } = await imported([{ request: "GET /me", live: [200], dead: [401] }]);
		assertProblem(await connection.revoke(id, "", { credential }), "credential-maybe-in-use");
		assertProblem(await connection.revoke(id), "credential-maybe-in-use");
		assert.equal(acme.tokens.size, 1);
		assert.equal((await connection.revoke(id, "?confirmed=true")).body.status, "revoked");
	});

	it("is never deleted when its own test tells its id, and any other token is", async () => {
		const record = { id: "/id" };
		const { id, credential } = await imported([{ request: "GET /me", live: [200], dead: [401], record }]);
		assertProblem(await connection.revoke(id, "?confirmed=true", { credential }), "credential-in-use");
		assert.equal(acme.tokens.size, 1);
		assert.equal((await connection.revoke(id)).body.status, "revoked");
	});

	it("is not deleted before a question when its system does not answer the test", async () => {
		const record = { id: "/id" };
		const { id, credential } = await imported([{ request: "GET /none", live: [200], dead: [401], record }]);
		assertProblem(await connection.revoke(id, "", { credential }), "credential-maybe-in-use");
		assert.equal(acme.tokens.size, 1);
	});
});
