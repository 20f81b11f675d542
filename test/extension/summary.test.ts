import assert from "node:assert/strict";
import { type SummaryDraft, summaryRows } from "../../extension/create/summary.ts";

const now = new Date("2026-03-01T12:00:00Z");
const draft: SummaryDraft = {
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
			"Name: Orders > name",
			"Permissions: orders.read, orders.write > permissions",
			"Expires: Never > expiry",
			"Allowed addresses: Any address > addresses",
			"Secret is stored in: api/.env and SecretStorage > file",
			"Key: API_TOKEN > key",
		]);
	});

	it("shows when no env file is written", () => {
		assert.equal(lines({}).at(-1), "Secret is stored in: SecretStorage only > file");
	});

	it("shows all changes of the files, and never a value", () => {
		const all = { ...placement, isNewFile: true, gitignore: "add", expected: "old-secret" } as const;
		const rows = lines({ placement: all });
		assert.deepEqual(rows.slice(4), [
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
