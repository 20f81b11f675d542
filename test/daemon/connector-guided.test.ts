/** Systems that are used step by step, and by their API where their server describes it: fakes over real HTTP. */
import assert from "node:assert/strict";
import { capabilitiesOf, profileAt } from "../../daemon/contract.ts";
import { accessHeader } from "../../daemon/facts.ts";
import { discoverAt } from "../../daemon/issuers/connector/discover.ts";
import { createAt, listAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import eclecticiq from "../../daemon/profiles/eclecticiq.json" with { type: "json" };
import polarity from "../../daemon/profiles/polarity.json" with { type: "json" };
import { TestDaemon } from "./harness.ts";
import { accessWith, builtIn, rejection, systemOf, wanted } from "./systems/calls.ts";
import type { FakeSystem } from "./systems/fake-system.ts";
import {
	polarityDocument,
	startEclecticIq,
	startPolarity,
	startPolarityWithApi,
} from "./systems/guided-systems.ts";

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

describe("Polarity", () => {
	let system: FakeSystem;
	afterEach(() => system.stop());

	for (const hasKeyRoute of [true, false]) {
		it(`tests a key ${hasKeyRoute ? "by its own route" : "by the integrations of an older server"}`, async () => {
			({ system } = await startPolarity({ hasKeyRoute }));
			const at = systemOf(builtIn(polarity), system.url);
			const outcomes = [];
			for (const secret of ["pol-live", "pol-bare", "pol-dead"]) {
				outcomes.push((await probeAt(at, accessWith(secret))).outcome);
			}
			assert.deepEqual(outcomes, ["live", "live", "dead"]);
		});
	}
});

describe("Polarity by the document that its server serves", () => {
	let system: FakeSystem;
	afterEach(() => system.stop());
	const access = accessWith("pol-admin");
	const discovered = async (document: unknown) => {
		({ system } = await startPolarityWithApi(document));
		const guided = systemOf(builtIn(polarity), system.url);
		return [guided, await discoverAt(guided, access)] as const;
	};

	it("creates, lists and revokes where the operations match", async () => {
		const [guided, connector] = await discovered(polarityDocument());
		assert.ok(connector !== null);
		const { create, revoke, rotate, list } = capabilitiesOf({ steps: [], connector });
		assert.deepEqual([create, revoke, rotate, list], ["api", "api", "create-and-delete", true]);
		const byApi = { ...guided, connector };
		const expiry = inDays(30);
		const { secret, token, ignored } = await createAt(byApi, access, wanted({ name: "soc", expiry }));
		assert.deepEqual([token.name, token.expiry, ignored], ["soc", expiry, []]);
		assert.equal((await listAt(byApi, access))[0]?.id, token.id);
		assert.equal(await revokeAt(byApi, access, token.id), "revoked");
		assert.equal((await probeAt(byApi, accessWith(secret))).outcome, "dead");
	});

	it("does so through a connection, once its credential was tested", async () => {
		({ system } = await startPolarityWithApi(polarityDocument()));
		const daemon = await TestDaemon.start();
		try {
			daemon.now = new Date();
			const headers = { [accessHeader]: Buffer.from('{"credential":"pol-admin"}').toString("base64url") };
			const put = { name: "Polarity", profile: "polarity", baseUrl: system.url };
			const connected = await daemon.call("PUT", "/v1/connections/p", { body: put });
			assert.deepEqual([connected.status, connected.body.connector], [200, undefined]);
			assert.equal((await daemon.call("POST", "/v1/connections/p/probe", { headers })).body.outcome, "live");
			const { connections } = (await daemon.call("GET", "/v1/connections")).body;
			assert.equal(capabilitiesOf(profileAt({ ...builtIn(polarity) }, connections[0])).create, "api");
			const body = { name: "soc", connection: "p", expiry: inDays(30) };
			const created = await daemon.call("POST", "/v1/api-tokens", { headers, body });
			assert.equal(created.status, 201, JSON.stringify(created.body));
			const revoked = await daemon.call("DELETE", `/v1/api-tokens/${created.body.id}`, { headers });
			assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
			assert.equal(system.count("DELETE", `/api/api-keys/${created.body.remoteId}`), 1);
		} finally {
			await daemon.remove();
		}
		assert.deepEqual(daemon.failures, []);
	});

	const changed = (change: (text: string) => string) =>
		JSON.parse(change(JSON.stringify(polarityDocument())));
	for (const [says, document] of [
		["no document", undefined],
		["no such tag", changed((text) => text.replaceAll("API Keys", "Users"))],
		[
			"a further required field",
			changed((text) => text.replace('"required":["name"', '"required":["owner","name"')),
		],
		["no secret in its answer", changed((text) => text.replace('"token"', '"note"'))],
		["two fields that could be the secret", changed((text) => text.replace('"token"', '"key":{},"token"'))],
		["no deletion", changed((text) => text.replace('"delete"', '"patch"'))],
		[
			"a reference to itself",
			changed((text) =>
				text.replace(
					'{"properties":{"name"',
					'{"allOf":[{"$ref":"#/components/schemas/Key"}],"properties":{"label"',
				),
			),
		],
	] as const) {
		it(`stays guided with ${says}`, async () => {
			assert.equal((await discovered(document))[1], null);
		});
	}

	// A reading that follows every reference would never end.
	it("reads a document that refers to itself in every direction to its end", async () => {
		const self = Object.fromEntries(
			Array.from({ length: 100 }, (_, n) => [`p${n}`, { $ref: "#/components/schemas/Key" }]),
		);
		const document = JSON.parse(JSON.stringify(polarityDocument()));
		document.components.schemas.Key = { properties: self, allOf: [{ $ref: "#/components/schemas/Key" }] };
		assert.equal((await discovered(document))[1], null);
	});

	it("takes no path of the document that leaves the server", async () => {
		for (const path of ["//evil.example/keys", "/../keys", "/api/{tenant}/keys"]) {
			const document = changed((text) => text.replaceAll("/api/api-keys", path));
			const found = await discovered(document).then(
				([, connector]) => connector,
				(error: { code: string }) => error.code,
			);
			assert.ok(found === null || found === "not-supported", JSON.stringify(found));
			await system.stop();
		}
		({ system } = await startPolarityWithApi(undefined));
	});
});

describe("EclecticIQ", () => {
	let system: FakeSystem;
	afterEach(() => system.stop());

	for (const [says, options] of [
		["version 2", {}],
		["version 1", { version: "v1" }],
		["paths with a slash at the end", { slash: true }],
	] as const) {
		it(`tests a token at an API with ${says}`, async () => {
			let live: Set<string>;
			({ system, live } = await startEclecticIq(options));
			const at = systemOf(builtIn(eclecticiq), system.url);
			assert.equal((await probeAt(at, accessWith("eiq-live"))).outcome, "live");
			assert.equal((await probeAt(at, accessWith("eiq-restricted"))).outcome, "live");
			live.clear();
			assert.equal((await probeAt(at, accessWith("eiq-live"))).outcome, "dead");
			assert.ok(system.requests.every(({ method }) => method === "GET"));
		});
	}

	it("takes a server without the API for unknown", async () => {
		({ system } = await startEclecticIq({ version: "v9" }));
		const probe = await probeAt(systemOf(builtIn(eclecticiq), system.url), accessWith("eiq-live"));
		assert.equal(probe.outcome, "unknown");
		assert.match(probe.detail, /answered 404/);
	});

	it("offers no management, and tries none", async () => {
		({ system } = await startEclecticIq());
		const at = systemOf(builtIn(eclecticiq), system.url);
		const tries = [
			createAt(at, accessWith("x"), wanted({})),
			listAt(at, accessWith("x")),
			revokeAt(at, accessWith("x"), "1"),
		];
		for (const attempt of tries) assert.equal((await rejection(attempt)).code, "not-supported");
		assert.deepEqual(system.requests, []);
	});
});
