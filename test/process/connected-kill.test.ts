/** A daemon that is killed after a system has acted and before it is recorded: what is shown afterwards is true, and repairable. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { readDaemonFile, TokensmithUnavailableError, Transport } from "../../daemon/client/transport.ts";
import { generateSecret, hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, assertProblem } from "../daemon/harness.ts";
import { Acme } from "../daemon/systems/acme.ts";
import { AcmeConnection } from "../daemon/systems/acme-connection.ts";
import { type DaemonChild, daemonsOfEach } from "./daemon.ts";
import { SystemDaemon } from "./system-daemon.ts";

describe("a daemon that calls a system", () => {
	const daemons = daemonsOfEach();
	let daemon: DaemonChild;
	let acme: Acme;
	let connection: AcmeConnection<SystemDaemon>;

	beforeEach(async () => {
		daemon = await daemons.start();
		acme = await Acme.start();
		connection = new AcmeConnection(new SystemDaemon(() => daemon), acme);
		await connection.connect();
	});
	afterEach(() => acme.stop());

	/** Ends the daemon when the system has acted and not answered yet, and starts the next one. */
	async function killedDuring(request: RegExp, act: () => Promise<Answer>): Promise<void> {
		acme.beforeAnswer = async (sent) => {
			if (request.test(sent)) await daemon.kill("SIGKILL");
		};
		await assert.rejects(act());
		acme.beforeAnswer = async () => {};
		daemon = await daemons.start();
		assert.equal(daemon.first.event, "ready");
	}

	/** With a request that never comes to its end. */
	async function daemonWithHalfRequest(): Promise<DaemonChild> {
		const { directory } = daemons;
		daemons.directory = join(daemons.folder, "other");
		const other = await daemons.start();
		daemons.directory = directory;
		const { url, ownerKey } = other.file;
		const body = { "content-type": "application/json", "content-length": 10, expect: "100-continue" };
		const headers = { authorization: `Bearer ${ownerKey}`, ...body };
		const half = request(`${url}/v1/api-tokens`, { method: "POST", headers, agent: false });
		half.once("error", () => {});
		half.flushHeaders();
		await once(half, "continue");
		return other;
	}

	const reconciled = async (apply: string[] = []): Promise<Answer["body"]> =>
		(await connection.call("POST", "/v1/connections/acme/reconcile", { body: { apply } })).body;
	const record = async (id: string) => (await connection.call("GET", `/v1/api-tokens/${id}`)).body;
	const changesLike = (request: RegExp) => acme.changes.filter((one) => request.test(one)).length;

	describe("and is killed before it records", () => {
		it("leaves a creation to be found by name, and sends it once", async () => {
			await killedDuring(/^POST/, () => connection.create());
			assert.equal((await connection.listed()).length, 0);
			const { unknown } = await reconciled();
			assert.deepEqual(
				unknown.map(({ name }: { name: string }) => name),
				["deploy"],
			);
			const body = { remoteIds: [unknown[0].id] };
			const imported = await connection.call("POST", "/v1/connections/acme/import", { body });
			assert.equal((await connection.revoke(imported.body.tokens[0].id)).body.status, "revoked");
			assert.equal(acme.tokens.size, 0);
			assert.equal(changesLike(/^POST/), 1);
		});

		it("has its client say that the outcome is unknown, and repeat nothing", async () => {
			const access = { credential: acme.credential };
			const transport = new Transport(() => readDaemonFile(daemons.directory), { access });
			const body = { name: "deploy", permissions: ["read"], connection: "acme" };
			acme.beforeAnswer = () => daemon.kill("SIGKILL").then(() => {});
			const error = await transport.json({ method: "POST", path: "/v1/api-tokens", body }).then(
				() => assert.fail("it was answered"),
				(reason: unknown) => reason,
			);
			assert.ok(error instanceof TokensmithUnavailableError, String(error));
			assert.equal(error.outcome, "unknown");
			assert.match(error.message, /check the list of tokens before you try again/);
			assert.equal(changesLike(/^POST/), 1);
		});

		it("has a revocation repeated without harm", async () => {
			const { id, token } = await connection.created();
			await killedDuring(/^DELETE/, () => connection.revoke(id));
			assert.equal((await record(id)).status, "active", "what is not known is not claimed");
			assert.deepEqual(
				(await reconciled()).missing.map((one: { id: string }) => one.id),
				[id],
			);
			assert.equal((await connection.revoke(id)).body.status, "revoked");
			const probe = await connection.call("POST", `/v1/api-tokens/${id}/probe`, {
				access: { credential: token },
			});
			assert.equal(probe.body.outcome, "dead");
		});

		it("leaves the old token of a rotation as it was, and the new one to be found", async () => {
			const old = await connection.created();
			await killedDuring(/^POST/, () => connection.rotate(old.id));
			const { successorId, status } = await record(old.id);
			assert.deepEqual([successorId, status], [null, "active"]);
			const refused = await connection.rotate(old.id);
			assertProblem(refused, "issuer-refused");
			assert.match(refused.body.detail, /The name is taken/);
			const { unknown } = await reconciled();
			assert.equal(unknown[0].name, "deploy (2)");
			const body = { remoteIds: [unknown[0].id] };
			const { tokens } = (await connection.call("POST", "/v1/connections/acme/import", { body })).body;
			assert.equal((await connection.revoke(tokens[0].id)).status, 200);
			assert.equal((await connection.rotate(old.id)).status, 201);
		});

		it("shows a change as a difference, and takes it over", async () => {
			const { id } = await connection.created();
			await killedDuring(/^PUT/, () => connection.update(id, { name: "renamed" }));
			assert.equal((await record(id)).name, "deploy");
			const { changed } = await reconciled([id]);
			assert.deepEqual(changed, []);
			assert.equal((await record(id)).name, "renamed");
			assert.equal(changesLike(/^PUT/), 1);
		});

		it("undoes a rotation at the second try", async () => {
			const old = await connection.created();
			await connection.rotate(old.id);
			const undo = () => connection.call("POST", `/v1/api-tokens/${old.id}/undo-rotation`);
			await killedDuring(/^DELETE/, undo);
			const { body } = await undo();
			assert.deepEqual([body.token.status, body.successor.status], ["active", "revoked"]);
			assert.deepEqual([...acme.tokens.keys()], [old.remoteId]);
		});
	});

	it("finishes a creation that its system takes its time for before it stops", async () => {
		const other = await daemonWithHalfRequest();
		acme.beforeAnswer = async () => {
			daemon.child.kill("SIGTERM");
			// The daemon that only has another request gives it up, and ends.
			await other.kill();
		};
		const token = await connection.created();
		assert.equal(await daemon.exited, 0);
		daemon = await daemons.start();
		assert.equal((await record(token.id)).remoteId, token.remoteId);
	});

	it("never verifies a token of the system, whatever its secret looks like, its state and how the daemon ended", async () => {
		const secrets = [generateSecret("tks"), generateSecret("tks")];
		const ids: string[] = [];
		for (const [index, secret] of secrets.entries()) {
			const { id: remoteId } = acme.add({ id: `r${index}`, name: `r${index}`, secret });
			const token = { name: `r${index}`, issuer: "acme", hash: hashOf(secret), partialToken: "tks_…" };
			const body = { ...token, connection: "acme", remoteId };
			ids.push((await connection.call("POST", "/v1/api-tokens/register", { body })).body.id);
		}
		const [kept = "", ended = ""] = ids;
		const index = () => readdirSync(daemons.directory).filter((name) => name.startsWith("index"));
		const assertRefused = async (status: string) => {
			for (const secret of secrets) assert.equal(await daemon.verify(secret), 401);
			assert.deepEqual([(await record(kept)).status, (await record(ended)).status], ["active", status]);
		};
		await assertRefused("active");
		await daemon.kill();
		assert.ok(index().length > 0, "an orderly stop leaves the index file");
		daemon = await daemons.start();
		await assertRefused("active");
		assert.equal((await connection.revoke(ended)).body.status, "revoked");
		await daemon.kill("SIGKILL");
		daemon = await daemons.start();
		await assertRefused("revoked");
		await daemon.kill();
		daemon = await daemons.start();
		await assertRefused("revoked");
		await daemon.kill();
		for (const name of index()) rmSync(join(daemons.directory, name));
		assert.ok(existsSync(daemons.directory));
		daemon = await daemons.start();
		await assertRefused("revoked");
		assert.deepEqual((await reconciled()).unknown, []);
	});
});
