import assert from "node:assert/strict";
import { hasKeyringForgotten } from "../../extension/recovery/keyring-probe.ts";
import { surveySecrets } from "../../extension/recovery/secret-survey.ts";
import { memoryOf } from "../host/memory.ts";
import { tokenRecord } from "./a-token.ts";

const date = "2026-11-21T12:00:00.000Z";

describe("SecretStorage compared with the records", () => {
	const survey = (more: Partial<Record<"kept" | "seen", string[]>>) => {
		const tokens = [
			tokenRecord("active"),
			tokenRecord("retiring", { status: "retiring", retiresDate: date }),
			tokenRecord("expired", { status: "expired", expiry: date }),
			tokenRecord("disabled", { status: "disabled", disabledDate: date }),
			tokenRecord("revoked", { status: "revoked", revokedDate: date }),
		];
		const { lost, orphans, strangers } = surveySecrets({
			tokens,
			kept: new Set(more.kept),
			seen: new Set(more.seen),
		});
		return { lost: lost.map(({ id }) => id), orphans: orphans.map(({ id }) => id), strangers };
	};
	const all = ["active", "retiring", "expired", "disabled", "revoked"];

	it("reports secrets of tokens in use that were stored once", () => {
		assert.deepEqual(survey({ seen: all }).lost, ["active"]);
		assert.deepEqual(survey({ seen: all, kept: ["active"] }).lost, []);
	});

	it("does not report a secret that was never stored, such as that of a token for CI", () => {
		assert.deepEqual(survey({}).lost, []);
	});

	it("reports secrets of revoked and deleted tokens as orphans, and no others", () => {
		const { orphans } = survey({ kept: [...all, "gone"], seen: ["gone"] });
		assert.deepEqual(orphans, ["revoked", "gone"]);
	});

	it("leaves the secrets of other data directories alone", () => {
		const { orphans, strangers } = survey({ kept: ["active", "of a remote"], seen: ["active"] });
		assert.deepEqual(orphans, []);
		assert.equal(strangers, 1);
	});
});

describe("whether the keyring persists", () => {
	const entries = new Map<string, string>();
	const storage = {
		get: async (key: string) => entries.get(key),
		store: async (key: string, value: string) => void entries.set(key, value),
	};
	let memory = memoryOf();
	const startedAs = (session: string) => hasKeyringForgotten({ storage, memory, session });

	beforeEach(() => {
		entries.clear();
		memory = memoryOf();
	});

	it("is unknown at the first start", async () => assert.equal(await startedAs("1"), false));

	it("is true if the probe is there at the next start", async () => {
		for (const session of ["1", "2", "3"]) assert.equal(await startedAs(session), false);
	});

	it("is false if it is missing at the next start, which is reported once", async () => {
		const told: boolean[] = [];
		for (const session of ["1", "2", "3", "4"]) {
			entries.clear();
			told.push(await startedAs(session));
		}
		assert.deepEqual(told, [false, true, false, false]);
	});

	it("is reported again after it persisted in between", async () => {
		await startedAs("1");
		entries.clear();
		assert.equal(await startedAs("2"), true);
		assert.equal(await startedAs("3"), false);
		entries.clear();
		assert.equal(await startedAs("4"), true);
	});

	it("is not checked by other windows of the same start, nor by windows that start together", async () => {
		assert.deepEqual(await Promise.all(["1", "2", "2", "3"].map(startedAs)), [false, false, false, false]);
		entries.clear();
		assert.equal(await startedAs("3"), false);
	});
});
