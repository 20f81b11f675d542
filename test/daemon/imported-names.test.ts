/** Names and ids of tokens that were found at another system, which can be hostile. */
import assert from "node:assert/strict";
import { maximumNameLength } from "../../daemon/facts.ts";
import { partialTokenOf } from "../../daemon/rules/secret.ts";
import { assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";
import { Acme, acmeProfile } from "./systems/acme.ts";
import { AcmeConnection } from "./systems/acme-connection.ts";

const connector = acmeProfile.connector ?? assert.fail();

describe("a token that was found at a system", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		acme = await Acme.start();
		connection = new AcmeConnection(daemon, acme);
	});
	afterEach(() => acme.stop());

	const importing = (id: string) =>
		connection.call("POST", "/v1/connections/acme/import", { body: { remoteIds: [id] } });

	const names: [says: string, name: string, expected: string][] = [
		["reorders", "pay\u202Eipa\u202C", "payipa"],
		["breaks the line", "pay\r\nrevoked\u2028", "pay revoked"],
		["hides", "p\u200Ba\u2060y\uFEFF", "pay"],
		["moves the cursor", "pay\x1B[2K", "pay [2K"],
		["is only invisible", "\u202E\u200B", "t1"],
		["is too long", "😀".repeat(400), "😀".repeat(maximumNameLength / 2)],
	];
	for (const [says, name, expected] of names) {
		it(`has a clean name where its name ${says}`, async () => {
			await connection.connect();
			const { status, body } = await importing(acme.add({ id: "t1", name }).id);
			assert.equal(status, 201, JSON.stringify(body));
			assert.equal(body.tokens[0].name, expected);
		});
	}

	const ids: [says: string, id: string, expected: string][] = [
		["reorders", "id\u202Ex", "idx"],
		["is only invisible", "\u202E\u200B", "unnamed"],
		["is as long as one can be", "x".repeat(1000), "x".repeat(maximumNameLength)],
	];
	for (const [says, id, expected] of ids) {
		it(`without a name has a clean one from an id that ${says}, and the id as it is`, async () => {
			const { name: _, ...record } = connector.record ?? {};
			await connection.connect("acme", { ...acmeProfile, connector: { ...connector, record } });
			const { status, body } = await importing(acme.add({ id }).id);
			assert.equal(status, 201, JSON.stringify(body));
			assert.deepEqual([body.tokens[0].name, body.tokens[0].remoteId], [expected, id]);
			assert.equal((await connection.revoke(body.tokens[0].id)).status, 200);
			assert.equal(acme.tokens.size, 0);
		});
	}

	it("without a name is named by the part of its secret that its system lists", async () => {
		const { name: _, ...record } = connector.record ?? {};
		const profile = { ...acmeProfile, connector: { ...connector, record: { ...record, partial: "/name" } } };
		await connection.connect("acme", profile);
		const { body } = await importing(acme.add({ id: "1e5e928f47", name: "eyJhb...Oh12o" }).id);
		assert.equal(body.tokens[0].name, "eyJh…h12o");
	});

	it("keeps the ends of its secret, as its system's list shows it", async () => {
		const { secret } = acme.add({ id: "7", secret: "acme_0123456789abcd" });
		acme.showsSecrets = true;
		const record = { ...connector.record, secret: "/secret" };
		await connection.connect("acme", { ...acmeProfile, connector: { ...connector, record } });
		const { body } = await importing("7");
		assert.equal(body.tokens[0].partialToken, partialTokenOf(secret));
	});

	it("does not count with an id that no request could name", async () => {
		await connection.connect();
		for (const id of ["a\nb", "a\uD800b", "x".repeat(1001)]) acme.add({ id, name: "odd" });
		const path = "/v1/connections/acme/reconcile";
		const { body } = await connection.call("POST", path, { body: {} });
		assert.deepEqual(body.unknown, []);
		assertProblem(await importing("a\nb"), "not-found");
	});
});
