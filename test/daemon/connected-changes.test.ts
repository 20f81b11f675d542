/** Changes that a system accepts and does not make, or not exactly: what the record and the answer say of them. */
import assert from "node:assert/strict";
import type { Connector, Profile } from "../../daemon/contract.ts";
import type { TestDaemon } from "./harness.ts";
import { type Acme, acmeProfile } from "./systems/acme.ts";
import { type AcmeConnection, acmeOfEach } from "./systems/acme-connection.ts";

const connector = acmeProfile.connector ?? assert.fail();
const update = connector.update ?? assert.fail();
const expiry = "2026-05-01T00:00:00.000Z";
const later = "2026-05-02T00:00:00.000Z";

const profileWith = (change: Partial<Connector>): Profile => ({
	...acmeProfile,
	connector: { ...connector, ...change },
});

describe("a change at another system", () => {
	let daemon: TestDaemon;
	let acme: Acme;
	let connection: AcmeConnection;
	acmeOfEach("connected", (given) => {
		connection = given;
		({ daemon, acme } = given);
	});

	const created = () => connection.created({ expiry, resources: ["channel/soc"] });
	const events = async (id: string) =>
		(await daemon.call("GET", `/v1/audit-events?tokenId=${id}`)).body.events.map(
			({ action }: { action: string }) => action,
		);

	const answers: [says: string, change: Partial<Connector>][] = [
		["its answer", {}],
		["a list after it, where its answer is no token", { update: { ...update, answer: "none" } }],
		["a list after it, where its answer does not tell the field", { update: { ...update, record: {} } }],
	];
	for (const [says, change] of answers) {
		it(`that it ignores is reported, as ${says} shows, and leaves the record as it is`, async () => {
			await connection.connect("acme", profileWith(change));
			const { id } = await created();
			acme.fault = "ignore-changes";
			const asked = { name: "renamed", expiry: later, permissions: ["write"], resources: [] };
			const { status, body, headers } = await connection.update(id, asked);
			assert.equal(status, 200, JSON.stringify(body));
			assert.deepEqual(body.ignored, [
				{ field: "name", asked: "renamed", answered: "deploy" },
				{ field: "permissions", asked: ["write"], answered: ["read"] },
				{ field: "resources", asked: [], answered: ["channel/soc"] },
				{ field: "expiry", asked: later, answered: expiry },
			]);
			assert.deepEqual([body.name, body.expiry, body.version], ["deploy", expiry, 1]);
			assert.equal(headers.get("etag"), '"1"');
			assert.deepEqual(await events(id), ["create"]);
		});

		it(`that it makes is not reported, as ${says} shows`, async () => {
			await connection.connect("acme", profileWith(change));
			const { id } = await created();
			const { body } = await connection.update(id, { name: "renamed", expiry: later, resources: [] });
			assert.deepEqual([body.name, body.expiry, body.resources], ["renamed", later, []]);
			assert.ok(!("ignored" in body));
			assert.equal(body.version, 2);
		});
	}

	it("that removes an expiry, and is ignored, is reported", async () => {
		const { id } = await created();
		acme.fault = "ignore-changes";
		const { body } = await connection.update(id, { expiry: null, tags: ["kept"] });
		assert.deepEqual(body.ignored, [{ field: "expiry", asked: null, answered: expiry }]);
		assert.deepEqual([body.expiry, body.tags, body.version], [expiry, ["kept"], 2]);
	});

	it("of a grant that it ignores is reported on the resource's side too", async () => {
		const { id } = await created();
		acme.fault = "ignore-changes";
		const { body } = await connection.call("PUT", `/v1/resources/channel/other/grants/${id}`);
		assert.deepEqual(body.ignored, [
			{ field: "resources", asked: ["channel/soc", "channel/other"], answered: ["channel/soc"] },
		]);
		assert.deepEqual(body.resources, ["channel/soc"]);
	});

	it("is recorded as requested where the system tells nothing about it", async () => {
		await connection.connect("acme", profileWith({ update: { ...update, answer: "none" } }));
		const { id } = await created();
		acme.beforeAnswer = async () => {
			acme.fault = "refuse";
		};
		const { status, body } = await connection.update(id, { name: "renamed" });
		assert.deepEqual([status, body.name, body.ignored], [200, "renamed", undefined]);
	});

	describe("of an expiry that the system keeps as a day", () => {
		const record = { ...connector.record, expiry: { at: "/expiry", as: "date" as const } };
		const body = { ...(update.body as object), expiry: "{expiry|date}" };
		const ways: [says: string, change: Partial<Connector>, stored: (asked: string) => string][] = [
			["is sent as one", { update: { ...update, body } }, (asked) => `${asked}T00:00:00Z`],
			["tells it as one", { record }, (asked) => asked.slice(0, 10)],
			["tells it as midnight", {}, (asked) => `${asked.slice(0, 10)}T00:00:00Z`],
			["tells its last second", { record }, (asked) => `${asked.slice(0, 10)}T23:59:59Z`],
		];
		const rows: [asked: string, isMade: boolean, isReported: boolean][] = [
			["2026-05-03T18:30:00.000Z", true, false],
			["2026-05-02T00:00:00.000Z", true, false],
			["2026-05-02T00:00:00.000Z", false, true],
			["2026-04-30T12:00:00.000Z", false, true],
			["2026-06-03T18:30:00.000Z", false, true],
		];
		for (const [says, change, stored] of ways) {
			it(`is no ignored one when it ${says}, unless the old day stays`, async () => {
				await connection.connect("acme", profileWith(change));
				for (const [asked, isMade, isReported] of rows) {
					const { id, remoteId } = (await connection.create({ name: `for ${asked} ${isMade}`, expiry })).body;
					const there = acme.tokens.get(remoteId) ?? assert.fail();
					there.expiry = stored("2026-05-01");
					await connection.call("POST", "/v1/connections/acme/reconcile", { body: { apply: [id] } });
					acme.keepExpiry = () => stored(isMade ? asked.slice(0, 10) : "2026-05-01");
					const { body: answer } = await connection.update(id, { expiry: asked });
					assert.equal("ignored" in answer, isReported, `${asked} ${isMade} ${JSON.stringify(answer)}`);
				}
			});
		}
	});
});
