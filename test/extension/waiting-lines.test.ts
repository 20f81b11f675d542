import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection, Profile } from "../../daemon/contract.ts";
import { manifest } from "../../daemon/manifest/manifest.ts";
import { lastSystemOf, lastTokenOf, remember } from "../../extension/create/creation-memory.ts";
import {
	declaredAnswers,
	fitting,
	knownPermissions,
	nameSuggestion,
	permissionSuggestion,
	projectName,
	systemSuggestion,
} from "../../extension/create/line-suggestions.ts";
import { awaitsToken } from "../../extension/env/token-like.ts";
import { keysAskedFor, keysWithoutValue } from "../../extension/env/waiting-keys.ts";

const profiles = join(import.meta.dirname, "..", "..", "daemon", "profiles");
const profile = (id: string): Profile => JSON.parse(readFileSync(join(profiles, `${id}.json`), "utf8"));
const lines = (found: { key: string; line: number }[]) => found.map(({ key, line }) => `${line} ${key}`);

describe("a line that waits for a token", () => {
	const keys: [key: string, awaits: boolean][] = [
		["API_TOKEN", true],
		["TOKEN", true],
		["BILLING_API_KEY", true],
		["SERVICE_KEY_STAGING", true],
		["GITLAB_PAT", true],
		["API_SECRET", true],
		["SESSION_SECRET", false],
		["JWT_SECRET", false],
		["OAUTH_CLIENT_SECRET", false],
		["PRIVATE_KEY", false],
		["SIGNING_KEY", false],
		["AWS_SECRET_ACCESS_KEY", false],
		["CSRF_TOKEN", false],
		["REFRESH_TOKEN", false],
		["DATABASE_PASSWORD", false],
		["NEXT_PUBLIC_API_KEY", false],
		["MONKEY", false],
		["API_TOKEN_URL", false],
	];
	for (const [key, awaits] of keys)
		it(`is ${awaits ? "" : "not "}one with the key ${key}`, () => assert.equal(awaitsToken(key), awaits));

	it("has no value, is in effect, and is the last of its key", () => {
		const text = [
			"API_TOKEN=",
			'export OTHER_TOKEN=""',
			"FULL_TOKEN=secret",
			"# COMMENTED_TOKEN=",
			"TWICE_TOKEN=",
			"TWICE_TOKEN=x",
			"PORT=",
			"LAST_TOKEN=   # none yet",
		].join("\n");
		assert.deepEqual(lines(keysWithoutValue(text, "env")), ["0 API_TOKEN", "1 OTHER_TOKEN", "7 LAST_TOKEN"]);
	});

	it("is asked for by an example whatever its placeholder, unless the schema says that it is public", () => {
		assert.deepEqual(lines(keysAskedFor("URL=http://x\nAPI_TOKEN=changeme\nB_TOKEN=\n")), [
			"1 API_TOKEN",
			"2 B_TOKEN",
		]);
		const schema = "# @sensitive=false\nSITE_TOKEN=x\n\n# @sensitive @required\nAPI_TOKEN=\n";
		assert.deepEqual(lines(keysAskedFor(schema)), ["4 API_TOKEN"]);
	});
});

describe("for the token of a line", () => {
	const all = ["local", "mindbridge", "polarity"].map(profile);
	const tenant = { id: "c1", profile: "mindbridge" } as Connection;

	it("the name is made of the project, the key and the file", () => {
		assert.equal(nameSuggestion("API_TOKEN", "orders", ".env"), "orders");
		assert.equal(nameSuggestion("BILLING_API_TOKEN", "orders", ".env.staging"), "orders, billing, staging");
	});

	it("the project is the package without its scope, else the folder", () => {
		assert.equal(projectName('{"name":"@acme/orders"}', "folder"), "orders");
		for (const text of [undefined, "{", "[]", '{"name":1}', '{"name":"a\\u0000b"}', '{"name":"@acme/"}'])
			assert.equal(projectName(text, "folder"), "folder");
	});

	it("the system is the one that the key names: a connection to it, else its stand-in", () => {
		assert.equal(systemSuggestion("MINDBRIDGE_API_TOKEN", all, [tenant]), "connection c1");
		assert.equal(systemSuggestion("MINDBRIDGE_API_TOKEN", all, []), "stand-in mindbridge");
		assert.equal(systemSuggestion("POLARITY_KEY", all, [tenant]), "stand-in polarity");
		assert.equal(systemSuggestion("AWS_TOKEN", all, [tenant]), undefined);
		assert.equal(systemSuggestion("LOCAL_TOKEN", all, []), undefined);
	});

	it("the permissions are those to read what the key names", () => {
		assert.deepEqual(permissionSuggestion("ENGAGEMENTS_TOKEN", knownPermissions(profile("mindbridge"), [])), [
			"api.engagements.read",
		]);
		assert.deepEqual(permissionSuggestion("API_TOKEN", knownPermissions(profile("mindbridge"), [])), []);
		const declared = [{ name: "bills.read", group: "bills" }];
		const known = (id: string) => knownPermissions(profile(id), declared);
		assert.deepEqual(permissionSuggestion("BILLS_TOKEN", known("local")), ["bills.read"]);
		assert.deepEqual(permissionSuggestion("BILLS_TOKEN", known("mindbridge")), []);
	});

	it("what was declared is suggested as far as the system's rules allow it", () => {
		const [token] = manifest.parse({
			tokens: [
				{
					...{ key: "API_TOKEN", name: "Declared", permissions: ["datasets:read", "unknown.one"] },
					...{ resources: ["channel/soc"], allowedAddresses: ["10.0.0.0/8"], expiresIn: { years: 2 } },
				},
			],
		}).tokens;
		assert.ok(token);
		const answers = declaredAnswers(token);
		assert.equal(answers.name, "Declared");
		const on = (id: string) =>
			fitting(
				answers,
				{ kind: "stand-in", profile: profile(id) },
				{ now: new Date(), known: knownPermissions(profile(id), []) },
			);
		assert.deepEqual(on("narrative"), { permissions: ["datasets:read", "unknown.one"] });
		assert.deepEqual(on("polarity"), {
			resources: ["channel/soc"],
			expiry: { kind: "after", duration: { years: 2 } },
		});
	});

	it("the last creation by the same system is suggested, and nothing secret or damaged", async () => {
		const kept = new Map<string, unknown>();
		const memory = {
			get: (key: string) => kept.get(key),
			update: async (key: string, value: unknown) => void kept.set(key, value),
		};
		const system = { kind: "stand-in", profile: profile("narrative") } as const;
		const expiry = { kind: "after", duration: { days: 90 } } as const;
		assert.deepEqual([lastSystemOf(memory), lastTokenOf(memory, system)], [undefined, {}]);
		await remember(memory, { system, name: "n", permissions: ["apps:read"], expiry });
		assert.equal(lastSystemOf(memory), "stand-in narrative");
		assert.deepEqual(lastTokenOf(memory, system), { permissions: ["apps:read"], expiry });
		await remember(memory, { system, expiry: { kind: "at", instant: "2027-01-31T12:00:00.000Z" } });
		assert.deepEqual(lastTokenOf(memory, system), { permissions: [] });
		for (const damaged of [1, "x", { system: 1 }, { system: "a", tokens: { b: null } }]) {
			kept.set([...kept.keys()][0] ?? "", damaged);
			assert.equal(lastSystemOf(memory), undefined);
		}
	});
});
