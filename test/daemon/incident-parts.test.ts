import assert from "node:assert/strict";
import type { IncidentPlan } from "../../daemon/rules/incident.ts";
import { writeIncident } from "../../daemon/rules/incident-parts.ts";
import { StorageError, type StoredToken, VersionConflict } from "../../daemon/store/store.ts";

describe("an incident in parts", () => {
	it("passes by a token that changes meanwhile, and no other", async () => {
		const ids = Array.from({ length: 1000 }, (_, at) => `t${at}`);
		const planOf = (tokens: readonly { token: { id: string } }[]) =>
			({ id: "i", successors: [], revoked: tokens.map((before) => ({ before })) }) as unknown as IncidentPlan;
		const idsOf = ({ revoked }: IncidentPlan) => revoked.map(({ before }) => before.token.id);
		const written: string[] = [];
		const write = async (plan: IncidentPlan) => {
			const part = idsOf(plan);
			if (part.length === ids.length) throw new StorageError(new Error("The disk is full."));
			if (part.includes("t700")) throw new VersionConflict();
			written.push(...part);
		};
		const all = planOf(ids.map((id) => ({ token: { id } })));
		const half = (tokens: readonly StoredToken[]) => planOf(tokens);
		await assert.rejects(writeIncident(all, half, write), /999 of 1000 tokens were revoked, .* 1 still work/);
		assert.deepEqual(
			written,
			ids.filter((id) => id !== "t700"),
		);
	});
});
