/** Tokens that another system makes, through a connection: over real HTTP, with a system that fails where it hurts. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, assertProblem, type TestDaemon } from "./harness.ts";
import { type Acme, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

describe("a token of a connection", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("connected", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	describe("creation", () => {
		it("makes it there once, and records what the system answers", async () => {
			const token = await connection.created({ expiry: "2026-05-01T00:00:00Z", options: { role: "admin" } });
			const [there] = acme.tokens.values();
			assert.equal(token.token, there?.secret);
			assert.deepEqual(
				[token.issuer, token.profile, token.connectionId, token.remoteId],
				["acme", "acme", "acme", there?.id],
			);
			assert.equal(there?.role, "admin");
			assert.equal(acme.changes.length, 1);
			assert.equal(token.ignored, undefined);
			assert.equal((await daemon.verify(token.token)).status, 401, "only its system verifies it");
			const hashes = [hashOf(token.token)];
			const found = await daemon.call("POST", "/v1/api-tokens/identify", { body: { hashes } });
			assert.equal(found.body.tokens[hashes[0] ?? ""].id, token.id);
		});

		it("reports what the system decided otherwise, and records that", async () => {
			acme.fault = "ignore-expiry";
			const asked = "2026-05-01T00:00:00.000Z";
			const token = await connection.created({ expiry: asked });
			assert.equal(token.expiry, null);
			assert.deepEqual(token.ignored, [{ field: "expiry", asked, answered: null }]);
		});

		const refusals: [what: string, body: object, pointer: string][] = [
			["an expiry past the profile's maximum", { expiry: "2029-01-01T00:00:00Z" }, "/expiry"],
			["a permission that it does not know", { permissions: ["root"] }, "/permissions/0"],
			["an option that it does not have", { options: { colour: "red" } }, "/options/colour"],
			["an option's value that it does not have", { options: { role: "god" } }, "/options/role"],
			["another profile than the connection's", { profile: "local" }, "/profile"],
			["an unknown connection", { connection: "none" }, "/connection"],
		];
		for (const [what, body, pointer] of refusals) {
			it(`refuses ${what}, and sends nothing`, async () => {
				const answer = await connection.create(body);
				assertProblem(answer, "invalid-request");
				assert.ok(
					answer.body.errors.some((error: { pointer: string }) => error.pointer === pointer),
					JSON.stringify(answer.body.errors),
				);
				assert.deepEqual(acme.requests, []);
			});
		}

		it("names the token that is left when the answer is lost, records none and sends nothing twice", async () => {
			acme.fault = "cut";
			const answer = await connection.create();
			assertProblem(answer, "issuer-unanswered");
			assert.match(answer.body.detail, /deploy/);
			assert.equal(acme.changes.length, 1);
			assert.deepEqual(await connection.listed(), []);
		});

		it("passes a limit on, with the seconds to wait", async () => {
			acme.fault = "limited";
			const answer = await connection.create();
			assertProblem(answer, "issuer-limited");
			assert.equal(answer.headers.get("retry-after"), "7");
		});

		it("is taken back there when it can't be recorded", async () => {
			const store = daemon.store.write.bind(daemon.store);
			daemon.store.write = async () => {
				throw new Error("the disk is full");
			};
			const answer = await connection.create();
			daemon.store.write = store;
			assert.equal(answer.status, 500);
			assert.equal(daemon.failures.splice(0).length, 1);
			assert.equal(acme.tokens.size, 0);
			assert.deepEqual(await connection.listed(), []);
		});

		it("can be made by a caller that is not the owner, which brings the credential and no proxy", async () => {
			const { token: secret } = await daemon.create({ permissions: ["api.api-tokens.write"] });
			const body = { name: "theirs", permissions: ["write"], connection: "acme" };
			const made = await connection.call("POST", "/v1/api-tokens", { body, secret });
			assert.equal(made.status, 201, JSON.stringify(made.body));
			const access = { proxy: { url: "http://127.0.0.1:1", noProxy: [] } };
			assertProblem(await connection.call("POST", "/v1/api-tokens", { body, secret, access }), "owner-only");
		});
	});

	describe("a change", () => {
		it("is sent with the changed fields alone; a description and tags stay here", async () => {
			const { id, remoteId } = await connection.created();
			await connection.update(id, { description: "for the pipeline", tags: ["ci"] }, "*", null);
			assert.equal(acme.changes.length, 1);
			const { body } = await connection.update(id, { permissions: ["read", "write"] });
			assert.deepEqual(body.permissions, ["read", "write"]);
			assert.deepEqual(acme.tokens.get(remoteId)?.scopes, ["read", "write"]);
			assert.equal(acme.tokens.get(remoteId)?.name, "deploy");
		});

		it("grants and withdraws resources there, where the system has them", async () => {
			const { id, remoteId } = await connection.created();
			const path = `/v1/resources/channel/soc/grants/${id}`;
			assert.equal((await connection.call("PUT", path)).status, 200);
			assert.deepEqual(acme.tokens.get(remoteId)?.resources, ["channel/soc"]);
			assert.equal((await connection.call("DELETE", path)).status, 200);
			assert.deepEqual(acme.tokens.get(remoteId)?.resources, []);
		});

		it("of an old version is refused before anything is sent, also when both arrive at once", async () => {
			const { id } = await connection.created();
			const both = await Promise.all([
				connection.update(id, { name: "one" }, '"1"'),
				connection.update(id, { name: "two" }, '"1"'),
			]);
			assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412]);
			assert.equal(acme.changes.filter((one) => one.startsWith("PUT")).length, 1);
		});

		it("that the system carried out is recorded even when the record changed meanwhile", async () => {
			const { id } = await connection.created();
			acme.beforeAnswer = async () => {
				acme.beforeAnswer = async () => {};
				const { token } = await daemon.store.token(id).then((stored) => stored ?? assert.fail());
				const usage = { useCount: 0, lastUsed: 0, lastUsedAddress: null };
				const tagged = { ...token, tags: ["meanwhile"], version: token.version + 1 };
				await daemon.store.write((transaction) => transaction.updateToken(tagged, usage));
			};
			const { body } = await connection.update(id, { name: "renamed" }, '"1"');
			assert.deepEqual([body.name, body.tags, body.version], ["renamed", ["meanwhile"], 3]);
		});

		it("that its system can't make is refused", async () => {
			const { id } = await connection.created();
			assertProblem(await connection.update(id, { defaultSource: "soc" }), "invalid-request");
			assert.equal(acme.changes.length, 1);
		});
	});

	describe("rotation", () => {
		it("makes a successor with the same options, and leaves the old one until it is revoked", async () => {
			const old = await connection.created({ options: { role: "admin" } });
			const { body: next } = await connection.rotate(old.id, { overlapSeconds: 60, quietSeconds: 5 });
			assert.equal(next.name, "deploy (2)", "the system accepts no name twice");
			assert.equal(acme.tokens.get(next.remoteId)?.role, "admin");
			assert.equal(next.predecessor.quietSeconds, null);
			daemon.now = new Date(daemon.now.getTime() + 61_000);
			assert.ok(acme.tokens.has(old.remoteId), "nothing is deleted without a credential");
			const ended = await connection.revoke(old.id);
			assert.equal(ended.body.status, "revoked");
			assert.deepEqual([...acme.tokens.keys()], [next.remoteId]);
		});

		it("can be undone while the old one still works there: the successor is deleted", async () => {
			const old = await connection.created();
			const { body: next } = await connection.rotate(old.id);
			daemon.now = new Date(daemon.now.getTime() + 61_000);
			const undone = await connection.call("POST", `/v1/api-tokens/${old.id}/undo-rotation`);
			assert.equal(undone.status, 200, JSON.stringify(undone.body));
			assert.deepEqual([undone.body.token.status, undone.body.successor.status], ["active", "revoked"]);
			assert.deepEqual([...acme.tokens.keys()], [old.remoteId]);
			assert.notEqual(next.remoteId, old.remoteId);
		});

		it("ends early by deleting the old one there", async () => {
			const old = await connection.created();
			await connection.rotate(old.id);
			const { body } = await connection.call("POST", `/v1/api-tokens/${old.id}/end-overlap`);
			assert.equal(body.status, "revoked");
			assert.ok(!acme.tokens.has(old.remoteId));
		});

		it("happens once when two are requested at the same time", async () => {
			const old = await connection.created();
			const both = await Promise.all([connection.rotate(old.id), connection.rotate(old.id)]);
			assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409]);
			assert.equal(acme.tokens.size, 2);
		});

		it("takes a successor that was created by hand, and sends nothing", async () => {
			const old = await connection.created();
			const secret = "acme_by-hand-1234567890";
			const registered = { hash: hashOf(secret), partialToken: "acme…7890", remoteId: "t77" };
			const answer = await connection.rotate(old.id, { overlapSeconds: 60, registered }, null);
			assert.equal(answer.status, 201, JSON.stringify(answer.body));
			assert.deepEqual(
				[answer.body.token, answer.body.remoteId, answer.body.partialToken],
				["", "t77", "acme…7890"],
			);
			assert.equal(acme.changes.length, 1);
		});
	});

	describe("revocation", () => {
		it("deletes it there; one that is gone already counts as deleted", async () => {
			const one = await connection.created();
			const two = await connection.created({ name: "other" });
			assert.equal((await connection.revoke(one.id)).body.status, "revoked");
			acme.tokens.delete(two.remoteId);
			assert.equal((await connection.revoke(two.id)).body.status, "revoked");
			const before = acme.requests.length;
			assert.equal((await connection.revoke(two.id, "", null)).body.status, "revoked");
			assert.equal(acme.requests.length, before, "a revoked token is not sent again");
		});

		it("never deletes the credential in use, by its secret or by its id", async () => {
			const token = await connection.created();
			assertProblem(
				await connection.revoke(token.id, "?confirmed=true", { credential: token.token }),
				"credential-in-use",
			);
			const byHand = acme.add();
			const { body } = await importing([byHand.id]);
			const answer = await connection.revoke(body.tokens[0].id, "", { credential: byHand.secret });
			assertProblem(answer, "credential-in-use");
			assert.equal(acme.tokens.size, 2);
		});

		it("asks where nothing tells whether it is the credential, and obeys the confirmation", async () => {
			const verify = [{ request: "GET /me", live: [200], dead: [401] }];
			const connector = acmeProfile.connector ?? assert.fail();
			await connection.connect("acme", { ...acmeProfile, connector: { ...connector, verify } });
			const byHand = acme.add();
			const { id } = (await importing([byHand.id])).body.tokens[0];
			assertProblem(await connection.revoke(id), "credential-maybe-in-use");
			assert.ok(acme.tokens.has(byHand.id));
			assert.equal((await connection.revoke(id, "?confirmed=true")).body.status, "revoked");
			assert.ok(!acme.tokens.has(byHand.id));
		});

		it("is not claimed by an incident, which reports what still works", async () => {
			const token = await connection.created();
			const local = await daemon.create();
			const body = { reason: "leaked", all: true };
			const report = (await daemon.call("POST", "/v1/incidents", { body })).body;
			assert.deepEqual(
				report.revoked.map((one: { token: { id: string } }) => one.token.id),
				[local.id],
			);
			assert.deepEqual(
				report.stillWorking.map((one: { id: string }) => one.id),
				[token.id],
			);
			assert.match(report.nextSteps[0], /deploy .* still works/);
			assert.equal((await daemon.record(token.id)).status, "active");
		});

		it("only notes it when the connection is forgotten", async () => {
			const token = await connection.created();
			assertProblem(await daemon.call("DELETE", "/v1/connections/acme"), "connection-in-use");
			assert.equal((await daemon.call("DELETE", "/v1/connections/acme?forget=true")).status, 204);
			assert.equal((await connection.revoke(token.id, "", null)).body.status, "revoked");
			assert.ok(acme.tokens.has(token.remoteId));
		});
	});

	function importing(remoteIds: string[]): Promise<Answer> {
		return connection.call("POST", "/v1/connections/acme/import", { body: { remoteIds } });
	}

	it("leaves no credential and no secret in any file of the daemon, and none in an error", async () => {
		const { id, token } = await connection.created();
		const { body: next } = await connection.rotate(id);
		acme.fault = "refuse";
		const refused = JSON.stringify((await connection.revoke(id)).body);
		acme.fault = "none";
		await connection.call("POST", "/v1/connections/acme/reconcile", { body: {} });
		await daemon.close();
		const secrets = [acme.credential, token, next.token];
		for (const file of readdirSync(daemon.directory, { recursive: true })) {
			const path = join(daemon.directory, String(file));
			if (!statSync(path).isFile()) continue;
			const content = readFileSync(path, "latin1");
			for (const secret of secrets) assert.ok(!content.includes(secret), String(file));
		}
		for (const secret of secrets) assert.ok(!refused.includes(secret));
		await daemon.open();
	});
});
