/** Changes at a system that meet other changes on their way: what is recorded is what the system has. */
import assert from "node:assert/strict";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, assertProblem, type TestDaemon } from "./harness.ts";
import { type Acme, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

describe("a change at a system", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("connected", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	/** Between the system's act and its answer, once. */
	const meanwhile = (request: RegExp, act: () => Promise<unknown>) => {
		acme.beforeAnswer = async (sent) => {
			if (!request.test(sent)) return;
			acme.beforeAnswer = async () => {};
			await act();
		};
	};
	/** The tokens that the records say work, and those that do. */
	const assertTrue = async () => {
		const records: { status: string; remoteId: string }[] = await connection.listed();
		const working = records.flatMap(({ status, remoteId }) => (status === "revoked" ? [] : [remoteId]));
		assert.deepEqual(working.sort(), [...acme.tokens.keys()].sort());
	};

	describe("while its connection changes", () => {
		const elsewhere = async () => {
			const connectorHash = await connection.hashOf("acme");
			const answer = await connection.put("acme", { baseUrl: "https://other.example", connectorHash });
			assert.equal(answer.status, 200, JSON.stringify(answer.body));
		};
		const gone = () => daemon.call("DELETE", "/v1/connections/acme?forget=true");

		for (const [what, change, words] of [
			["is given another system", elsewhere, /was given another system while its system was called/],
			["is disconnected", gone, /was disconnected while its system was called/],
		] as const) {
			it(`leaves no token behind, and none at another system, when it ${what} during a creation`, async () => {
				meanwhile(/^POST/, change);
				const answer = await connection.create();
				assertProblem(answer, "not-supported");
				assert.match(answer.body.detail, words);
				assert.deepEqual([...acme.tokens.keys()], []);
				assert.deepEqual(await connection.listed(), []);
			});
		}

		it("leaves the old token as it was when it is disconnected during its rotation", async () => {
			const old = await connection.created();
			meanwhile(/^POST/, gone);
			assertProblem(await connection.rotate(old.id), "not-supported");
			assert.deepEqual([...acme.tokens.keys()], [old.remoteId]);
			assert.equal((await daemon.record(old.id)).successorId, null);
		});

		it("deletes the successor by its own secret, where the system knows tokens by their secrets", async () => {
			const revoke = { request: "DELETE /tokens/{secret}", gone: [404] };
			const connector = { ...(acmeProfile.connector ?? assert.fail()), revoke };
			await connection.connect("acme", { ...acmeProfile, connector });
			const old = await connection.created();
			meanwhile(/^POST/, gone);
			const access = { secret: old.token };
			assertProblem(await connection.rotate(old.id, { overlapSeconds: 60 }, access), "not-supported");
			const next = [...acme.tokens.values()].find(({ id }) => id !== old.remoteId);
			assert.equal(acme.requests.at(-1), `DELETE /tokens/${next?.secret}`);
		});

		it("names the token that it can't delete again", async () => {
			meanwhile(/^POST/, async () => {
				acme.fault = "refuse";
				await gone();
			});
			const answer = await connection.create();
			assertProblem(answer, "issuer-unanswered");
			assert.match(answer.body.detail, /delete deploy on the system's own pages/);
		});

		it("names it too when its connector has changed", async () => {
			meanwhile(/^POST/, async () => {
				const connector = { ...acmeProfile.connector, lagSeconds: 9 };
				await daemon.call("PUT", "/v1/profiles/acme", { body: { ...acmeProfile, connector } });
				await gone();
			});
			const answer = await connection.create();
			assertProblem(answer, "issuer-unanswered");
			assert.match(answer.body.detail, /delete deploy on the system's own pages/);
		});
	});

	describe("of one token", () => {
		it("waits for the rotation before a revocation", async () => {
			const old = await connection.created();
			let revoked: Promise<Answer> | undefined;
			meanwhile(/^POST/, async () => {
				revoked = connection.revoke(old.id);
			});
			const rotated = await connection.rotate(old.id);
			assert.equal(rotated.status, 201);
			assert.equal((await revoked)?.body.status, "revoked");
			await assertTrue();
		});

		it("waits for the rotation of the successor before that is undone", async () => {
			const old = await connection.created();
			const { body: next } = await connection.rotate(old.id);
			let undone: Promise<Answer> | undefined;
			let rotated: Promise<Answer> | undefined;
			acme.beforeAnswer = async (sent) => {
				if (sent.startsWith("DELETE")) return void (await rotated);
				undone = connection.call("POST", `/v1/api-tokens/${old.id}/undo-rotation`);
				// Time enough for it to delete the successor there, if it did not wait.
				for (let answers = 0; answers < 20; answers++) await connection.listed();
			};
			rotated = connection.rotate(next.id);
			assert.equal((await rotated).status, 201);
			assertProblem((await undone) ?? assert.fail(), "already-rotated");
			await assertTrue();
		});

		it("waits for the undoing before the successor is rotated", async () => {
			const old = await connection.created();
			const { body: next } = await connection.rotate(old.id);
			let rotated: Promise<Answer> | undefined;
			meanwhile(/^DELETE/, async () => {
				rotated = connection.rotate(next.id);
			});
			assert.equal((await connection.call("POST", `/v1/api-tokens/${old.id}/undo-rotation`)).status, 200);
			assertProblem((await rotated) ?? assert.fail(), "token-dead");
			await assertTrue();
		});

		it("takes a successor back when the old token was found missing meanwhile", async () => {
			const old = await connection.created();
			meanwhile(/^POST/, async () => {
				acme.tokens.delete(old.remoteId);
				const body = { apply: [old.id] };
				await connection.call("POST", "/v1/connections/acme/reconcile", { body });
			});
			assertProblem(await connection.rotate(old.id), "token-dead");
			await assertTrue();
		});

		it("may use another credential than the change before it", async () => {
			const old = await connection.created();
			const byHand = acme.add({ name: "new admin" });
			let revoked: Promise<Answer> | undefined;
			meanwhile(/^POST/, async () => {
				revoked = connection.revoke(old.id, "", { credential: byHand.secret });
			});
			assert.equal((await connection.rotate(old.id)).status, 201);
			assert.equal((await revoked)?.body.status, "revoked");
		});
	});

	it("is recorded once when two windows import the same token", async () => {
		const byHand = acme.add();
		const body = { remoteIds: [byHand.id] };
		const importing = () => connection.call("POST", "/v1/connections/acme/import", { body });
		const all = await Promise.all([importing(), importing(), importing(), importing()]);
		assert.equal(all.filter(({ status }) => status === 201).length, 1, JSON.stringify(all));
		assert.equal((await connection.listed()).length, 1);
	});

	it("is recorded once by hand too, until the record is revoked", async () => {
		const register = (secret: string) => {
			const body = { name: "m", issuer: "acme", partialToken: "acme…", hash: hashOf(secret) };
			return daemon.call("POST", "/v1/api-tokens/register", {
				body: { ...body, connection: "acme", remoteId: "t7" },
			});
		};
		const { body: first } = await register("one");
		assertProblem(await register("two"), "already-known");
		await connection.revoke(first.id);
		assert.equal((await register("three")).status, 201);
	});
});
