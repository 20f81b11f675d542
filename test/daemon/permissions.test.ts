/** The owner's own permissions: what local tokens may be given, and what services ask for. */
import assert from "node:assert/strict";
import type { CatalogueEntry, PermissionList } from "../../daemon/contract.ts";
import { assertProblem, daemonOfEach, type TestDaemon } from "./harness.ts";

describe("own permissions", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("can be given to tokens from the next request on, and after a restart", async () => {
		const body = { name: "billing", permissions: ["billing.read"] };
		const refused = await daemon.call("POST", "/v1/api-tokens", { body });
		assertProblem(refused, "invalid-request");
		assert.match(
			refused.body.errors[0].detail,
			/billing\.read is not in the catalogue .*'tokensmith permission add'/,
		);
		const added = await put("billing.read", { description: "Read bills" });
		assert.deepEqual(added.body, { name: "billing.read", group: "billing", description: "Read bills" });
		for (let start = 0; start < 2; start++) {
			assert.deepEqual((await daemon.create(body)).permissions, ["billing.read"]);
			await daemon.close();
			await daemon.open();
		}
	});

	it("are listed before the permissions of the daemon's own API, each with its origin", async () => {
		await put("zebra.feed");
		await put("a/b:c%?#");
		const { permissions } = await list();
		const own = permissions.filter(({ origin }) => origin === "own").map(({ name }) => name);
		assert.ok(own.includes("zebra.feed") && own.includes("a/b:c%?#"));
		assert.deepEqual(
			permissions.slice(-5).map(({ name, origin }) => [name.slice(0, 15), origin]),
			Array(5).fill(["api.api-tokens.", "daemon"]),
		);
	});

	it("replace their description and group, and are recorded once for each change", async () => {
		await put("billing.read");
		await put("billing.read");
		await put("billing.read", { group: "money", description: "Read bills" });
		await daemon.call("DELETE", "/v1/permissions/billing.read");
		const { events } = (await daemon.call("GET", "/v1/audit-events?action=permission")).body;
		const entry = { name: "billing.read", group: "billing", description: "" };
		const changed = { name: "billing.read", group: "money", description: "Read bills" };
		assert.deepEqual(
			events.map(({ before, after }: { before: unknown; after: unknown }) => [before, after]).reverse(),
			[
				[{}, entry],
				[entry, changed],
				[changed, {}],
			],
		);
	});

	it("are kept by tokens when they are removed", async () => {
		await put("billing.read");
		const { token, id } = await daemon.create({ permissions: ["billing.read"] });
		assert.equal((await daemon.call("DELETE", "/v1/permissions/billing.read")).status, 204);
		assert.equal((await daemon.verify(token, "?permission=billing.read")).status, 200);
		assert.deepEqual((await daemon.rotate(id, { overlapSeconds: 0 })).permissions, ["billing.read"]);
		assertProblem(await daemon.call("DELETE", "/v1/permissions/billing.read"), "not-found");
	});

	for (const [what, entry] of [
		["a blank group", { group: "\u200B" }],
		["a group with a line break", { group: "a\nb" }],
		["a description with a control character", { description: "\u001b[31mred" }],
	] as const)
		it(`are refused with ${what}`, async () => {
			assertProblem(
				await daemon.call("PUT", "/v1/permissions/billing.read", { body: entry }),
				"invalid-request",
			);
		});

	const wrong: [what: string, name: string, detail: RegExp][] = [
		["blanks", "billing read", /without spaces/],
		["a line break", "billing\nread", /without spaces/],
		["quotes", 'billing"read', /without spaces/],
		["300 characters", "b".repeat(300), /more than 200 characters/],
		["a wildcard", "billing.*", /wildcard/],
		["all", "*", /wildcard/],
		["a permission of the daemon", "api.api-tokens.read", /daemon's own API/],
		["one below the daemon's", "api.api-tokens.more", /daemon's own API/],
	];
	for (const [what, name, detail] of wrong) {
		it(`are refused with ${what}, in words`, async () => {
			const answer = await put(name);
			assertProblem(answer, "invalid-request");
			assert.match(answer.body.detail, detail);
			assert.equal(
				(await list()).permissions.some((entry) => entry.name === name && entry.origin === "own"),
				false,
			);
		});
	}

	it("are at most 500", async () => {
		const { length } = (await list()).permissions.filter(({ origin }) => origin === "own");
		for (let count = length; count < 500; count++) assert.equal((await put(`own.p${count}`)).status, 200);
		assertProblem(await put("own.more"), "invalid-request");
		assert.equal((await put("own.p499", { description: "Changed" })).status, 200);
	});

	it("are changed by the owner only, and read by tokens that may read", async () => {
		const { token } = await daemon.create({ permissions: ["api.api-tokens.*"] });
		assertProblem(await put("billing.read", {}, token), "owner-only");
		const gone = await daemon.call("DELETE", "/v1/permissions/orders.read", { secret: token });
		assertProblem(gone, "owner-only");
		assert.equal((await daemon.call("GET", "/v1/permissions", { secret: token })).status, 200);
		const { token: other } = await daemon.create();
		assertProblem(await daemon.call("GET", "/v1/permissions", { secret: other }), "permission-missing");
	});

	it("are taken over from the policy of an earlier version, once", async () => {
		const entry = { name: "ships.*", group: "ships", description: "All of ships" };
		await daemon.store.write(async (transaction) => {
			await transaction.setSetting("policy", { ...daemon.authority.rulebook.policy, permissions: [entry] });
			await transaction.setSetting("permissions", null);
		});
		await daemon.close();
		await daemon.open();
		const { permissions: _, ...policy } = (await daemon.store.setting("policy")) as Record<string, unknown>;
		assert.equal(
			(await daemon.call("PUT", "/v1/policy", { body: { ...policy, auditDays: 10 } })).status,
			204,
		);
		for (let start = 0; start < 2; start++) {
			const own = (await list()).permissions.filter(({ origin }) => origin === "own");
			assert.deepEqual(own, [{ ...entry, origin: "own" }]);
			await daemon.close();
			await daemon.open();
		}
		await daemon.call("DELETE", "/v1/permissions/ships.*");
		await daemon.close();
		await daemon.open();
		assert.deepEqual(
			(await list()).permissions.filter(({ origin }) => origin === "own"),
			[],
		);
	});

	it("that are added or removed at the same time are all kept or gone", async () => {
		const names = Array.from({ length: 20 }, (_, index) => `own.p${index}`);
		const own = async () => (await list()).permissions.filter(({ name }) => names.includes(name));
		await Promise.all(names.map((name) => put(name)));
		assert.equal((await own()).length, 20);
		await Promise.all(names.map((name) => daemon.call("DELETE", `/v1/permissions/${name}`)));
		assert.deepEqual(await own(), []);
	});

	describe("that services ask for", () => {
		it("are those that no catalogue has, granted or refused, the most requested first", async () => {
			const { token } = await daemon.create({ permissions: ["orders.*", "api.api-tokens.read"] });
			await daemon.verify(token, "?permission=orders.cancel");
			for (let count = 0; count < 3; count++) await daemon.verify(token, "?permission=billing.read");
			await daemon.verify(token, "?anyPermission=billing.read&anyPermission=billing.write");
			await daemon.verify(token, "?permission=orders.read&permission=api.api-tokens.read");
			assert.deepEqual((await list()).requested, [
				{ name: "billing.read", count: 4, lastDay: "2026-03-10" },
				{ name: "billing.write", count: 1, lastDay: "2026-03-10" },
				{ name: "orders.cancel", count: 1, lastDay: "2026-03-10" },
			]);
			await put("billing.read");
			assert.deepEqual(
				(await list()).requested.map(({ name }) => name),
				["billing.write", "orders.cancel"],
			);
		});

		it("are forgotten after 30 days", async () => {
			const { token } = await daemon.create();
			await daemon.verify(token, "?permission=billing.read");
			daemon.now = new Date("2026-04-09T12:00:00.000Z");
			assert.equal((await list()).requested.length, 1);
			daemon.now = new Date("2026-04-10T12:00:00.000Z");
			assert.deepEqual((await list()).requested, []);
		});

		it("are not counted for a request without a token that works", async () => {
			const { token, id } = await daemon.create();
			const { token: bound } = await daemon.create({ allowedAddresses: ["192.0.2.7"] });
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			for (const secret of [null, "nonsense", `tks_${"0".repeat(38)}`, token, bound])
				await daemon.verify(secret, "?permission=billing.read");
			assert.deepEqual((await list()).requested, []);
		});

		it("are bounded, and are names that can be added", async () => {
			const { token } = await daemon.create();
			for (let count = 0; count < 300; count++) await daemon.verify(token, `?permission=made-up.p${count}`);
			for (const name of ["*", "x.*", "api.api-tokens.more", "with blank", "ü"])
				await daemon.verify(token, `?permission=${encodeURIComponent(name)}`);
			const { requested } = await list();
			assert.equal(requested.length, 50);
			assert.ok(requested.every(({ name }) => name.startsWith("made-up.")));
		});
	});

	const put = (name: string, body: Partial<CatalogueEntry> = {}, secret?: string) =>
		daemon.call("PUT", `/v1/permissions/${encodeURIComponent(name)}`, {
			body,
			...(secret === undefined ? {} : { secret }),
		});

	async function list(): Promise<PermissionList> {
		const { status, body } = await daemon.call("GET", "/v1/permissions");
		assert.equal(status, 200, JSON.stringify(body));
		return body;
	}
});
