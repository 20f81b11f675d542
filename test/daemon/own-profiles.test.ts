/** The user's own profiles: a fifth system is a JSON file. */
import assert from "node:assert/strict";
import type { Profile } from "../../daemon/contract.ts";
import local from "../../daemon/profiles/local.json" with { type: "json" };
import { daemonOfEach, type TestDaemon } from "./harness.ts";

const acme = {
	...local,
	id: "acme",
	name: "Acme",
	names: { unique: true },
	expiry: {
		never: false,
		default: { days: 1 },
		maximum: { days: 2 },
		presets: [{ days: 1 }],
		presetsOnly: false,
	},
	permissions: {
		source: "request",
		minimum: 1,
		catalogue: [{ name: "ships:sail", group: "ships", description: "Sail" }],
		others: "reject",
	},
} as unknown as Profile;

describe("the user's own profile", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("rules over its tokens from the next request on, and after a restart", async () => {
		assert.equal((await put(acme)).status, 200);
		for (let start = 0; start < 2; start++) {
			const created = await daemon.create({
				profile: "acme",
				name: `ship ${start}`,
				permissions: ["ships:sail"],
			});
			assert.deepEqual([created.profile, created.expiry], ["acme", "2026-03-11T12:00:00.000Z"]);
			const body = { profile: "acme", name: "other", permissions: ["orders.read"] };
			const refused = await daemon.call("POST", "/v1/api-tokens", { body });
			assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, "/permissions/0"]);
			await daemon.close();
			await daemon.open();
		}
	});

	it("replaces its earlier version, and tells the audit once", async () => {
		await put(acme);
		await put(acme);
		await put({ ...acme, name: "Acme 2" });
		const { body } = await daemon.call("GET", "/v1/profiles");
		assert.equal(body.profiles.find((profile: Profile) => profile.id === "acme").name, "Acme 2");
		const audit = await daemon.call("GET", "/v1/audit-events?action=profile");
		assert.equal(audit.body.events.length, 2);
	});

	const wrong: [what: string, change: object, pointer: string][] = [
		["an unknown field", { colour: "red" }, "/colour"],
		["a typo within", { names: { uniqe: true } }, "/names/unique"],
		["a distance of nothing", { expiry: { ...acme.expiry, default: {} } }, "/expiry/default"],
		[
			"a pattern that is none",
			{ permissions: { ...acme.permissions, pattern: "(" } },
			"/permissions/pattern",
		],
		["a link that is none", { links: [{ title: "x", url: "nowhere" }] }, "/links/0/url"],
		["another id than the path's", { id: "other" }, "/id"],
	];
	for (const [what, change, pointer] of wrong) {
		it(`is refused for ${what}, with a pointer, and nothing is kept`, async () => {
			const answer = await daemon.call("PUT", "/v1/profiles/acme", { body: { ...acme, ...change } });
			assert.equal(answer.status, 400);
			const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
			assert.ok(pointers.includes(pointer), String(pointers));
			const { body } = await daemon.call("GET", "/v1/profiles");
			assert.ok(!body.profiles.some((profile: Profile) => profile.id === "acme"));
		});
	}

	it("is refused for a pattern that can't be checked in linear time, which is said", async () => {
		for (const pattern of ["(?=orders).*", String.raw`(a)\1`, "a{2000}"]) {
			const permissions = { ...acme.permissions, pattern };
			const answer = await daemon.call("PUT", "/v1/profiles/acme", { body: { ...acme, permissions } });
			assert.deepEqual(
				[answer.status, answer.body.errors],
				[
					400,
					[
						{
							pointer: "/permissions/pattern",
							detail:
								"must be a regular expression of RE2: no look-around, no back references, at most 1000 repetitions",
						},
					],
				],
			);
		}
	});

	it("is kept beside others that arrive at the same time", async () => {
		const ids = ["one", "two", "three"];
		const answers = await Promise.all(ids.map((id) => put({ ...acme, id })));
		assert.deepEqual(
			answers.map(({ status }) => status),
			[200, 200, 200],
		);
		const { body } = await daemon.call("GET", "/v1/profiles");
		for (const id of ids)
			assert.ok(
				body.profiles.some((profile: Profile) => profile.id === id),
				id,
			);
	});

	it("can't take a built-in profile's place", async () => {
		const answer = await daemon.call("PUT", "/v1/profiles/mindbridge", {
			body: { ...acme, id: "mindbridge" },
		});
		assert.deepEqual([answer.status, answer.body.errors[0].pointer], [400, "/id"]);
	});

	it("is let go of only when no token lives by it", async () => {
		await put(acme);
		const { id } = await daemon.create({ profile: "acme", permissions: ["ships:sail"] });
		const used = await daemon.call("DELETE", "/v1/profiles/acme");
		assert.deepEqual([used.status, used.body.code], [409, "profile-in-use"]);
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		assert.equal((await daemon.call("DELETE", "/v1/profiles/acme")).status, 204);
		assert.equal((await daemon.call("DELETE", "/v1/profiles/acme")).status, 404);
		assert.equal((await daemon.call("GET", `/v1/api-tokens/${id}`)).body.profile, "acme", "the record stays");
	});

	it("is the owner's alone to set", async () => {
		const { token: secret } = await daemon.create({ permissions: ["*"] });
		const answer = await daemon.call("PUT", "/v1/profiles/acme", { secret, body: acme });
		assert.deepEqual([answer.status, answer.body.code], [403, "owner-only"]);
	});

	function put(profile: Profile) {
		return daemon.call("PUT", `/v1/profiles/${profile.id}`, { body: profile });
	}
});
