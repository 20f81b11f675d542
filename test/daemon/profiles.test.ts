/** Each issuer's profile as it is used: over real HTTP, with the clock in the test's hands. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { profile as profileSchema, type TokenRecord } from "../../daemon/contract.ts";
import { samplePermissions } from "../sample-permissions.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";
import { ask, assertRefused, created, patch } from "./profile-calls.ts";
import { type Body, type Expected, type Issuer, least, rows } from "./profile-rows.ts";

describe("the profiles", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	for (const issuer of Object.keys(least) as Issuer[]) {
		it(`${issuer}.json keeps to the schema and to its own rules`, async () => {
			const json = JSON.parse(
				readFileSync(new URL(`../../daemon/profiles/${issuer}.json`, import.meta.url), "utf8"),
			);
			const parsed = profileSchema.parse(json);
			assert.deepEqual(parsed, json);
			const { catalogue, pattern } = parsed.permissions;
			const names = catalogue.map((entry) => entry.name);
			assert.equal(new Set(names).size, names.length, "no permission stands there twice");
			assert.deepEqual(
				names.filter((name) => pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(name)),
				[],
			);
			const { body } = await daemon.call("GET", "/v1/profiles");
			const shown = body.profiles.find((one: { id: string }) => one.id === issuer);
			// The owner's own come first.
			const own = issuer === "local" ? samplePermissions : [];
			json.permissions.catalogue = [...own, ...catalogue];
			assert.deepEqual(shown, { ...json, source: "built-in" });
		});

		it(`${issuer}: “it will only be displayed once”`, async () => {
			const { token: secret, id } = await created(daemon, issuer);
			for (const path of ["/v1/api-tokens", `/v1/api-tokens/${id}`]) {
				assert.doesNotMatch(JSON.stringify((await daemon.call("GET", path)).body), new RegExp(secret));
			}
		});

		for (const [says, now, asked, expected] of rows[issuer]) {
			it(`${issuer}: ${says}: ${outcomeOf(expected)} ${abridged(asked)} at ${now}`, async () => {
				daemon.now = new Date(now);
				const answer = await ask(daemon, issuer, asked);
				if (isRefused(expected)) {
					assertRefused(answer, expected);
					return assert.deepEqual((await daemon.call("GET", "/v1/api-tokens")).body.tokens, []);
				}
				assert.equal(answer.status, 201, JSON.stringify(answer.body));
				const { token: _, ...record } = answer.body;
				assert.deepEqual({ ...record, ...fieldsOf(expected, asked) }, record);
				assert.deepEqual(await daemon.record(record.id), record);
			});
		}

		it(`${issuer}: a rotation keeps the settings, the lifetime and the name`, async () => {
			const old = await created(daemon, issuer);
			daemon.now = new Date("2026-03-20T12:00:00.000Z");
			const answer = await daemon.call("POST", `/v1/api-tokens/${old.id}/rotate`, {
				body: { overlapSeconds: 60 },
			});
			assert.equal(answer.status, 201, JSON.stringify(answer.body));
			const { name, profile, permissions, resources, allowedAddresses, defaultSource, expiry } = answer.body;
			const kept = { name, profile, permissions, resources, allowedAddresses, defaultSource };
			for (const [field, value] of Object.entries(kept))
				assert.deepEqual(value, old[field as keyof TokenRecord], field);
			assert.equal(expiry, old.expiry === null ? null : "2026-04-19T12:00:00.000Z");
			assert.equal(answer.body.predecessor.retiresDate, "2026-03-20T12:01:00.000Z");
		});
	}

	it("reckons calendar months in UTC, whatever the machine's daylight saving", async () => {
		const zone = process.env.TZ;
		process.env.TZ = "Europe/Berlin";
		try {
			daemon.now = new Date("2027-01-28T01:30:00.000Z");
			const { body } = await ask(daemon, "eclecticiq", { expiresIn: { months: 2 } });
			assert.equal(body.expiry, "2027-03-28T01:30:00.000Z");
		} finally {
			if (zone === undefined) delete process.env.TZ;
			else process.env.TZ = zone;
		}
	});

	describe("polarity", () => {
		it("“by adding permissions to the key itself”: counts from the next request on", async () => {
			const { token: secret, id } = await created(daemon, "polarity", {
				resources: ["integration/virustotal"],
			});
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 403);
			const resources = ["integration/virustotal", "channel/soc"];
			assert.equal((await patch(daemon, id, 1, { resources })).status, 200);
			const answer = await daemon.verify(secret, "?resource=channel/soc&resource=integration/virustotal");
			assert.equal(answer.headers.get("x-token-resources"), resources.join(" "));
		});

		it("“by adding permissions in the “Permissions” view of an Integration or Annotation Channel”", async () => {
			const { token: secret, id } = await created(daemon, "polarity");
			const granted = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`);
			assert.deepEqual([granted.status, granted.body.resources], [200, ["channel/soc"]]);
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 200);
			const { body: resource } = await daemon.call("GET", "/v1/resources/channel/soc");
			assert.deepEqual(
				resource.tokens.map((token: TokenRecord) => token.id),
				[id],
			);
			assert.deepEqual((await daemon.record(id)).resources, ["channel/soc"]);
		});

		it("a grant can be withdrawn, from either side", async () => {
			const resources = ["channel/soc", "integration/virustotal"];
			const { token: secret, id } = await created(daemon, "polarity", { resources });
			const withdrawn = await daemon.call("DELETE", `/v1/resources/channel/soc/grants/${id}`);
			assert.deepEqual([withdrawn.status, withdrawn.body.resources], [200, ["integration/virustotal"]]);
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 403);
			assert.equal((await patch(daemon, id, 2, { resources: [] })).status, 200);
			assert.equal((await daemon.verify(secret, "?resource=integration/virustotal")).status, 403);
			assert.deepEqual((await daemon.call("GET", "/v1/resources")).body.resources, []);
		});

		it("“access to Integrations and Annotation Channels”: refuses any other kind from either side", async () => {
			const { id } = await created(daemon, "polarity");
			assertRefused(await patch(daemon, id, 1, { resources: ["host/web1"] }), "/resources/0");
			assert.equal((await daemon.call("PUT", `/v1/resources/host/web1/grants/${id}`)).status, 400);
			assert.deepEqual((await daemon.record(id)).resources, []);
		});

		it("“The keys will act like “users””: each has a user of its own", async () => {
			const [one, other] = [await created(daemon, "polarity"), await created(daemon, "polarity")];
			assert.notEqual(one.userId, other.userId);
			const { headers } = await daemon.verify(one.token);
			assert.deepEqual(
				[headers.get("x-token-user-id"), headers.get("x-token-user-name")],
				[one.userId, one.name],
			);
		});

		it("changes nothing but grants, the one change that is documented", async () => {
			const { id } = await created(daemon, "polarity");
			assertRefused(await patch(daemon, id, 1, { name: "other" }), "/name");
			assertRefused(await patch(daemon, id, 1, { expiry: "2026-03-11T00:00:00Z" }), "/expiry");
		});
	});

	describe("eclecticiq", () => {
		it("“the API token becomes invalid 2 months after the creation date and time”: to the millisecond", async () => {
			const { token: secret } = await created(daemon, "eclecticiq", { expiresIn: { months: 2 } });
			daemon.now = new Date("2026-05-10T11:59:59.999Z");
			assert.equal((await daemon.verify(secret)).status, 200);
			daemon.now = new Date("2026-05-10T12:00:00.000Z");
			assert.equal((await daemon.verify(secret)).body.code, "token-expired");
		});

		it("“Set your default source to make sure the system chooses the correct one”: verify hands it on", async () => {
			const { token: secret } = await created(daemon, "eclecticiq", { defaultSource: "CTI team" });
			const answer = await daemon.verify(secret);
			assert.equal(answer.headers.get("x-token-default-source"), "CTI team");
			assert.equal(answer.body.token.defaultSource, "CTI team");
		});

		it("acts as its creator: with that user's id and name", async () => {
			const { token: secret } = await created(daemon, "eclecticiq");
			const { headers } = await daemon.verify(secret, "?permission=anything.at-all");
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], ["owner", "ada"]);
			const made = await daemon.create({}, secret);
			assert.deepEqual(made.createdUserInfo, { userId: "owner", userName: "ada" });
		});

		it("acts as its creator after a rotation too, by any caller", async () => {
			const { id } = await created(daemon, "eclecticiq");
			const { token: rotator } = await created(daemon, "local", { permissions: ["*"], expiry: null });
			const path = `/v1/api-tokens/${id}/rotate`;
			const { body } = await daemon.call("POST", path, { body: { overlapSeconds: 0 }, secret: rotator });
			const { headers } = await daemon.verify(body.token);
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], ["owner", "ada"]);
		});

		it("has its creator's permissions and no more, when that is a token", async () => {
			const permissions = ["orders.read", "api.api-tokens.write"];
			const creator = await daemon.create({ permissions });
			const expiry = "2026-03-11T00:00:00Z";
			const answer = await ask(daemon, "eclecticiq", { expiry }, creator.token);
			assert.deepEqual([answer.body.permissions, answer.body.userId], [permissions, creator.userId]);
			assert.equal((await daemon.verify(answer.body.token, "?permission=orders.read")).status, 200);
			assert.equal((await daemon.verify(answer.body.token, "?permission=orders.write")).status, 403);
		});

		it("“The most recent date when the API token was last used.”", async () => {
			const { token: secret, id } = await created(daemon, "eclecticiq");
			assert.equal((await daemon.record(id)).lastUsedDate, null);
			daemon.now = new Date("2026-03-12T08:30:00.000Z");
			await daemon.verify(secret);
			assert.equal((await daemon.record(id)).lastUsedDate, "2026-03-12T08:30:00.000Z");
		});

		it("can't be changed: no edit is documented", async () => {
			const { id } = await created(daemon, "eclecticiq");
			assertRefused(await patch(daemon, id, 1, { name: "other" }), "/name");
			assertRefused(await patch(daemon, id, 1, { defaultSource: "other" }), "/defaultSource");
			assert.equal((await daemon.record(id)).version, 1);
		});

		it("any number of tokens of any name for a user", async () => {
			const [one, other] = [
				await created(daemon, "eclecticiq", { name: "x" }),
				await created(daemon, "eclecticiq", { name: "x" }),
			];
			assert.equal(one.name, other.name);
		});
	});
});

function isRefused(expected: Expected): expected is `/${string}` {
	return typeof expected === "string" && expected.startsWith("/");
}

/** What the record has to say. */
function fieldsOf(expected: Exclude<Expected, `/${string}`>, asked: Body): Body {
	if (expected === "kept") return asked;
	return typeof expected === "string" ? { expiry: expected } : expected;
}

function outcomeOf(expected: Expected): string {
	return isRefused(expected) ? `refuses, at ${expected},` : "takes";
}

function abridged(asked: Body): string {
	const text = JSON.stringify(asked, (_key, value) => (value === undefined ? "nothing" : value));
	return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
