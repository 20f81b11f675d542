/** The permissions that a service's code checks. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { permissionsIn } from "../../extension/create/permissions-in-text.ts";

const cases: [text: string, names: string[]][] = [
	['app.get("/", requireToken({ permission: "tickets.close" }), handler)', ["tickets.close"]],
	["requireToken({permission:'tickets.close'})", ["tickets.close"]],
	[
		"requireToken(\n\t{\n\t\tresource: 'channel/soc',\n\t\tpermission: `tickets.close`,\n\t},\n)",
		["tickets.close"],
	],
	[
		'requireToken ( { permissions: ["a.read", \'b.read\'], anyPermissions: ["c.read"] } )',
		["a.read", "b.read", "c.read"],
	],
	['requireToken({ client: createTokensmithClient({ url: f() }), permission: "a.read" })', ["a.read"]],
	['requireToken({ permission: "a.read" }); const other = { permission: "b.read" };', ["a.read"]],
	["curl http://127.0.0.1:47600/v1/verify?permission=orders.read", ["orders.read"]],
	[`fetch(\`\${url}/v1/verify?resource=channel/soc&permission=orders.read\`)`, ["orders.read"]],
	['"/v1/verify?anyPermission=a.read&anyPermission=b%3Aread"', ["a.read", "b:read"]],
	["proxy_pass http://tokensmith/v1/verify?permission=invoices.read;", ["invoices.read"]],
	["See /v1/verify?permission=orders.read.", ["orders.read"]],
	["datasets: ?permission=datasets:read, and more", ["datasets:read"]],
	['requireToken({ permission: "a.read" }) // ?permission=a.read', ["a.read"]],
	[`\`?permission=\${permission}\``, []],
	[`\`?permission=orders.\${verb}\``, []],
	["`?permission=orders.{verb}`", []],
	['"?permission=" + name', []],
	["?permission=%s", []],
	["?permission=%E0%A4%A", []],
	["?permission=…", []],
	["?permission=orders.*", []],
	["requireToken({ permission })", []],
	["requireToken({ permission: name })", []],
	['requireToken({ permission: "with blank" })', []],
	[`requireToken({ permission: "${"x".repeat(300)}" })`, []],
	['mayRequireToken({ permission: "a.read" })', []],
	['requireTokens({ permission: "a.read" })', []],
	['{ "permission": "a.read" }', []],
	["", []],
];

describe("the permissions in a service's code", () => {
	for (const [text, names] of cases) {
		it(`are ${names.join(", ") || "none"} in ${JSON.stringify(text.slice(0, 60))}`, () => {
			assert.deepEqual(
				permissionsIn(text).map(({ name }) => name),
				names,
			);
		});
	}

	it("have the line of their first place", () => {
		const text = '\n// ?permission=b.read\r\nrequireToken({\n permission: "a.read" })\n?permission=b.read';
		assert.deepEqual(permissionsIn(text), [
			{ name: "b.read", line: 2 },
			{ name: "a.read", line: 4 },
		]);
	});

	it("are found in any text", () => {
		fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(permissionsIn(text))));
	});

	// Quadratic work on a megabyte would not end within the time limit of a test.
	for (const part of [
		"requireToken(",
		"requireToken ",
		"?permission=",
		"permission: [",
		"((((",
		"permission:'",
		"permissions : [",
		"permission ",
		"requireToken({ permission: ",
	])
		it(`are found in linear time in a megabyte of ${part}`, () => {
			permissionsIn(part.repeat((1 << 20) / part.length));
		});

	it("have their lines in linear time, however many there are", () => {
		const names = Array.from({ length: 50_000 }, (_, n) => `?permission=a.b${n}`);
		assert.deepEqual(permissionsIn(names.join("\n")).at(-1), { name: "a.b49999", line: 50_000 });
	});
});
