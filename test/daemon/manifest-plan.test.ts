/** What a manifest's tokens come to: the state of their lines, and the requests that create the missing ones. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
	type CalendarDuration,
	type Profile,
	profile as profileSchema,
	type TokenRecord,
} from "../../daemon/contract.ts";
import { type ManifestInput, type ManifestToken, manifest } from "../../daemon/manifest/manifest.ts";
import {
	lineState,
	missingPermissions,
	narrowProfile,
	refusedPermissions,
	requestFor,
} from "../../daemon/manifest/plan.ts";
import local from "../../daemon/profiles/local.json" with { type: "json" };
import { addDuration, expiryProblem } from "../../daemon/rules/expiry.ts";

const now = new Date("2027-01-31T12:00:00.000Z");
type TokenInput = NonNullable<ManifestInput["tokens"]>[number];

const declared = (fields: Partial<TokenInput> = {}): ManifestToken =>
	manifest.parse({ tokens: [{ key: "API_TOKEN", ...fields }] }).tokens[0] ?? assert.fail();

function profileWith(expiry: Partial<Profile["expiry"]>): Profile {
	const profile = profileSchema.parse(local);
	return { ...profile, expiry: { ...profile.expiry, ...expiry } };
}

describe("the line of a declared token", () => {
	const record = (status: TokenRecord["status"], permissions: string[] = []) =>
		({ status, permissions }) as unknown as TokenRecord;
	const check = (what: string, line: Parameters<typeof lineState>[1], kind: string) =>
		it(`${what} is ${kind}`, () => assert.equal(lineState(declared(), line).kind, kind));
	const unknown = { example: undefined, token: undefined };

	check("that does not exist", { ...unknown, value: null }, "empty");
	check("without a value", { ...unknown, value: "" }, "empty");
	check("with its example's placeholder", { ...unknown, value: "changeme", example: "changeme" }, "empty");
	check("with another value", { ...unknown, value: "changeme", example: "your-token" }, "foreign");
	check("with an active token's secret", { value: "s", example: "s", token: record("active") }, "working");
	check("with a retiring token's secret", { ...unknown, value: "s", token: record("retiring") }, "working");
	for (const status of ["revoked", "expired", "disabled"] as const)
		check(`with a ${status} token's secret`, { ...unknown, value: "s", token: record(status) }, "dead");

	it("says which declared permissions its token lacks", () => {
		const token = record("active", ["a", "b"]);
		const state = lineState(declared({ permissions: ["b", "c"] }), { ...unknown, value: "s", token });
		assert.deepEqual(state, { kind: "working", token, lacks: ["c"] });
	});

	it("lacks nothing that a wildcard of a local token covers", () => {
		const token = { ...record("active", ["orders.*"]), issuer: "local" };
		const permissions = ["orders.read", "bills.read"];
		const state = lineState(declared({ permissions }), { ...unknown, value: "s", token });
		assert.deepEqual(state, { kind: "working", token, lacks: ["bills.read"] });
	});
});

describe("the permissions that a manifest adds", () => {
	it("are those that no catalogue has, once each", () => {
		const names = missingPermissions([{ name: "a" }, { name: "b" }, { name: "c" }, { name: "b" }], ["a"]);
		assert.deepEqual(names, [{ name: "b" }, { name: "c" }]);
	});
});

describe("the permissions of a declared token that are refused", () => {
	const check = (permissions: string[], refused: string[], profile: Partial<Profile> = {}) =>
		it(`of ${permissions} are ${refused.join() || "none"}${profile.id ? ` by ${profile.id}` : ""}`, () => {
			const rules = { ...profileWith({}), ...profile };
			assert.deepEqual(refusedPermissions({ permissions }, rules, [{ name: "bills.read" }]), refused);
		});
	const { permissions } = profileSchema.parse(local);

	check(["bills.read", "api.api-tokens.read", "bills.*"], []);
	check(["bills.write", "bills.read", "mails.*"], ["bills.write", "mails.*"]);
	check(["bills.read"], ["bills.read"], { id: "acme" });
	check(["anything"], [], { id: "keeps", permissions: { ...permissions, others: "keep" } });
	check(["anything"], [], { id: "creator", permissions: { ...permissions, source: "creator" } });
});

describe("the request for a declared token", () => {
	const options = { profile: profileWith({}), policies: [], folderName: "orders", now };

	it("has the declared settings", () => {
		const fields = {
			permissions: ["a.read"],
			resources: ["channel/soc"],
			tags: ["dev"],
			description: "For tests",
		};
		const { request } = requestFor(declared({ name: "Orders", profile: "polarity", ...fields }), options);
		assert.deepEqual(request, {
			...{ name: "Orders", profile: "polarity", allowedAddresses: [], defaultSource: null },
			...fields,
		});
	});

	it("is named after its key and folder", () => {
		assert.equal(requestFor(declared(), options).request.name, "API_TOKEN (orders)");
	});

	it("has a name that the daemon accepts, however long the folder's is", () => {
		const { request } = requestFor(declared(), { ...options, folderName: "x".repeat(300) });
		assert.equal(request.name.length, 200);
	});

	describe("expires", () => {
		const check = (
			what: string,
			{
				token,
				rules = {},
				policies = [],
			}: {
				token: Partial<TokenInput>;
				rules?: Partial<Profile["expiry"]>;
				policies?: CalendarDuration[];
			},
			expected: { expiry?: string | null; expiresIn?: CalendarDuration; isShortened?: true },
		) =>
			it(what, () => {
				const { request, isShortened } = requestFor(declared(token), {
					...options,
					profile: profileWith(rules),
					policies: policies.map((maximumExpiry) => ({ maximumExpiry })),
				});
				const { expiry, expiresIn } = request;
				assert.deepEqual(
					{ ...(expiry !== undefined && { expiry }), ...(expiresIn && { expiresIn }), isShortened },
					{ isShortened: false, ...expected },
				);
			});
		const year = { maximum: { years: 1 }, never: false };
		const days = (count: number) => addDuration(now, { days: count }).toISOString();

		check("by default as the profile says", { token: {} }, {});
		check(
			"after the declared time",
			{ token: { expiresIn: { months: 6 } }, rules: year },
			{ expiresIn: { months: 6 } },
		);
		check("at the declared date", { token: { expiry: days(9) }, rules: year }, { expiry: days(9) });
		check(
			"never where that is allowed",
			{ token: { expiry: null }, rules: { never: true } },
			{ expiry: null },
		);
		check("by default instead of never", { token: { expiry: null }, rules: year }, { isShortened: true });
		check(
			"no later than the profile allows",
			{ token: { expiresIn: { years: 2 } }, rules: year },
			{ expiry: "2028-01-31T12:00:00.000Z", isShortened: true },
		);
		check(
			"no later than the narrowest policy allows",
			{ token: { expiry: "2029-01-01T00:00:00Z" }, rules: year, policies: [{ days: 90 }, { days: 7 }] },
			{ expiry: days(7), isShortened: true },
		);
		check(
			"not never, with a policy",
			{
				token: { expiry: null },
				rules: { never: true, maximum: null, default: null },
				policies: [{ days: 7 }],
			},
			{ expiry: days(7), isShortened: true },
		);
		check(
			"by default within the policy",
			{ token: {}, rules: { ...year, default: { days: 30 } }, policies: [{ days: 7 }] },
			{ expiry: days(7) },
		);
		check(
			"as before with a wider policy",
			{ token: { expiresIn: { days: 9 } }, rules: year, policies: [{ years: 9 }] },
			{
				expiresIn: { days: 9 },
			},
		);
	});

	it("is never for more than the profile and the policies allow", () => {
		const duration = fc.oneof(
			fc.record({ days: fc.integer({ min: 1, max: 900 }) }),
			fc.record({ months: fc.integer({ min: 1, max: 40 }) }),
		);
		const given = fc.record({
			token: fc.oneof(fc.record({ expiresIn: duration }), fc.constant({ expiry: null }), fc.constant({})),
			maximum: duration,
			policies: fc.array(duration, { maxLength: 3 }),
		});
		fc.assert(
			fc.property(given, ({ token, maximum, policies }) => {
				const profile = profileWith({ maximum, never: false, default: null });
				const narrowing = policies.map((maximumExpiry) => ({ maximumExpiry }));
				const { request } = requestFor(declared(token), { ...options, profile, policies: narrowing });
				const { expiry, expiresIn } = request;
				const end = expiresIn === undefined ? expiry : addDuration(now, expiresIn).toISOString();
				const narrowed = narrowProfile(profile, narrowing, now);
				// Without an expiry, the daemon applies the profile, which no policy has narrowed.
				if (end === undefined || end === null) return narrowed.expiry === profile.expiry;
				return [profile, narrowed].every((rules) => expiryProblem(end, rules.expiry, now) === undefined);
			}),
		);
	});
});
