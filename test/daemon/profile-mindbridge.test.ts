/** MindBridge's and Narrative's profiles as they are used: over real HTTP, with the clock in the test's hands. */
import assert from "node:assert/strict";
import type { CreatedToken } from "../../daemon/contract.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";
import { ask, assertRefused, assertTaken, created, patch } from "./profile-calls.ts";
import { mindbridgePermissions } from "./profile-rows.ts";

describe("the profiles", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
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
			const { id } = await created(daemon, "mindbridge", { name: "erp" });
			assertTaken(await ask(daemon, "mindbridge", { name: "erp" }));
			assertTaken(await ask(daemon, "mindbridge", { name: " erp " }));
			daemon.now = new Date("2027-01-01T00:00:00.000Z");
			assertTaken(await ask(daemon, "mindbridge", { name: "erp" }));
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await ask(daemon, "mindbridge", { name: "erp" })).status, 201);
		});

		it("a name is unique among this issuer's tokens alone", async () => {
			await created(daemon, "mindbridge", { name: "erp" });
			assert.equal((await created(daemon, "local", { name: "erp" })).name, "erp");
			assert.equal((await created(daemon, "local", { name: "erp" })).name, "erp");
		});

		it("a name is unique after a renaming as well", async () => {
			await created(daemon, "mindbridge", { name: "erp" });
			const { id } = await created(daemon, "mindbridge", { name: "crm" });
			assertTaken(await patch(daemon, id, 1, { name: "erp" }));
			assert.equal(
				(await patch(daemon, id, 1, { name: "crm" })).status,
				200,
				"its own name is free for itself",
			);
			assert.equal((await ask(daemon, "mindbridge", { name: "crm" })).status, 409);
		});

		it("a name is unique when a token with a predecessor is renamed", async () => {
			await created(daemon, "mindbridge", { name: "erp" });
			const { id } = await created(daemon, "mindbridge", { name: "crm" });
			const { body } = await daemon.call("POST", `/v1/api-tokens/${id}/rotate`, {
				body: { overlapSeconds: 60 },
			});
			assertTaken(await patch(daemon, body.id, 1, { name: "erp" }));
		});

		it("a name is unique when many ask for it at once", async () => {
			const answers = await Promise.all(
				Array.from({ length: 8 }, () => ask(daemon, "mindbridge", { name: "erp" })),
			);
			assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, ...Array(7).fill(409)]);
		});

		it("“any action that the API takes will be attributed to that account”", async () => {
			const permissions = ["api.api-tokens.write", "api.tasks.read"];
			const creator = await created(daemon, "mindbridge", { name: "provisioner", permissions });
			assert.deepEqual(creator.createdUserInfo, { userId: "owner", userName: "ada" });
			const body = { permissions: ["api.tasks.read"], expiresIn: { days: 1 } };
			const made = await ask(daemon, "mindbridge", body, creator.token);
			assert.deepEqual(made.body.createdUserInfo, { userId: creator.userId, userName: "provisioner" });
			assert.notEqual(made.body.userId, creator.userId);
		});

		it("“data integrity version”, “last modified”, “who last modified”: a renaming moves all three", async () => {
			const { id, creationDate } = await created(daemon, "mindbridge");
			daemon.now = new Date("2026-03-11T00:00:00.000Z");
			assert.equal((await patch(daemon, id, 7, { name: "new" })).status, 412);
			assert.equal((await patch(daemon, id, 1, { name: "new" })).status, 200);
			const { name, version, lastModifiedDate, lastModifiedUserInfo, ...record } = await daemon.record(id);
			assert.deepEqual([name, version, lastModifiedDate], ["new", 2, "2026-03-11T00:00:00.000Z"]);
			assert.deepEqual(lastModifiedUserInfo, { userId: "owner", userName: "ada" });
			assert.equal(record.creationDate, creationDate);
		});

		it("“This will also be used as the API Token User's name.”: after a renaming too", async () => {
			const { token: secret, id, userId } = await created(daemon, "mindbridge", { name: "old" });
			await patch(daemon, id, 1, { name: "new" });
			const { headers } = await daemon.verify(secret);
			assert.deepEqual([headers.get("x-token-user-id"), headers.get("x-token-user-name")], [userId, "new"]);
		});

		it("“the API Token User's name”: after a rotation by the token itself and a renaming", async () => {
			const permissions = ["api.api-tokens.write"];
			const old = await created(daemon, "mindbridge", { name: "old", permissions });
			const path = `/v1/api-tokens/${old.id}/rotate`;
			const { body } = await daemon.call("POST", path, { body: { overlapSeconds: 0 }, secret: old.token });
			await patch(daemon, body.id, 1, { name: "new" });
			const { headers } = await daemon.verify(body.token);
			assert.deepEqual(
				[headers.get("x-token-user-id"), headers.get("x-token-user-name")],
				[old.userId, "new"],
			);
		});

		it("can be renamed and nothing else: any other change needs a new token", async () => {
			const { id } = await created(daemon, "mindbridge");
			assertRefused(await patch(daemon, id, 1, { permissions: ["api.tasks.read"] }), "/permissions");
			assertRefused(await patch(daemon, id, 1, { allowedAddresses: [] }), "/allowedAddresses");
			assertRefused(await patch(daemon, id, 1, { expiry: "2026-03-11T00:00:00Z" }), "/expiry");
			assert.equal((await daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`)).status, 400);
		});

		it("“If empty, any address may use it.”, otherwise those that are named", async () => {
			const any = await created(daemon, "mindbridge", { name: "any", allowedAddresses: [] });
			assert.equal((await daemon.verify(any.token)).status, 200);
			const here = await created(daemon, "mindbridge", { name: "here", allowedAddresses: ["127.0.0.0/8"] });
			assert.equal((await daemon.verify(here.token)).status, 200);
			const elsewhere = await created(daemon, "mindbridge", {
				name: "there",
				allowedAddresses: ["192.0.2.0/24"],
			});
			assert.equal((await daemon.verify(elsewhere.token)).body.code, "address-not-allowed");
		});

		it("“If compromised, contact your App Admin immediately.”", async () => {
			const { id } = await created(daemon, "mindbridge");
			const body = { reason: "leak", filter: { ids: [id] } };
			const { body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.match(report.nextSteps.join("\n"), /App Admin/);
		});

		it("an unknown permission is kept as it is and can be asked for", async () => {
			const permissions = ["api.tasks.read", "api.ledgers.approve"];
			const { token: secret, id } = await created(daemon, "mindbridge", { permissions });
			assert.deepEqual((await daemon.record(id)).permissions, permissions);
			assert.equal((await daemon.verify(secret, "?permission=api.ledgers.approve")).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=api.ledgers.read")).status, 403);
		});
	});

	describe("narrative", () => {
		it("a key is the company's, not its creator's", async () => {
			const [one, other] = [await created(daemon, "narrative"), await created(daemon, "narrative")];
			assert.equal(one.userId, other.userId);
			assert.notEqual(one.userId, one.createdUserInfo.userId);
		});

		it("“Regularly update the expiration date”: to at most one year from the change", async () => {
			const { id } = await created(daemon, "narrative");
			daemon.now = new Date("2026-04-01T00:00:00.000Z");
			assertRefused(await patch(daemon, id, 1, { expiry: "2027-04-01T00:00:00.001Z" }), "/expiry");
			assertRefused(await patch(daemon, id, 1, { expiry: null }), "/expiry");
			assert.equal(
				(await patch(daemon, id, 1, { expiry: "2027-04-01T00:00:00Z" })).body.expiry,
				"2027-04-01T00:00:00.000Z",
			);
		});

		it("its name and permissions can be changed, by the same rules", async () => {
			const { token: secret, id } = await created(daemon, "narrative");
			assertRefused(await patch(daemon, id, 1, { permissions: [] }), "/permissions");
			assertRefused(await patch(daemon, id, 1, { permissions: ["datasets:own"] }), "/permissions/0");
			assertRefused(await patch(daemon, id, 1, { allowedAddresses: ["127.0.0.1"] }), "/allowedAddresses");
			assert.equal((await patch(daemon, id, 1, { name: "new", permissions: ["apps:write"] })).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=apps:write")).status, 200);
			assert.equal((await daemon.verify(secret, "?permission=datasets:read")).status, 403);
		});

		it("“This immediately invalidates the API key.”", async () => {
			const { token: secret, id } = await created(daemon, "narrative");
			assert.equal((await daemon.verify(secret)).status, 200);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await daemon.verify(secret)).body.code, "token-revoked");
		});

		it("“revoke all API keys, create new ones, and report the incident to Narrative security”", async () => {
			const local = await created(daemon, "local");
			const keys = [
				await created(daemon, "narrative", { name: "one" }),
				await created(daemon, "narrative", { name: "two" }),
			];
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
});
