/** Options that a system tells of its tokens: an import, a comparison and a rotation keep them. */
import assert from "node:assert/strict";
import type { Connector, ConnectorOption } from "../../daemon/contract.ts";
import { createAt, listAt } from "../../daemon/issuers/connector/engine.ts";
import gitlab from "../../daemon/profiles/gitlab.json" with { type: "json" };
import { assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";
import { Acme, acmeProfile } from "./systems/acme.ts";
import { AcmeConnection } from "./systems/acme-connection.ts";
import { accessWith, builtIn, systemOf, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, routes } from "./systems/fake-system.ts";
import { startGitLab } from "./systems/other-systems.ts";

const connector = acmeProfile.connector ?? assert.fail();

describe("an option that a system tells", () => {
	const secret = "acme_secret_0123456789";
	let fake: FakeSystem;
	let told: unknown;
	beforeEach(async () => {
		fake = await FakeSystem.start(
			routes({
				"GET /tokens": () => ({ json: { tokens: [{ id: "7", role: told }] } }),
				"POST /tokens": () => ({ json: { id: "8", role: told, secret } }),
			}),
		);
	});
	afterEach(() => fake.stop());

	const connectorWith = (role: Partial<ConnectorOption>): Connector => ({
		...connector,
		options: [{ name: "role", title: "Role", ...role }],
		record: { id: "/id", options: { role: "/role" } },
	});

	const rows: [told: unknown, expected: string | undefined][] = [
		["admin", "admin"],
		[40, "40"],
		[false, "false"],
		[null, ""],
		["", ""],
		[["a", "b"], "a,b"],
		[["a,b"], undefined],
		[[{}], undefined],
		[{ name: "admin" }, undefined],
		[undefined, undefined],
		["ad\u202Emin", undefined],
		["ad\nmin", undefined],
		["ad\uD800min", undefined],
		["x".repeat(501), undefined],
		["by admin-credential", undefined],
	];
	for (const [value, expected] of rows) {
		it(`is ${JSON.stringify(expected)} for ${JSON.stringify(value)?.slice(0, 40)}`, async () => {
			told = value;
			const system = systemWith(connectorWith({}), fake.url);
			const [token] = await listAt(system, accessWith("admin-credential"));
			assert.deepEqual(token?.options, expected === undefined ? undefined : { role: expected });
		});
	}

	const askedRows: [option: Partial<ConnectorOption>, asked: string, told: unknown, isIgnored: boolean][] = [
		[{}, "admin", "viewer", true],
		[{}, "admin", "admin", false],
		[{ as: "number" }, "040", 40, false],
		[{ as: "number" }, "40", 30, true],
		[{ as: "boolean" }, "true", true, false],
		[{ as: "boolean" }, "true", false, true],
		[{ as: "list" }, "b, a", ["a", "b"], false],
		[{ as: "list" }, "a", ["a", "b"], true],
		[{}, "", "viewer", false],
		[{}, "admin", undefined, false],
	];
	for (const [option, asked, answered, isIgnored] of askedRows) {
		const says = `${JSON.stringify(answered)} for ${JSON.stringify(asked)} as ${option.as ?? "text"}`;
		it(`is ${isIgnored ? "reported" : "not reported"} at a creation: ${says}`, async () => {
			told = answered;
			const system = systemWith(connectorWith(option), fake.url);
			const { ignored } = await createAt(system, accessWith("admin"), wanted({ options: { role: asked } }));
			const report = { field: "role", asked, answered: Array.isArray(told) ? told.join() : String(told) };
			assert.deepEqual(ignored, isIgnored ? [report] : []);
		});
	}
});

describe("GitLab's role", () => {
	let gitLab: Awaited<ReturnType<typeof startGitLab>>;
	beforeEach(async () => {
		gitLab = await startGitLab();
	});
	afterEach(() => gitLab.system.stop());

	it("is in the answer to a creation, and in the list", async () => {
		const variables = { project: "acme/shop" };
		const system = systemOf(builtIn(gitlab), `${gitLab.system.url}/api/v4`, { variables });
		const access = accessWith(gitLab.admin);
		const options = { access_level: "40" };
		const asked = wanted({ permissions: ["api"], expiry: "2099-01-01T00:00:00.000Z", options });
		const { token, ignored } = await createAt(system, access, asked);
		assert.deepEqual([token.options, ignored], [options, []]);
		assert.deepEqual((await listAt(system, access))[0]?.options, options);
	});
});

describe("an imported token whose system tells its options", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	const telling = {
		...acmeProfile,
		connector: { ...connector, record: { ...connector.record, options: { role: "/role" } } },
	};
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		acme = await Acme.start();
		connection = new AcmeConnection(daemon, acme);
		await connection.connect("acme", telling);
	});
	afterEach(() => acme.stop());

	const imported = async (id: string) => {
		const path = "/v1/connections/acme/import";
		const { body } = await connection.call("POST", path, { body: { remoteIds: [id] } });
		return body.tokens[0].id as string;
	};
	const reconcile = async (apply: string[] = []) =>
		(await connection.call("POST", "/v1/connections/acme/reconcile", { body: { apply } })).body;

	for (const role of ["admin", "viewer"]) {
		it(`is rotated with the role ${role}, also after a restart`, async () => {
			const id = await imported(acme.add({ name: "by hand", role }).id);
			await daemon.close();
			await daemon.open();
			const { status, body } = await connection.rotate(id);
			assert.equal(status, 201, JSON.stringify(body));
			assert.equal(acme.tokens.get(body.remoteId)?.role, role);
			assert.equal(body.ignored, undefined);
		});
	}

	it("is compared with it, and takes over what has changed", async () => {
		const there = acme.add({ name: "by hand", role: "admin" });
		const id = await imported(there.id);
		assert.equal((await reconcile()).same, 1);
		there.role = "viewer";
		assert.deepEqual((await reconcile()).changed[0].fields, [
			{ field: "role", here: "admin", there: "viewer" },
		]);
		assert.equal((await reconcile([id])).applied.length, 1);
		const { body } = await connection.rotate(id);
		assert.equal(acme.tokens.get(body.remoteId)?.role, "viewer");
	});

	it("gets the options that it lacks by a comparison, and can be rotated then", async () => {
		await connection.connect();
		const id = await imported(acme.add({ name: "by hand", role: "admin" }).id);
		await connection.connect("acme", telling);
		const refused = await connection.rotate(id);
		assertProblem(refused, "not-supported");
		assert.match(refused.body.detail, /for: Role\. Compare the connection's tokens with Acme/);
		assert.deepEqual((await reconcile([id])).changed, []);
		const { body } = await connection.rotate(id);
		assert.equal(acme.tokens.get(body.remoteId)?.role, "admin");
	});

	it("is not rotated while a value is not told, or is one that the profile does not offer", async () => {
		const silent = await imported(acme.add({ id: "t8", name: "silent" }).id);
		const other = await imported(acme.add({ id: "t9", name: "other", role: "god" }).id);
		const before = acme.tokens.size;
		for (const [id, words] of [
			[silent, /not known what it was given at Acme for: Role/],
			[other, /options that the token has at Acme\. Role: choose one of viewer, admin\. Create another/],
		] as const) {
			const answer = await connection.rotate(id);
			assertProblem(answer, "not-supported");
			assert.match(answer.body.detail, words);
		}
		assert.equal(acme.tokens.size, before);
	});
});
