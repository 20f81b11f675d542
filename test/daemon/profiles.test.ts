/** Each issuer's profile as it is used: over real HTTP, with the clock in the test's hands. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type CreatedToken, profile as profileSchema, type TokenRecord } from "../../daemon/contract.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";
import { type Body, type Expected, type Issuer, least, mindbridgePermissions, rows } from "./profile-rows.ts";

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
			assert.deepEqual(
				body.profiles.find((one: { id: string }) => one.id === issuer),
				json,
			);
		});

		it(`${issuer}: “it will only be displayed once”`, async () => {
			const { token: secret, id } = await created(issuer);
			for (const path of ["/v1/api-tokens", `/v1/api-tokens/${id}`]) {
				assert.doesNotMatch(JSON.stringify((await daemon.call("GET", path)).body), new RegExp(secret));
			}
		});

		for (const [says, now, asked, expected] of rows[issuer]) {
			it(`${issuer}: ${says}: ${outcomeOf(expected)} ${abridged(asked)} at ${now}`, async () => {
				daemon.now = new Date(now);
				const answer = await ask(issuer, asked);
				if (isRefused(expected)) {
					assertRefused(answer, expected);
					return assert.deepEqual((await daemon.call("GET", "/v1/api-tokens")).body.tokens, []);
				}
				assert.equal(answer.status, 201, JSON.stringify(answer.body));
				const { token: _, ...record } = answer.body;
				assert.deepEqual({ ...record, ...fieldsOf(expected, asked) }, record);
				assert.deepEqual(await read(record.id), record);
			});
		}

		it(`${issuer}: a rotation keeps the settings, the lifetime and the name`, async () => {
			const old = await created(issuer);
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
			const { body } = await ask("eclecticiq", { expiresIn: { months: 2 } });
			assert.equal(body.expiry, "2027-03-28T01:30:00.000Z");
		} finally {
			if (zone === undefined) delete process.env.TZ;
			else process.env.TZ = zone;
		}
	});

	describe("polarity", () => {
		it("“by adding permissions to the key itself”: counts from the next request on", async () => {
			const { token: secret, id } = await created("polarity", { resources: ["integration/virustotal"] });
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 403);
			const resources = ["integration/virustotal", "channel/soc"];
			assert.equal((await patch(id, 1, { resources })).status, 200);
			const answer = await daemon.verify(secret, "?resource=channel/soc&resource=integration/virustotal");
			assert.equal(answer.headers.get("x-token-resources"), resources.join(" "));
		});

		it("“by adding permissions in the “Permissions” view of an Integration or Annotation Channel”", async () => {
			const { token: secret, id } = await created("polarity");
			const granted = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`);
			assert.deepEqual([granted.status, granted.body.resources], [200, ["channel/soc"]]);
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 200);
			const { body: resource } = await daemon.call("GET", "/v1/resources/channel/soc");
			assert.deepEqual(
				resource.tokens.map((token: TokenRecord) => token.id),
				[id],
			);
			assert.deepEqual((await read(id)).resources, ["channel/soc"]);
		});

		it("a grant can be withdrawn, from either side", async () => {
			const resources = ["channel/soc", "integration/virustotal"];
			const { token: secret, id } = await created("polarity", { resources });
			const withdrawn = await daemon.call("DELETE", `/v1/resources/channel/soc/grants/${id}`);
			assert.deepEqual([withdrawn.status, withdrawn.body.resources], [200, ["integration/virustotal"]]);
			assert.equal((await daemon.verify(secret, "?resource=channel/soc")).status, 403);
			assert.equal((await patch(id, 2, { resources: [] })).status, 200);
			assert.equal((await daemon.verify(secret, "?resource=integration/virustotal")).status, 403);
			assert.deepEqual((await daemon.call("GET", "/v1/resources")).body.resources, []);
		});

		it("“access to Integrations and Annotation Channels”: refuses any other kind from either side", async () => {
			const { id } = await created("polarity");
			assertRefused(await patch(id, 1, { resources: ["host/web1"] }), "/resources/0");
			assert.equal((await daemon.call("PUT", `/v1/resources/host/web1/grants/${id}`)).status, 400);
			assert.deepEqual((await read(id)).resources, []);
		});

		it("“The keys will act like “users””: each has a user of its own", async () => {
			const [one, other] = [await created("polarity"), await created("polarity")];
			assert.notEqual(one.userId, other.userId);
			const { headers } = await daemon.verify(one.token);
			assert.deepEqual(
				[headers.get("x-token-user-id"), headers.get("x-token-user-name")],
				[one.userId, one.name],
			);
		});

		it("changes nothing but grants, the one change that is documented", async () => {
			const { id } = await created("polarity");
			assertRefused(await patch(id, 1, { name: "other" }), "/name");
			assertRefused(await patch(id, 1, { expiry: "2026-03-11T00:00:00Z" }), "/expiry");
		});
	});

	describe("eclecticiq", () => {
		it("“the API token becomes invalid 2 months after the creation date and time”: to the millisecond", async () => {
			const { token: secret } = await created("eclecticiq", { expiresIn: { months: 2 } });
			daemon.now = new Date("2026-05-10T11:59:59.999Z");
			assert.equal((await daemon.verify(secret)).status, 200);
			daemon.now = new Date("2026-05-10T12:00:00.000Z");
			assert.equal((await daemon.verify(secret)).body.code, "token-expired");
		});

		it("“Set your default source to make sure the system chooses the correct one”: verify hands it on", async () => {
			const { token: secret } = await created("eclecticiq", { defaultSource: "CTI team" });
			const answer = await daemon.verify(secret);
			assert.equal(answer.headers.get("x-token-default-source"), "CTI team");
			assert.equal(answer.body.token.defaultSource, "CTI team");
		});

		it("acts as its creator: with that user's id and name", async () => {
			const { token: secret } = await created("eclecticiq");
			const { headers } = await daemon.verify(secret, "?permission=anything.at-all");
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], ["owner", "ada"]);
			const made = await daemon.create({}, secret);
			assert.deepEqual(made.createdUserInfo, { userId: "owner", userName: "ada" });
		});

		it("acts as its creator after a rotation too, whoever rotated it", async () => {
			const { id } = await created("eclecticiq");
			const { token: rotator } = await created("local", { permissions: ["*"], expiry: null });
			const path = `/v1/api-tokens/${id}/rotate`;
			const { body } = await daemon.call("POST", path, { body: { overlapSeconds: 0 }, secret: rotator });
			const { headers } = await daemon.verify(body.token);
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], ["owner", "ada"]);
		});

		it("has its creator's permissions and no more, when that is a token", async () => {
			const permissions = ["orders.read", "api.api-tokens.write"];
			const creator = await daemon.create({ permissions });
			const expiry = "2026-03-11T00:00:00Z";
			const answer = await ask("eclecticiq", { expiry }, creator.token);
			assert.deepEqual([answer.body.permissions, answer.body.userId], [permissions, creator.userId]);
			assert.equal((await daemon.verify(answer.body.token, "?permission=orders.read")).status, 200);
			assert.equal((await daemon.verify(answer.body.token, "?permission=orders.write")).status, 403);
		});

		it("“The most recent date when the API token was last used.”", async () => {
			const { token: secret, id } = await created("eclecticiq");
			assert.equal((await read(id)).lastUsedDate, null);
			daemon.now = new Date("2026-03-12T08:30:00.000Z");
			await daemon.verify(secret);
			assert.equal((await read(id)).lastUsedDate, "2026-03-12T08:30:00.000Z");
		});

		it("can't be changed: no edit is documented", async () => {
			const { id } = await created("eclecticiq");
			assertRefused(await patch(id, 1, { name: "other" }), "/name");
			assertRefused(await patch(id, 1, { defaultSource: "other" }), "/defaultSource");
			assert.equal((await read(id)).version, 1);
		});

		it("any number of tokens of any name for a user", async () => {
			const [one, other] = [
				await created("eclecticiq", { name: "x" }),
				await created("eclecticiq", { name: "x" }),
			];
			assert.equal(one.name, other.name);
		});
	});

	describe("mindbridge", () => {
		it("offers the 64 permissions of the issuer's page, in its order", async () => {
			const { body } = await daemon.call("GET", "/v1/profiles");
			const { permissions } = body.profiles.find((one: { id: string }) => one.id === "mindbridge");
			assert.equal(mindbridgePermissions.length, 64);
			assert.deepEqual(
				permissions.catalogue.map((entry: { name: string }) => entry.name),
				mindbridgePermissions,
			);
		});

		it("a name is unique, until its token is deleted and with it the token's user", async () => {
			const { id } = await created("mindbridge", { name: "erp" });
			assertTaken(await ask("mindbridge", { name: "erp" }));
			assertTaken(await ask("mindbridge", { name: " erp " }));
			daemon.now = new Date("2027-01-01T00:00:00.000Z");
			assertTaken(await ask("mindbridge", { name: "erp" }));
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await ask("mindbridge", { name: "erp" })).status, 201);
		});

		it("a name is unique among this issuer's tokens alone", async () => {
			await created("mindbridge", { name: "erp" });
			assert.equal((await created("local", { name: "erp" })).name, "erp");
			assert.equal((await created("local", { name: "erp" })).name, "erp");
		});

		it("a name is unique after a renaming as well", async () => {
			await created("mindbridge", { name: "erp" });
			const { id } = await created("mindbridge", { name: "crm" });
			assertTaken(await patch(id, 1, { name: "erp" }));
			assert.equal((await patch(id, 1, { name: "crm" })).status, 200, "its own name is free for itself");
			assert.equal((await ask("mindbridge", { name: "crm" })).status, 409);
		});

		it("a name is unique when a token with a predecessor is renamed", async () => {
			await created("mindbridge", { name: "erp" });
			const { id } = await created("mindbridge", { name: "crm" });
			const { body } = await daemon.call("POST", `/v1/api-tokens/${id}/rotate`, {
				body: { overlapSeconds: 60 },
			});
			assertTaken(await patch(body.id, 1, { name: "erp" }));
		});

		it("a name is unique when many ask for it at once", async () => {
			const answers = await Promise.all(Array.from({ length: 8 }, () => ask("mindbridge", { name: "erp" })));
			assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, ...Array(7).fill(409)]);
		});

		it("“any action that the API takes will be attributed to that account”", async () => {
			const permissions = ["api.api-tokens.write", "api.tasks.read"];
			const creator = await created("mindbridge", { name: "provisioner", permissions });
			assert.deepEqual(creator.createdUserInfo, { userId: "owner", userName: "ada" });
			const body = { permissions: ["api.tasks.read"], expiresIn: { days: 1 } };
			const made = await ask("mindbridge", body, creator.token);
			assert.deepEqual(made.body.createdUserInfo, { userId: creator.userId, userName: "provisioner" });
			assert.notEqual(made.body.userId, creator.userId);
		});

		it("“data integrity version”, “last modified”, “who last modified”: a renaming moves all three", async () => {
			const { id, creationDate } = await created("mindbridge");
			daemon.now = new Date("2026-03-11T00:00:00.000Z");
			assert.equal((await patch(id, 7, { name: "new" })).status, 412);
			assert.equal((await patch(id, 1, { name: "new" })).status, 200);
			const { name, version, lastModifiedDate, lastModifiedUserInfo, ...record } = await read(id);
			assert.deepEqual([name, version, lastModifiedDate], ["new", 2, "2026-03-11T00:00:00.000Z"]);
			assert.deepEqual(lastModifiedUserInfo, { userId: "owner", userName: "ada" });
			assert.equal(record.creationDate, creationDate);
		});

		it("“This will also be used as the API Token User's name.”: after a renaming too", async () => {
			const { token: secret, id, userId } = await created("mindbridge", { name: "old" });
			await patch(id, 1, { name: "new" });
			const { headers } = await daemon.verify(secret);
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], [userId, "new"]);
		});

		it("“the API Token User's name”: after a rotation by the token itself and a renaming", async () => {
			const permissions = ["api.api-tokens.write"];
			const old = await created("mindbridge", { name: "old", permissions });
			const path = `/v1/api-tokens/${old.id}/rotate`;
			const { body } = await daemon.call("POST", path, { body: { overlapSeconds: 0 }, secret: old.token });
			await patch(body.id, 1, { name: "new" });
			const { headers } = await daemon.verify(body.token);
			assert.deepEqual(
				[headers.get("x-token-user-id"), headers.get("x-token-user-name")],
				[old.userId, "new"],
			);
		});

		it("can be renamed and nothing else: any other change needs a new token", async () => {
			const { id } = await created("mindbridge");
			assertRefused(await patch(id, 1, { permissions: ["api.tasks.read"] }), "/permissions");
			assertRefused(await patch(id, 1, { allowedAddresses: [] }), "/allowedAddresses");
			assertRefused(await patch(id, 1, { expiry: "2026-03-11T00:00:00Z" }), "/expiry");
			assert.equal((await daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`)).status, 400);
		});

		it("“If empty, any address may use it.”, otherwise those that are named", async () => {
			const any = await created("mindbridge", { name: "any", allowedAddresses: [] });
			assert.equal((await daemon.verify(any.token)).status, 200);
			const here = await created("mindbridge", { name: "here", allowedAddresses: ["127.0.0.0/8"] });
			assert.equal((await daemon.verify(here.token)).status, 200);
			const elsewhere = await created("mindbridge", { name: "there", allowedAddresses: ["192.0.2.0/24"] });
			assert.equal((await daemon.verify(elsewhere.token)).body.code, "address-not-allowed");
		});

		it("“If compromised, contact your App Admin immediately.”", async () => {
			const { id } = await created("mindbridge");
			const body = { reason: "leak", filter: { ids: [id] } };
			const { body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.match(report.nextSteps.join("\n"), /App Admin/);
		});

		it("an unknown permission is kept as it is and can be asked for", async () => {
			const permissions = ["api.tasks.read", "api.ledgers.approve"];
			const { token: secret, id } = await created("mindbridge", { permissions });
			assert.deepEqual((await read(id)).permissions, permissions);
			assert.equal((await daemon.verify(secret, "?permission=api.ledgers.approve")).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=api.ledgers.read")).status, 403);
		});
	});

	describe("narrative", () => {
		it("a key is the company's, not its creator's", async () => {
			const [one, other] = [await created("narrative"), await created("narrative")];
			assert.equal(one.userId, other.userId);
			assert.notEqual(one.userId, one.createdUserInfo.userId);
		});

		it("“Regularly update the expiration date”: to at most one year from the change", async () => {
			const { id } = await created("narrative");
			daemon.now = new Date("2026-04-01T00:00:00.000Z");
			assertRefused(await patch(id, 1, { expiry: "2027-04-01T00:00:00.001Z" }), "/expiry");
			assertRefused(await patch(id, 1, { expiry: null }), "/expiry");
			assert.equal(
				(await patch(id, 1, { expiry: "2027-04-01T00:00:00Z" })).body.expiry,
				"2027-04-01T00:00:00.000Z",
			);
		});

		it("its name and permissions can be changed, by the same rules", async () => {
			const { token: secret, id } = await created("narrative");
			assertRefused(await patch(id, 1, { permissions: [] }), "/permissions");
			assertRefused(await patch(id, 1, { permissions: ["datasets:own"] }), "/permissions/0");
			assertRefused(await patch(id, 1, { allowedAddresses: ["127.0.0.1"] }), "/allowedAddresses");
			assert.equal((await patch(id, 1, { name: "new", permissions: ["apps:write"] })).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=apps:write")).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=datasets:read")).status, 403);
		});

		it("“This immediately invalidates the API key.”", async () => {
			const { token: secret, id } = await created("narrative");
			assert.equal((await daemon.verify(secret)).status, 200);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await daemon.verify(secret)).body.code, "token-revoked");
		});

		it("“revoke all API keys, create new ones, and report the incident to Narrative security”", async () => {
			const local = await created("local");
			const keys = [await created("narrative", { name: "one" }), await created("narrative", { name: "two" })];
			const body = { reason: "leak", filter: { profile: "narrative" }, createSuccessors: true };
			const { body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.equal(report.revoked.length, 2);
			for (const key of keys) assert.equal((await daemon.verify(key.token)).body.code, "token-revoked");
			assert.deepEqual(report.successors.map((one: CreatedToken) => one.name).sort(), ["one", "two"]);
			for (const one of report.successors) assert.equal((await daemon.verify(one.token)).status, 200);
			assert.equal((await daemon.verify(local.token)).status, 200);
			assert.match(report.nextSteps.join("\n"), /report the incident to Narrative's security team/);
		});
	});

	/** Asks for a token with the least that its profile takes and what is given here. */
	function ask(profile: Issuer, asked: Body, secret?: string): Promise<Answer> {
		const base: Body = { name: "a name", profile, ...least[profile] };
		if ("expiry" in asked) delete base.expiresIn;
		return daemon.call("POST", "/v1/api-tokens", {
			body: { ...base, ...asked },
			...(secret === undefined ? {} : { secret }),
		});
	}

	async function created(profile: Issuer, asked: Body = {}): Promise<CreatedToken> {
		const answer = await ask(profile, asked);
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		return answer.body;
	}

	async function read(id: string): Promise<TokenRecord> {
		return (await daemon.call("GET", `/v1/api-tokens/${id}`)).body;
	}

	function patch(id: string, version: number, body: Body): Promise<Answer> {
		return daemon.call("PATCH", `/v1/api-tokens/${id}`, { body, headers: { "if-match": `"${version}"` } });
	}
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

function assertRefused(answer: Answer, pointer: string): void {
	assert.deepEqual([answer.status, answer.body.code], [400, "invalid-request"], JSON.stringify(answer.body));
	assert.deepEqual(
		answer.body.errors.map((error: { pointer: string }) => error.pointer),
		[pointer],
	);
}

function assertTaken(answer: Answer): void {
	assert.deepEqual([answer.status, answer.body.code], [409, "name-taken"], JSON.stringify(answer.body));
}

function abridged(asked: Body): string {
	const text = JSON.stringify(asked, (_key, value) => (value === undefined ? "nothing" : value));
	return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
