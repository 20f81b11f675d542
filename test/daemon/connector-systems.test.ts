/** The built-in connectors at fakes of their systems, over real HTTP: create, list, read, change, revoke, probe. */
import assert from "node:assert/strict";
import { capabilitiesOf, profile as profileSchema } from "../../daemon/contract.ts";
import { createAt, listAt, readAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import type { Access, System } from "../../daemon/issuers/connector/system.ts";
import cloudflare from "../../daemon/profiles/cloudflare.json" with { type: "json" };
import gitlab from "../../daemon/profiles/gitlab.json" with { type: "json" };
import grafana from "../../daemon/profiles/grafana.json" with { type: "json" };
import mindbridge from "../../daemon/profiles/mindbridge.json" with { type: "json" };
import narrative from "../../daemon/profiles/narrative.json" with { type: "json" };
import { defaultPolicy, profilesUnder } from "../../daemon/rules/profile.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { accessWith, builtIn, rejection, systemOf, wanted } from "./systems/calls.ts";
import { startMindBridge } from "./systems/mindbridge.ts";
import { startNarrative } from "./systems/narrative.ts";
import { startCloudflare, startGitLab, startGrafana } from "./systems/other-systems.ts";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

describe("the built-in connectors", () => {
	it("keep to the schema, and offer what their systems can do", () => {
		const rows = profilesUnder({ policy: defaultPolicy, permissions: [], profiles: [], brought: [] }).map(
			({ source, ...profile }) => {
				assert.equal(source, "built-in");
				assert.deepEqual(profileSchema.parse(profile), profile, profile.id);
				const { create, list, update, revoke, rotate, probe } = capabilitiesOf(profile);
				return [profile.id, create, revoke, rotate, list, probe, update.join()];
			},
		);
		assert.deepEqual(rows, [
			["local", "none", "none", "none", false, false, ""],
			["polarity", "guided", "guided", "guided", false, true, ""],
			["eclecticiq", "guided", "guided", "guided", false, true, ""],
			["mindbridge", "api", "api", "create-and-delete", true, true, "name"],
			["narrative", "api", "api", "create-and-delete", true, true, "name,permissions,expiry"],
			["npm", "api", "api", "create-and-delete", true, true, ""],
			["gitlab", "api", "api", "create-and-delete", true, true, ""],
			["grafana", "api", "api", "create-and-delete", true, true, ""],
			["cloudflare", "api", "api", "create-and-delete", true, true, "name,expiry"],
			["github", "guided", "guided", "guided", false, true, ""],
			["stripe", "guided", "guided", "guided", false, true, ""],
			["openai", "guided", "guided", "guided", false, true, ""],
			["anthropic", "guided", "guided", "guided", false, true, ""],
			["slack", "guided", "guided", "guided", false, true, ""],
		]);
	});
});

describe("MindBridge", () => {
	let fake: Awaited<ReturnType<typeof startMindBridge>>;
	let system: System;
	let access: Access;
	beforeEach(async () => {
		fake = await startMindBridge();
		system = systemOf(builtIn(mindbridge), `${fake.system.url}/api`, { variables: { tenant: "acme" } });
		access = accessWith(fake.admin);
	});
	afterEach(() => fake.system.stop());

	const full = () =>
		wanted({
			name: "reporting",
			permissions: ["api.engagements.read", "api.analyses.run"],
			allowedAddresses: ["10.0.0.0/8"],
			expiry: inDays(90),
		});

	it("creates a token with permissions, addresses and expiry, and tells its secret once", async () => {
		const asked = full();
		const { secret, token, ignored } = await createAt(system, access, asked);
		assert.deepEqual(ignored, []);
		assert.deepEqual(token.permissions, asked.permissions);
		assert.deepEqual(token.allowedAddresses, asked.allowedAddresses);
		assert.equal(token.expiry, asked.expiry);
		const { secretHash, ...rest } = token;
		assert.deepEqual(await readAt(system, access, token.id), rest);
		assert.equal(secretHash, hashOf(secret));
		assert.ok(!JSON.stringify(await listAt(system, access)).includes(secret));
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "live");
	});

	it("reads all pages, up to the empty one", async () => {
		const names = ["a", "b", "c", "d", "e"];
		for (const name of names) await createAt(system, access, { ...full(), name });
		fake.system.requests.length = 0;
		assert.deepEqual(
			(await listAt(system, access)).map(({ name }) => name),
			names,
		);
		assert.equal(fake.system.requests.length, 4);
	});

	it("renames with the latest version, and can change nothing else", async () => {
		const { token } = await createAt(system, access, full());
		assert.equal((await updateAt(system, access, token.id, { name: "first" })).name, "first");
		const renamed = await updateAt(system, access, token.id, { name: "second" });
		assert.deepEqual([renamed.name, renamed.expiry], ["second", token.expiry]);
		const error = await rejection(updateAt(system, access, token.id, { expiry: inDays(1) }));
		assert.equal(error.code, "not-supported");
		assert.match(error.message, /can't change expiry/);
	});

	it("revokes a token, after which it is dead, and answers gone the next time", async () => {
		const { secret, token } = await createAt(system, access, full());
		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
		assert.equal(await revokeAt(system, access, token.id), "gone");
	});

	for (const [says, fields, reason] of [
		["a blank name", { name: " " }, "must not be blank"],
		["an expiry in more than two years", { expiry: inDays(800) }, "must be within two years"],
		["no permissions", { permissions: [] }, "must not be empty"],
		["a bad range of addresses", { allowedAddresses: ["office"] }, "has no address"],
	] as const) {
		it(`passes on why the system refuses ${says}`, async () => {
			const error = await rejection(createAt(system, access, { ...full(), ...fields }));
			assert.deepEqual([error.code, error.status], ["issuer-refused", 400]);
			assert.match(error.message, new RegExp(reason));
			assert.equal(fake.tokens.size, 0);
		});
	}

	it("passes on that a name is taken", async () => {
		await createAt(system, access, full());
		const error = await rejection(createAt(system, access, full()));
		assert.match(error.message, /is in use/);
	});

	it("waits as long as the tenant's own header says, else 30 seconds", async () => {
		const limited = (headers: Record<string, string>) => {
			fake.system.fault = () => (response) => void response.writeHead(429, headers).end();
		};
		limited({ "X-User-Hour-Limit-Remaining": "1200" });
		const own = await rejection(listAt(system, access));
		assert.deepEqual([own.code, own.retryAfterSeconds], ["issuer-limited", 1200]);
		limited({});
		assert.equal((await rejection(listAt(system, access))).retryAfterSeconds, 30);
		limited({ "Retry-After": "7" });
		assert.equal((await rejection(listAt(system, access))).retryAfterSeconds, 7);
		assert.equal((await probeAt(system, access)).outcome, "unknown");
	});
});

describe("Narrative", () => {
	let fake: Awaited<ReturnType<typeof startNarrative>>;
	const start = async (options = {}) => {
		fake = await startNarrative(options);
		return systemOf(builtIn(narrative), fake.system.url);
	};
	afterEach(() => fake.system.stop());
	const asked = () =>
		wanted({ name: "export", permissions: ["datasets:read", "queries:write"], expiry: inDays(300) });

	it("splits permissions into resource and access, and puts them together again", async () => {
		const system = await start();
		const { token, ignored } = await createAt(system, accessWith(fake.admin), asked());
		assert.deepEqual(fake.system.requests.find(({ method }) => method === "POST")?.body.permissions, [
			{ resource: "datasets", access: "read" },
			{ resource: "queries", access: "write" },
		]);
		assert.deepEqual([token.permissions, ignored], [asked().permissions, []]);
	});

	it("renews, renames and changes permissions, each alone", async () => {
		const system = await start();
		const access = accessWith(fake.admin);
		const { token } = await createAt(system, access, asked());
		const expiry = inDays(350);
		assert.equal((await updateAt(system, access, token.id, { expiry })).expiry, expiry);
		assert.deepEqual(fake.system.requests.at(-1)?.body, { expires_at: expiry });
		await updateAt(system, access, token.id, { name: "import" });
		const last = await updateAt(system, access, token.id, { permissions: ["jobs:admin"] });
		assert.deepEqual([last.name, last.expiry, last.permissions], ["import", expiry, ["jobs:admin"]]);
		assert.deepEqual(await readAt(system, access, token.id), last);
	});

	it("creates with a credential that may not list, whatever the status of that is", async () => {
		for (const status of [401, 403]) {
			const system = await start();
			fake.system.fault = ({ method, path }) =>
				method === "GET" && path === "/access-tokens/tokens"
					? (response) => response.writeHead(status).end("{}")
					: undefined;
			assert.equal((await createAt(system, accessWith(fake.admin), asked())).token.name, "export");
			await fake.system.stop();
		}
		await start();
	});

	it("deletes at once, and a second time finds it gone", async () => {
		const system = await start();
		const access = accessWith(fake.admin);
		const { secret, token } = await createAt(system, access, asked());
		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
		assert.equal(await revokeAt(system, access, token.id), "gone");
		assert.equal((await rejection(readAt(system, access, token.id))).status, 404);
	});

	for (const forbidden of [401, 403]) {
		it(`does not take a missing permission for a dead credential, though the status is ${forbidden}`, async () => {
			const system = await start({ forbidden });
			const { secret } = await createAt(system, accessWith(fake.admin), asked());
			const error = await rejection(listAt(system, accessWith(secret)));
			assert.deepEqual([error.code, error.status], ["issuer-refused", forbidden]);
			assert.equal((await rejection(listAt(system, accessWith("no-such")))).code, "credential-dead");
		});
	}

	it("learns the expiry of a presented token where the system tells it", async () => {
		const system = await start();
		const { secret, token } = await createAt(system, accessWith(fake.admin), asked());
		assert.deepEqual((await probeAt(system, accessWith(secret))).token, { expiry: token.expiry });
		await fake.system.stop();
		const silent = await start({ tellsExpiry: false });
		const other = await createAt(silent, accessWith(fake.admin), asked());
		assert.equal((await probeAt(silent, accessWith(other.secret))).token, undefined);
	});
});

describe("GitLab", () => {
	let fake: Awaited<ReturnType<typeof startGitLab>>;
	let system: System;
	let access: Access;
	beforeEach(async () => {
		fake = await startGitLab();
		system = systemOf(builtIn(gitlab), `${fake.system.url}/api/v4`, { variables: { project: "acme/shop" } });
		access = accessWith(fake.admin);
	});
	afterEach(() => fake.system.stop());
	const asked = (name = "deploy") => wanted({ name, permissions: ["read_api"], expiry: inDays(30) });

	it("sends a day and a role as a number, to the project whose path is one segment", async () => {
		const { expiry, ...rest } = asked();
		const { token, ignored } = await createAt(system, access, {
			...rest,
			expiry,
			options: { access_level: "40" },
		});
		const request = fake.system.requests.find(({ method }) => method === "POST");
		assert.equal(request?.path, "/api/v4/projects/acme%2Fshop/access_tokens");
		assert.deepEqual([request?.body.access_level, request?.body.expires_at], [40, expiry?.slice(0, 10)]);
		assert.equal(token.expiry, `${expiry?.slice(0, 10)}T00:00:00.000Z`);
		assert.deepEqual(ignored, []);
		const error = await rejection(createAt(system, access, { ...asked(), options: { access_level: "99" } }));
		assert.match(error.message, /Role: choose one of/);
	});

	it("follows the links of its pages", async () => {
		for (const name of ["a", "b", "c", "d", "e"]) await createAt(system, access, asked(name));
		assert.deepEqual(
			(await listAt(system, access)).map(({ name }) => name),
			["a", "b", "c", "d", "e"],
		);
	});

	it("reads an error that is an object of lists", async () => {
		const error = await rejection(createAt(system, access, { ...asked(), permissions: ["nonsense"] }));
		assert.match(error.message, /can only contain available scopes/);
	});

	it("recognises the token of a secret by its probe, and a revoked one", async () => {
		const { secret, token } = await createAt(system, access, asked());
		const probe = await probeAt(system, accessWith(secret));
		assert.deepEqual([probe.outcome, probe.token?.id], ["live", token.id]);
		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
		assert.equal(await revokeAt(system, access, token.id), "gone");
	});
});

describe("Grafana", () => {
	let fake: Awaited<ReturnType<typeof startGrafana>>;
	let system: System;
	let access: Access;
	beforeEach(async () => {
		fake = await startGrafana();
		system = systemOf(builtIn(grafana), fake.system.url, { variables: { account: "3" } });
		access = accessWith(fake.admin);
	});
	afterEach(() => fake.system.stop());

	it("learns from the list what its creation does not tell", async () => {
		const expiry = inDays(1);
		const { token, ignored } = await createAt(system, access, wanted({ name: "scrape", expiry }));
		assert.deepEqual(ignored, []);
		assert.ok(Math.abs(Date.parse(token.expiry ?? "") - Date.parse(expiry)) < 5000);
		const never = await createAt(system, access, wanted({ name: "for ever" }));
		assert.deepEqual([never.token.expiry, never.ignored], [null, []]);
	});

	it("takes the answered expiry for the truth when this machine's clock is wrong", async () => {
		const expiry = inDays(1);
		const now = () => Date.now() + 3_600_000;
		const { token, ignored } = await createAt(system, access, wanted({ expiry }), { now });
		assert.deepEqual(ignored, [{ field: "expiry", asked: expiry, answered: token.expiry }]);
		assert.ok(Date.parse(expiry) - Date.parse(token.expiry ?? "") > 3_590_000);
	});

	it("refuses an expiry that is over, rather than to send 0, which means never", async () => {
		const error = await rejection(createAt(system, access, wanted({ expiry: inDays(-1) })));
		assert.equal(error.code, "not-supported");
		assert.equal(fake.tokens.size, 0);
	});
});

describe("Cloudflare", () => {
	let fake: Awaited<ReturnType<typeof startCloudflare>>;
	let system: System;
	let access: Access;
	const group = "c8fed203ed3043cba015a93ad1616f1f";
	beforeEach(async () => {
		fake = await startCloudflare();
		const variables = { scope: "com.cloudflare.api.account.*" };
		system = systemOf(builtIn(cloudflare), `${fake.system.url}/client/v4`, { variables });
		access = accessWith(fake.admin);
	});
	afterEach(() => fake.system.stop());
	const asked = (fields = {}) => wanted({ name: "dns", permissions: [group], expiry: inDays(30), ...fields });

	it("sends a policy with the connection's resource, and a condition only with addresses", async () => {
		const { token, ignored } = await createAt(
			system,
			access,
			asked({ allowedAddresses: ["198.51.100.4/32"] }),
		);
		assert.deepEqual(
			[token.permissions, token.allowedAddresses, ignored],
			[[group], ["198.51.100.4/32"], []],
		);
		const [first] = fake.system.requests.filter(({ method }) => method === "POST");
		assert.deepEqual(first?.body.policies, [
			{
				effect: "allow",
				resources: { "com.cloudflare.api.account.*": "*" },
				permission_groups: [{ id: group }],
			},
		]);
		await createAt(system, access, asked());
		assert.deepEqual(Object.keys(fake.system.requests.at(-1)?.body), ["name", "expires_on", "policies"]);
	});

	it("sends policies and condition back when it changes the name, since its PUT removes what is left out", async () => {
		const { token } = await createAt(system, access, asked({ allowedAddresses: ["198.51.100.4/32"] }));
		const changed = await updateAt(system, access, token.id, { name: "dns-2" });
		assert.deepEqual({ ...changed }, { ...withoutSecret(token), name: "dns-2" });
	});

	it("reads its numbered pages to the last, and asks no further", async () => {
		for (const name of ["a", "b", "c"]) await createAt(system, access, asked({ name }));
		fake.system.requests.length = 0;
		assert.equal((await listAt(system, access)).length, 3);
		assert.deepEqual(fake.system.log, [
			"GET /client/v4/user/tokens?page=1&per_page=50",
			"GET /client/v4/user/tokens?page=2&per_page=50",
		]);
	});

	it("knows a revoked token by the error's code, not by the status alone", async () => {
		const { secret, token } = await createAt(system, access, asked());
		await revokeAt(system, access, token.id);
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
		fake.system.fault = () => (response) => void response.writeHead(401).end("{}");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "unknown");
	});
});

/** What lists and reads, which know no secret, tell of a token. */
function withoutSecret<Token extends { secretHash?: string; partial?: string }>(token: Token) {
	const { secretHash: _hash, partial: _partial, ...rest } = token;
	return rest;
}
