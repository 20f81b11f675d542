/** What a system tells of tokens that are recorded here: compared, imported, and tested by their secrets. */
import assert from "node:assert/strict";
import type { Profile } from "../../daemon/contract.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import { type Answer, assertProblem, type TestDaemon } from "./harness.ts";
import { type Acme, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

describe("a token at its system", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("connected", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	function importing(remoteIds: string[]): Promise<Answer> {
		return connection.call("POST", "/v1/connections/acme/import", { body: { remoteIds } });
	}

	describe("comparison with its system", () => {
		const reconcile = async (apply: string[] = []) =>
			(await connection.call("POST", "/v1/connections/acme/reconcile", { body: { apply } })).body;
		const ids = (tokens: { id: string }[]) => tokens.map(({ id }) => id);

		it("finds what is on one side only, changed or dead, and changes nothing by itself", async () => {
			const [same, gone, renamed, dead] = [
				await connection.created({ name: "same" }),
				await connection.created({ name: "gone" }),
				await connection.created({ name: "old name" }),
				await connection.created({ name: "dead" }),
			];
			const byHand = acme.add({ name: "by\nhand" });
			acme.tokens.delete(gone.remoteId);
			Object.assign(acme.tokens.get(renamed.remoteId) ?? {}, { name: "new name" });
			Object.assign(acme.tokens.get(dead.remoteId) ?? {}, { dead: true });
			const before = await connection.listed();
			const found = await reconcile();
			assert.deepEqual(
				[found.same, ids(found.unknown), ids(found.missing), ids(found.dead)],
				[1, [byHand.id], [gone.id], [dead.id]],
			);
			assert.deepEqual(found.changed[0].fields, [{ field: "name", here: "old name", there: "new name" }]);
			assert.deepEqual(await connection.listed(), before);
			const applied = await reconcile([renamed.id, gone.id, dead.id, same.id]);
			assert.equal(applied.applied.length, 3);
			assert.deepEqual([applied.missing, applied.dead, applied.changed], [[], [], []]);
			assert.equal((await daemon.record(renamed.id)).name, "new name");
			assert.equal((await daemon.record(gone.id)).status, "revoked");
			assert.equal((await reconcile()).same, 2);
		});

		it("finds no change of an expiry that the system keeps to the minute", async () => {
			const { id, remoteId } = await connection.created({ expiry: "2026-06-01T12:30:00.000Z" });
			const differing = async (there: string) => {
				Object.assign(acme.tokens.get(remoteId) ?? {}, { expiry: there });
				return ids((await reconcile()).changed.map(({ token }: { token: { id: string } }) => token));
			};
			assert.deepEqual(await differing("2026-06-01T12:31:00.000Z"), []);
			assert.deepEqual(await differing("2026-06-01T12:29:00.000Z"), []);
			assert.deepEqual(await differing("2026-06-01T12:31:00.001Z"), [id]);
			assert.deepEqual(await differing("2026-06-01T12:28:59.999Z"), [id]);
		});

		it("imports what was found, all of it or nothing; its secret stays unknown", async () => {
			const byHand = acme.add({ name: "by\nhand", expiry: "2026-06-01T00:00:00.000Z" });
			assertProblem(await importing([byHand.id, "none"]), "not-found");
			assert.deepEqual(await connection.listed(), []);
			const { status, body } = await importing([byHand.id]);
			assert.equal(status, 201);
			const [token] = body.tokens;
			assert.deepEqual(
				[token.name, token.expiry, token.creationDate, token.remoteId],
				["by hand", byHand.expiry, byHand.created, byHand.id],
			);
			assertProblem(await importing([byHand.id]), "not-found");
			assert.deepEqual((await reconcile()).unknown, []);
			await daemon.close();
			await daemon.open();
			assert.equal((await daemon.record(token.id)).name, "by hand");
			assertProblem(await daemon.verify("unknown:x"), "token-malformed");
		});

		it("says of an imported token that it never expires only where its system tells that", async () => {
			const imported = async (id: string, profile: Profile) => {
				await connection.connect(id, profile);
				const { name } = acme.add({ name: id });
				const path = `/v1/connections/${id}`;
				const { unknown } = (await connection.call("POST", `${path}/reconcile`, { body: {} })).body;
				const there = unknown.find((one: { name: string }) => one.name === name);
				const body = { remoteIds: [there.id] };
				const [token] = (await connection.call("POST", `${path}/import`, { body })).body.tokens;
				assert.equal((await daemon.record(token.id)).expiryKnown, token.expiryKnown);
				return [there.expiry, token.expiry, token.expiryKnown];
			};
			const { record, ...rest } = acmeProfile.connector as NonNullable<Profile["connector"]>;
			const { expiry: _, ...others } = record ?? {};
			const untold = { ...acmeProfile, id: "untold", connector: { ...rest, record: others } };
			// Its list leaves the field out where there is none.
			const elsewhere = { ...record, expiry: "/expires" };
			const omitted = { ...acmeProfile, id: "omitted", connector: { ...rest, record: elsewhere } };
			assert.deepEqual(await imported("told", acmeProfile), [null, null, true]);
			assert.deepEqual(await imported("untold", untold), [undefined, null, false]);
			assert.deepEqual(await imported("omitted", omitted), [null, null, true]);
		});

		it("rotates no imported token whose options are not known: its successor could be allowed more", async () => {
			const byHand = acme.add({ name: "by hand", role: "admin" });
			const { body } = await importing([byHand.id]);
			const before = acme.tokens.size;
			const answer = await connection.rotate(body.tokens[0].id);
			assertProblem(answer, "not-supported");
			assert.match(answer.body.detail, /given at Acme for: Role\. Create another token/);
			assert.equal(acme.tokens.size, before);
		});
	});

	describe("a probe", () => {
		const probe = async (path: string, access: object) =>
			connection.call("POST", `${path}/probe`, { access });

		it("tells whether the credential works", async () => {
			assert.equal((await probe("/v1/connections/acme", {})).body.outcome, "live");
			assert.equal((await probe("/v1/connections/acme", { credential: "wrong" })).body.outcome, "dead");
			await acme.stop();
			assert.equal((await probe("/v1/connections/acme", {})).body.outcome, "unknown");
		});

		it("tells whether a token works, by its own secret alone", async () => {
			const { id, token: credential } = await connection.created();
			const path = `/v1/api-tokens/${id}`;
			assert.equal((await probe(path, { credential })).body.outcome, "live");
			acme.tokens.clear();
			assert.equal((await probe(path, { credential })).body.outcome, "dead");
			assertProblem(await probe(path, { credential: "another" }), "invalid-request");
			const local = await daemon.create();
			assertProblem(await probe(`/v1/api-tokens/${local.id}`, { credential }), "not-supported");
		});
	});

	it("that was just revoked may still work, and a probe says for how long", async () => {
		const connector = { ...(acmeProfile.connector as NonNullable<Profile["connector"]>), lagSeconds: 60 };
		await connection.connect("acme", { ...acmeProfile, connector });
		const { id, token: credential } = await connection.created();
		acme.isLate = true;
		await connection.revoke(id);
		const probe = async () => {
			const { body } = await connection.call("POST", `/v1/api-tokens/${id}/probe`, {
				access: { credential },
			});
			return [
				body.outcome,
				/It is revoked, and may work there for another (\d+) seconds\.$/.exec(body.detail)?.[1],
			];
		};
		daemon.now = new Date(daemon.now.getTime() + 20_000);
		assert.deepEqual(await probe(), ["live", "40"]);
		daemon.now = new Date(daemon.now.getTime() + 40_000);
		assert.deepEqual(await probe(), ["live", undefined]);
		acme.forgetDeleted();
		assert.deepEqual(await probe(), ["dead", undefined]);
	});

	describe("the secret of a token that was found at its system", () => {
		async function found(): Promise<{ id: string; secret: string; path: string }> {
			const { id: remoteId, secret } = acme.add({ name: "by-hand" });
			const body = { remoteIds: [remoteId] };
			const { tokens } = (await connection.call("POST", "/v1/connections/acme/import", { body })).body;
			const [{ id }] = tokens;
			return { id, secret, path: `/v1/api-tokens/${id}/secret` };
		}
		const add = (path: string, credential: string) =>
			connection.call("POST", path, { access: { credential } });
		const idOf = async (secret: string) => {
			const body = { hashes: [hashOf(secret)] };
			return (await daemon.call("POST", "/v1/api-tokens/identify", { body })).body.tokens[hashOf(secret)]?.id;
		};
		const withoutId = () => {
			const verify = [{ request: "GET /me", live: [200], dead: [401] }];
			const connector = { ...acmeProfile.connector, verify } as NonNullable<Profile["connector"]>;
			return connection.connect("acme", { ...acmeProfile, connector });
		};

		it("is recorded as a hash once the system says whose it is, and finds the token", async () => {
			const { id, secret, path } = await found();
			assert.equal(await idOf(secret), undefined);
			const { status, body } = await add(path, secret);
			assert.deepEqual([status, body.id], [200, id]);
			assert.equal(body.partialToken, partialTokenOf(secret));
			assert.equal(await idOf(secret), id);
			assert.equal((await add(path, secret)).body.version, body.version, "again without a change");
		});

		it("is refused when it belongs to another token, and when it is dead", async () => {
			const { secret, path } = await found();
			const other = acme.add({ id: "other", name: "other" });
			const refused = await add(path, other.secret);
			assertProblem(refused, "invalid-request");
			assert.match(refused.body.detail, /belongs to another token than by-hand/);
			assert.match((await add(path, "wrong")).body.detail, /The system refuses the secret/);
			assertProblem(await add(`${path}?confirmed=true`, other.secret), "invalid-request");
			assert.equal(await idOf(other.secret), undefined);
			await add(path, secret);
			assertProblem(await add(path, other.secret), "invalid-request");
		});

		it("needs the user's word where the system does not say whose it is", async () => {
			await withoutId();
			const { id, secret, path } = await found();
			assertProblem(await add(path, secret), "secret-unconfirmed");
			assert.equal((await add(`${path}?confirmed=true`, secret)).status, 200);
			assert.equal(await idOf(secret), id);
		});
	});
});
