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

	it("misses the secrets of tokens in use that were there once", () => {
		assert.deepEqual(survey({ seen: all }).lost, ["active"]);
		assert.deepEqual(survey({ seen: all, kept: ["active"] }).lost, []);
	});

	it("misses no secret that never was there, such as that of a token made for CI", () => {
		assert.deepEqual(survey({}).lost, []);
	});

	it("takes secrets of revoked and of vanished tokens for orphans, and no others", () => {
		const { orphans } = survey({ kept: [...all, "gone"], seen: ["gone"] });
		assert.deepEqual(orphans, ["revoked", "gone"]);
	});

	it("leaves alone what another data directory's token may be", () => {
		const { orphans, strangers } = survey({ kept: ["active", "of a remote"], seen: ["active"] });
		assert.deepEqual(orphans, []);
		assert.equal(strangers, 1);
	});
});

describe("whether the keyring keeps anything", () => {
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

	it("cannot be known at the first start", async () => assert.equal(await startedAs("1"), false));

	it("is so where the probe is there at the next start", async () => {
		for (const session of ["1", "2", "3"]) assert.equal(await startedAs(session), false);
	});

	it("is not so where it is gone at the next start, which is said once", async () => {
		const told: boolean[] = [];
		for (const session of ["1", "2", "3", "4"]) {
			entries.clear();
			told.push(await startedAs(session));
		}
		assert.deepEqual(told, [false, true, false, false]);
	});

	it("is said again when it was kept in between", async () => {
		await startedAs("1");
		entries.clear();
		assert.equal(await startedAs("2"), true);
		assert.equal(await startedAs("3"), false);
		entries.clear();
		assert.equal(await startedAs("4"), true);
	});

	it("is no question for other windows of the same start, nor for windows that start together", async () => {
		assert.deepEqual(await Promise.all(["1", "2", "2", "3"].map(startedAs)), [false, false, false, false]);
		entries.clear();
		assert.equal(await startedAs("3"), false);
	});
});
