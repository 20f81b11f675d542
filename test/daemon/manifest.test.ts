/** `tokensmith.json`: what its schema accepts, what it refuses, and how a hostile file is read. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import fc from "fast-check";
import type { ManifestInput } from "../../daemon/manifest/manifest.ts";
import { largestManifestBytes, manifestJsonSchema } from "../../daemon/manifest/manifest.ts";
import { readInside } from "../../daemon/manifest/read-inside.ts";
import { mistakesInWords, readManifest, readProfile } from "../../daemon/manifest/read-manifest.ts";
import local from "../../daemon/profiles/local.json" with { type: "json" };

const profile = { ...local, id: "acme", name: "Acme" };

describe("a manifest", () => {
	const ajv = new Ajv({ strict: false, allErrors: true });
	formats.default(ajv);
	const matchesSchema = ajv.compile(manifestJsonSchema());

	const accepts = (what: string, manifest: ManifestInput) =>
		it(`may have ${what}`, () => {
			const read = readManifest(JSON.stringify(manifest));
			assert.ok(read.ok, read.ok ? "" : mistakesInWords(read.mistakes));
			assert.ok(matchesSchema(manifest), JSON.stringify(matchesSchema.errors));
		});

	accepts("nothing", {});
	accepts("a schema", { $schema: "https://example.com/tokensmith.schema.json" });
	accepts("permissions", {
		permissions: [{ name: "billing.read" }, { name: "a:b", group: "B", description: "Reads b" }],
	});
	accepts("a profile in place", { profiles: [profile] as ManifestInput["profiles"] & object });
	accepts("a profile in a file", { profiles: ["profiles/acme.json"] });
	accepts("a token with its key alone", { tokens: [{ key: "API_TOKEN" }] });
	accepts("a token with everything", {
		tokens: [
			{
				...{ key: "API_TOKEN", file: "packages/api/.env.local", profile: "polarity", name: "Api" },
				...{ description: "For tests", permissions: ["a.b"], resources: ["channel/soc"], tags: ["dev"] },
				...{ allowedAddresses: ["10.0.0.0/8"], defaultSource: "soc", expiresIn: { months: 6 } },
				policy: { maximumExpiry: { days: 90 } },
			},
		],
	});
	accepts("a token of a connection", { tokens: [{ key: "A", issuer: "gitlab", profile: "gitlab" }] });
	accepts("the same key in two files", { tokens: [{ key: "A" }, { key: "A", file: "b/.env" }] });
	accepts("a token that never expires", { tokens: [{ key: "A", expiry: null }] });

	it("has a JSON Schema that refuses the mistakes of someone who types", () => {
		const mistakes = [
			...[
				{ token: [] },
				{ tokens: [{}] },
				{ tokens: [{ key: "A B" }] },
				{ tokens: [{ key: "A", value: "" }] },
			],
			...[
				{ tokens: [{ key: "A", file: "src/a.ts" }] },
				{ permissions: [{ name: "a b" }] },
				{ profiles: [{}] },
			],
		];
		for (const mistake of mistakes) assert.ok(!matchesSchema(mistake), JSON.stringify(mistake));
	});

	it("has a description for each field in its JSON Schema", () => {
		const { properties } = JSON.parse(JSON.stringify(manifestJsonSchema()));
		const { $schema, permissions, tokens, profiles, policy } = properties;
		const lists = [permissions, tokens].flatMap(({ items }) => Object.values(items.properties));
		const fields = [permissions, tokens, profiles, policy, ...lists] as { description?: string }[];
		assert.ok(fields.length > 15 && $schema !== undefined);
		for (const { description = "" } of fields) assert.match(description, /\.$/);
	});

	it("gets a local token in .env by default", () => {
		const read = readManifest('{"tokens":[{"key":"API_TOKEN"}]}');
		assert.ok(read.ok);
		const [{ file, issuer, permissions } = assert.fail()] = read.value.tokens;
		assert.deepEqual({ file, issuer, permissions }, { file: ".env", issuer: "local", permissions: [] });
	});
});

describe("a manifest is refused with", () => {
	/** `mistake`: `/pointer` and words of its detail, `at`: the text that it is shown at. */
	const refuses = (what: string, text: string | object, mistake: RegExp, at?: string) =>
		it(what, () => {
			const json = typeof text === "string" ? text : JSON.stringify(text);
			const read = readManifest(json);
			assert.ok(!read.ok);
			assert.match(mistakesInWords(read.mistakes), mistake);
			const [{ start, end } = assert.fail()] = read.mistakes;
			if (at !== undefined) assert.equal(json.slice(start, end), at);
		});
	const token = (fields: object) => ({ tokens: [{ key: "A", ...fields }] });

	refuses("no JSON", "{", /^the file is not valid JSON: line 1/);
	refuses("nothing at all", " \n", /^the file is empty\.$/);
	refuses("a comment", "{} // no", /^the file is not valid JSON/);
	refuses("a trailing comma", '{\n"tokens": [],\n}', /line 3/, "}");
	refuses("two values", "{}{}", /^the file is not valid JSON/);
	refuses("a list", "[]", /^the file must be an object/);
	refuses("more than 64 KiB", `{"$schema":"${"x".repeat(largestManifestBytes)}"}`, /64 KiB/);
	refuses("30,000 levels", "[".repeat(30_000) + "]".repeat(30_000), /levels deep/);
	refuses(
		"30,000 levels in a field",
		`{"tokens":${'{"a":'.repeat(10_000)}1${"}".repeat(10_001)}`,
		/levels deep/,
	);
	refuses("an unknown field", { secret: "x" }, /^\/secret is not a known field/, '"secret"');
	refuses(
		"an unknown field of a token",
		token({ value: "x" }),
		/^\/tokens\/0\/value is not a known/,
		'"value"',
	);
	refuses("a prototype", '{"__proto__":{"a":1}}', /^\/__proto__ is not a known field/);
	refuses("a token without key", { tokens: [{ file: ".env" }] }, /^\/tokens\/0\/key is missing/);
	refuses("a key with a blank", token({ key: "A B" }), /^\/tokens\/0\/key must consist of letters/, '"key"');
	refuses("a key with a line", token({ key: "A\nB" }), /^\/tokens\/0\/key/);
	refuses(
		"a name with a control character",
		token({ name: "a\u001bb" }),
		/^\/tokens\/0\/name must not contain/,
	);
	refuses("a name with a line break", token({ name: "a\nb" }), /^\/tokens\/0\/name must not contain/);
	refuses("a name that turns its direction", token({ name: "a\u202Eb" }), /^\/tokens\/0\/name must not/);
	refuses("a description with a line", token({ description: "a\nb" }), /^\/tokens\/0\/description must not/);
	for (const file of ["/etc/.env", "../.env", "a/../../.env", "a//.env", "./.env", "~/.env", "C:/.env"])
		refuses(`the file ${file}`, token({ file }), /^\/tokens\/0\/file must/, '"file"');
	for (const file of ["a\\.env", ".env\u0000", "a\n/.env"])
		refuses(`the file ${JSON.stringify(file)}`, token({ file }), /^\/tokens\/0\/file must/);
	for (const file of [
		".git/config",
		"src/index.ts",
		".env.example",
		".env.schema",
		"config.env",
		".envrc",
		"a/",
	])
		refuses(`the file ${file}, which is no env file`, token({ file }), /^\/tokens\/0\/file must/);
	refuses("two kinds of expiry", token({ expiry: null, expiresIn: { days: 1 } }), /^\/tokens\/0\/expiresIn/);
	refuses(
		"an expiry without time",
		token({ expiry: "2027-01-01" }),
		/^\/tokens\/0\/expiry must be a date and/,
	);
	refuses(
		"a foreign profile of a system",
		token({ issuer: "gitlab", profile: "local" }),
		/^\/tokens\/0\/profile/,
	);
	refuses(
		"a key twice",
		{ tokens: [{ key: "A" }, { key: "A", file: ".env" }] },
		/^\/tokens must not contain/,
	);
	refuses(
		"51 tokens",
		{ tokens: Array.from({ length: 51 }, (_, n) => ({ key: `A${n}` })) },
		/^\/tokens must have/,
	);
	refuses(
		"201 permissions",
		{ permissions: Array.from({ length: 201 }, (_, n) => ({ name: `a.${n}` })) },
		/^\/permissions must have at most 200/,
	);
	refuses("a permission with a blank", { permissions: [{ name: "a b" }] }, /^\/permissions\/0\/name must be/);
	refuses("a permission of 300", { permissions: [{ name: "a".repeat(300) }] }, /^\/permissions\/0\/name/);
	refuses("a permission twice", { permissions: [{ name: "a" }, { name: "a" }] }, /^\/permissions must not/);
	refuses("a profile that is a number", { profiles: [1] }, /^\/profiles\/0 /);
	refuses(
		"a profile's unknown field",
		{ profiles: [{ ...profile, code: "x" }] },
		/^\/profiles\/0\/code is not a/,
	);
	refuses(
		"a profile's wrong field",
		{ profiles: [{ ...profile, id: "A b" }] },
		/^\/profiles\/0\/id must/,
		'"id"',
	);
	refuses(
		"a profile elsewhere",
		{ profiles: ["../../secrets.json"] },
		/^\/profiles\/0 must stay in this folder/,
	);
	refuses("a profile by URL", { profiles: ["https://example.com/a.json"] }, /^\/profiles\/0 must/);
	refuses(
		"a wider policy by a trick",
		{ policy: { maximumExpiry: { days: -1 } } },
		/^\/policy\/maximumExpiry\/days/,
	);

	it("at most twenty mistakes at once, without what the file holds", () => {
		const read = readManifest(
			JSON.stringify({ tokens: Array.from({ length: 50 }, () => ({ key: "se cret" })) }),
		);
		assert.ok(!read.ok);
		assert.equal(read.mistakes.length, 20);
		assert.doesNotMatch(mistakesInWords(read.mistakes), /se cret/);
	});

	it("mistakes of any text, and throws for none", () => {
		const anyText = fc.oneof(
			fc.string({ unit: "binary" }),
			fc.json(),
			fc.json().map((text) => text.slice(1)),
		);
		fc.assert(fc.property(anyText, (text) => typeof readManifest(text).ok === "boolean"));
	});
});

describe("a profile file", () => {
	it("is read like one of the daemon's", () => assert.ok(readProfile(JSON.stringify(profile)).ok));

	it("says where it is wrong", () => {
		const read = readProfile(JSON.stringify({ ...profile, expiry: {} }));
		assert.ok(!read.ok);
		assert.match(mistakesInWords(read.mistakes), /^\/expiry\/never is missing/);
	});
});

describe("a file of a folder", () => {
	let folder: string;
	let outside: string;
	beforeEach(async () => {
		const base = await mkdtemp(join(tmpdir(), "tokensmith-manifest-"));
		[folder, outside] = [join(base, "folder"), join(base, "folder-outside")];
		await Promise.all([mkdir(folder), mkdir(outside)]);
		await writeFile(join(outside, "secret.json"), "{}");
	});
	afterEach(() => rm(join(folder, ".."), { recursive: true }));

	const check = async (path: string, expected: Awaited<ReturnType<typeof readInside>>) =>
		assert.deepEqual(await readInside(folder, path, 1024), expected);

	it("is read", async () => {
		await writeFile(join(folder, "a.json"), "\uFEFF{}");
		await check("a.json", { kind: "text", text: "\uFEFF{}" });
		assert.ok(readManifest("\uFEFF{}").ok);
	});

	it("is missing", () => check("a.json", { kind: "missing" }));

	it("is not read beyond the bound", async () => {
		await writeFile(join(folder, "a.json"), "x".repeat(10 * 1024 * 1024));
		await check("a.json", { kind: "refused", detail: "is larger than 1 KiB" });
	});

	it("is no link out of the folder", async () => {
		await symlink(join(outside, "secret.json"), join(folder, "a.json"));
		await check("a.json", { kind: "refused", detail: "leads out of its folder" });
	});

	it("is in no linked folder outside", async () => {
		await symlink(outside, join(folder, "linked"));
		await check("linked/secret.json", { kind: "refused", detail: "leads out of its folder" });
	});

	it("may be a link within the folder", async () => {
		await writeFile(join(folder, "a.json"), "{}");
		await symlink("a.json", join(folder, "b.json"));
		await check("b.json", { kind: "text", text: "{}" });
	});

	it("is no folder, pipe or device", async () => {
		await mkdir(join(folder, "a.json"));
		await check("a.json", { kind: "refused", detail: "is a folder, not a file" });
		execFileSync("mkfifo", [join(folder, "pipe")]);
		await check("pipe", { kind: "refused", detail: "is a named pipe, not a file" });
	});

	it("is UTF-8", async () => {
		await writeFile(join(folder, "a.json"), Buffer.from([0xff, 0x00]));
		await check("a.json", { kind: "refused", detail: "is not UTF-8 text" });
		await writeFile(join(folder, "a.json"), Buffer.from("\uFEFF{}", "utf16le"));
		await check("a.json", {
			kind: "refused",
			detail: "is UTF-16 and not UTF-8 text: save it with that encoding",
		});
	});
});
