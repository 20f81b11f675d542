import assert from "node:assert/strict";
import type { IncidentPlan } from "../../daemon/rules/incident.ts";
import { writeIncident } from "../../daemon/rules/incident-parts.ts";
import { StorageError, type StoredToken, VersionConflict } from "../../daemon/store/store.ts";

describe("an incident in parts", () => {
	let revoked: string[];
	beforeEach(() => {
		revoked = [];
	});

	/** @param refuse throws where the store would */
	function write(ids: readonly string[], refuse: (part: readonly string[]) => void, successors = 0) {
		const tokens = ids.map((id) => ({ token: { id } }) as StoredToken);
		return writeIncident(planOf(tokens, successors), planOf, async (plan) => {
			const part = plan.revoked.map(({ before }) => before.token.id);
			refuse(part);
			revoked.push(...part);
		});
	}

	it("passes by a token that changes meanwhile, and no other", async () => {
		const ids = namesOf(1000);
		const written = write(ids, (part) => {
			if (part.length === ids.length) throw full();
			if (part.includes("t700")) throw new VersionConflict();
		});
		await assert.rejects(written, /999 of 1000 tokens were revoked, .* 1 still work/);
		assert.deepEqual(
			revoked,
			ids.filter((id) => id !== "t700"),
		);
	});

	it("revokes one of two tokens where there is room for one, and says so", async () => {
		const written = write(namesOf(2), (part) => {
			if (revoked.length + part.length > 1) throw full();
		});
		await assert.rejects(written, /1 of 2 tokens were revoked, .* 1 still work/);
		assert.deepEqual(revoked, ["t0"]);
	});

	it("ends with what the disk says where there is room for none", async () => {
		const failure = full();
		const written = write(namesOf(3), () => {
			throw failure;
		});
		await assert.rejects(written, (error) => error === failure);
	});

	it("revokes all where there is room for each part, and says it where successors are missing", async () => {
		const refuse = (part: readonly string[]) => {
			if (part.length > 1) throw full();
		};
		await write(namesOf(2), refuse);
		await assert.rejects(
			write(namesOf(3), refuse, 1),
			/All 3 tokens were revoked in parts, without successors/,
		);
		assert.deepEqual(revoked, [...namesOf(2), ...namesOf(3)]);
	});
});

function planOf(tokens: readonly StoredToken[], successors = 0): IncidentPlan {
	const plan = { id: "i", successors: Array(successors), revoked: tokens.map((before) => ({ before })) };
	return plan as unknown as IncidentPlan;
}

function namesOf(count: number): string[] {
	return Array.from({ length: count }, (_, at) => `t${at}`);
}

function full(): StorageError {
	return new StorageError(new Error("The disk is full."));
}
