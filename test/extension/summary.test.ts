import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "../../daemon/contract.ts";
import { type SummaryDraft, summaryRows } from "../../extension/create/summary.ts";

const now = new Date("2026-03-01T12:00:00Z");
const profiles = join(import.meta.dirname, "..", "..", "daemon", "profiles");
const profile = (id: string): Profile => JSON.parse(readFileSync(join(profiles, `${id}.json`), "utf8"));
const draft: SummaryDraft = {
	system: { kind: "local", profile: profile("local") },
	name: "Orders",
	permissions: ["orders.read", "orders.write"],
	expiry: { kind: "never" },
	allowedAddresses: [],
};
const placement = {
	fileName: "api/.env",
	isNewFile: false,
	key: "API_TOKEN",
	gitignore: "leave",
	expected: null,
} as const;

const lines = (more: Partial<SummaryDraft>) =>
	summaryRows({ ...draft, ...more }, now).map(({ label, value, stepId }) => `${label}: ${value} > ${stepId}`);

describe("the summary before a creation", () => {
	it("has a row for every fact, each leading to its step", () => {
		assert.deepEqual(lines({ placement }), [
			"System: This machine > system",
			"Name: Orders > name",
			"Permissions: orders.read, orders.write > permissions",
			"Expires: Never > expiry",
			"Allowed addresses: Any address > addresses",
			"Details: None > details",
			"Secret is stored in: api/.env and SecretStorage > file",
			"Key: API_TOKEN > key",
		]);
	});

	it("has only the rows that the system's profile knows, and the details that were given", () => {
		const polarity = { kind: "stand-in", profile: profile("polarity") } as const;
		const granted = { system: polarity, resources: ["integration/virustotal", "channel/soc"] };
		assert.deepEqual(lines({ ...granted, tags: ["soc"], description: "For the bot" }), [
			"System: Polarity Server 5, as a stand-in > system",
			"Name: Orders > name",
			"Resources: integration/virustotal, channel/soc > resources",
			"Expires: Never > expiry",
			"Description: For the bot > details",
			"Tags: soc > details",
			"Secret is stored in: SecretStorage only > file",
		]);
		const eclecticiq = { kind: "stand-in", profile: profile("eclecticiq") } as const;
		assert.ok(
			lines({ system: eclecticiq, defaultSource: "SOC" }).includes("Default source: SOC > default-source"),
		);
		assert.ok(lines({ defaultSource: "SOC", resources: ["repo/x"] }).includes("Resources: repo/x > details"));
	});

	it("shows when no env file is written", () => {
		assert.equal(lines({}).at(-1), "Secret is stored in: SecretStorage only > file");
	});

	it("shows all changes of the files, and never a value", () => {
		const all = { ...placement, isNewFile: true, gitignore: "add", expected: "old-secret" } as const;
		const rows = lines({ placement: all });
		assert.deepEqual(rows.slice(6), [
			"Secret is stored in: api/.env (a new file) and SecretStorage > file",
			"Git: api/.env is added to .gitignore > git",
			"Key: API_TOKEN (replaces its value) > key",
		]);
		assert.ok(!rows.join().includes("old-secret"));
	});

	it("does not report an empty key as replaced", () => {
		assert.equal(lines({ placement: { ...placement, expected: "" } }).at(-1), "Key: API_TOKEN > key");
	});
});
