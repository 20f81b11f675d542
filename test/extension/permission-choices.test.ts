/** Which permissions the wizard offers, and what a typed text means. */
import assert from "node:assert/strict";
import type { Profile } from "../../daemon/contract.ts";
import mindbridge from "../../daemon/profiles/mindbridge.json" with { type: "json" };
import {
	choiceGroups,
	newNames,
	noSuggestions,
	type PermissionSuggestions,
	readTyped,
	type Typed,
	templatesOf,
} from "../../extension/create/permission-choices.ts";

const entry = (name: string, description = "") => ({
	name,
	group: name.split(".").at(-2) ?? name,
	description,
});

const local = {
	id: "local",
	permissions: {
		source: "request",
		minimum: 1,
		catalogue: [
			entry("orders.read", "Read orders"),
			entry("orders.write"),
			entry("bills.list", "List bills"),
			entry("api.api-tokens.read", "See all tokens"),
			entry("api.api-tokens.write"),
		],
		others: "reject",
	},
} as const satisfies Pick<Profile, "id" | "permissions">;

const suggestions: PermissionSuggestions = {
	requested: [
		{ name: "tickets.read", count: 12 },
		{ name: "tickets.close", count: 1 },
	],
	declared: [
		{ name: "orders.read", description: "Declared" },
		{ name: "tickets.read", description: "Declared too" },
		{ name: "ships.sail", description: "Sail ships", group: "ships" },
		{ name: "not possible", description: "" },
	],
	inCode: [
		{ name: "ships.sail", place: "a.ts:1" },
		{ name: "ships.sink", place: "a.ts:2" },
		{ name: "orders.write", place: "a.ts:3" },
	],
};

describe("the offered permissions", () => {
	it("are suggestions, own ones by group, and last the daemon's API, each once", () => {
		const shown = choiceGroups(local, suggestions).map(({ heading, choices }) => [
			heading,
			choices.map(({ name, description }) => `${name}: ${description}`),
		]);
		assert.deepEqual(shown, [
			["asked for by services", ["tickets.read: asked for 12 times", "tickets.close: asked for once"]],
			["orders, declared by this workspace", ["orders.read: Read orders"]],
			["ships, declared by this workspace", ["ships.sail: Sail ships"]],
			["found in the code", ["ships.sink: a.ts:2"]],
			["orders", ["orders.write: "]],
			["bills", ["bills.list: List bills"]],
			["Tokensmith's own API", ["api.api-tokens.read: See all tokens", "api.api-tokens.write: "]],
		]);
	});

	it("are the catalogue alone for another system, which knows nothing else", () => {
		const groups = choiceGroups(mindbridge as unknown as Profile, suggestions);
		const names = groups.flatMap(({ choices }) => choices.map(({ name }) => name));
		assert.deepEqual(new Set(names), new Set(mindbridge.permissions.catalogue.map(({ name }) => name)));
	});

	it("can be picked at once: those that only read, and all of a group, declared ones too", () => {
		const { reading, groups } = templatesOf(choiceGroups(local, suggestions));
		assert.deepEqual(reading, ["orders.read", "bills.list"]);
		assert.deepEqual(Object.fromEntries(groups), {
			orders: ["orders.read", "orders.write"],
			ships: ["ships.sail"],
			bills: ["bills.list"],
		});
		const other = templatesOf(choiceGroups(mindbridge as unknown as Profile, noSuggestions));
		assert.ok(other.reading.length > 10 && other.reading.every((name) => name.endsWith("read")));
	});

	it("that the catalogue lacks are added with the token, wildcards aside", () => {
		assert.deepEqual(newNames(["orders.read", "tickets.read", "orders.*", "*"], local), ["tickets.read"]);
		assert.deepEqual(newNames(["anything"], mindbridge as unknown as Profile), []);
	});
});

describe("a typed permission", () => {
	const groups = choiceGroups(local, suggestions);
	const known = (name: string): Typed => ({ kind: "known", name });
	const added = (name: string): Typed => ({ kind: "new", name });
	const cases: [text: string, meanings: Typed[]][] = [
		["orders.read", [known("orders.read")]],
		["tickets.close", [known("tickets.close")]],
		["billing.read", [added("billing.read")]],
		["ord", [known("orders.read"), added("ord")]],
		["ORDERS.READ", [known("orders.read"), added("ORDERS.READ")]],
		["sail ships", [known("ships.sail")]],
		["orders.*", [{ kind: "covering", name: "orders.*", count: 2 }]],
		["*", [{ kind: "covering", name: "*", count: 9 }]],
		["datasets:read", [added("datasets:read")]],
		["a/b", [added("a/b")]],
	];
	for (const [text, meanings] of cases) {
		it(`${JSON.stringify(text)} is understood`, () =>
			assert.deepEqual(readTyped(text, local, groups), meanings));
	}

	const refused: [text: string, problem: RegExp][] = [
		["billing read", /no blanks/],
		["billing.read,billing.write", /one permission at a time/],
		["billing.", /words around each dot/],
		[":read", /words around each dot/],
		["b".repeat(300), /at most 200 characters; this has 300/],
		['billing"read', /no quotes/],
		["gebühren.lesen", /without accents/],
		["shop.*", /covers no permission yet.*shop\.read/],
		["api.api-tokens.destroy", /has no such permission/],
	];
	for (const [text, problem] of refused) {
		it(`${JSON.stringify(text.slice(0, 30))} is answered with what is wrong`, () => {
			const [only, ...more] = readTyped(text, local, groups);
			assert.ok(only?.kind === "problem" && more.length === 0);
			assert.match(only.problem, problem);
		});
	}

	it("is never answered by nothing, whatever the profile", () => {
		const other = mindbridge as unknown as Profile;
		const keeping = { ...other, permissions: { ...other.permissions, others: "keep" as const } };
		const closed = { ...other, permissions: { ...other.permissions, others: "reject" as const } };
		for (const profile of [local, closed, keeping])
			for (const text of ["x", "$(trash)", "\u0000", "ü", "*", "a.*", "z".repeat(5000)])
				assert.ok(readTyped(text, profile, choiceGroups(profile, noSuggestions)).length > 0, text);
		assert.deepEqual(readTyped("zzz.read", keeping, []), [{ kind: "kept", name: "zzz.read" }]);
		assert.equal(readTyped("zzz.read", closed, [])[0]?.kind, "problem");
	});
});

describe("the permissions of a server, where the own token may pass on some", () => {
	const catalogue = local.permissions.catalogue.filter(({ name }) => name.startsWith("orders."));
	const server = {
		id: "srv-00000001~local",
		permissions: { ...local.permissions, catalogue },
		passesOn: {
			...{ permissions: ["orders.*"], resources: [], allowedAddresses: [], expiry: null, retiresDate: null },
		},
	};
	const declared = ["orders.write", "orders.cancel", "invoices.read"].map((name) => ({
		name,
		description: name,
	}));

	it("are offered without those that the workspace or its services would like", () => {
		const groups = choiceGroups(server, { ...suggestions, declared });
		const offered = groups.flatMap(({ choices }) => choices.map(({ name }) => name));
		assert.deepEqual(offered.toSorted(), ["orders.read", "orders.write"]);
	});

	it("are not added, and a wildcard covers no more than the token's own", () => {
		const groups = choiceGroups(server, noSuggestions);
		const kinds = ["orders.*", "*", "ord.*", "orders.cancel"].map((text) =>
			readTyped(text, server, groups)
				.map(({ kind }) => kind)
				.join(),
		);
		assert.deepEqual(kinds, ["covering", "problem", "problem", "problem"]);
	});
});
