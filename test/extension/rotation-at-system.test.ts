/** The order of a rotation whose token another system issues; the daemon's calls of that system are recorded. */
import assert from "node:assert/strict";
import { TokensmithProblemError, TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { SystemUnansweredError } from "../../extension/connections/system-unanswered.ts";
import { type RotationInput, rotateInOrder } from "../../extension/rotation/rotation-sequence.ts";
import { tokenRecord } from "./a-token.ts";
import {
	aDay,
	atOnce,
	lost,
	maximumOverlapSeconds,
	type RotationScene,
	rotationOfEach,
} from "./rotation-scene.ts";

describe("a rotation at another system", () => {
	let scene: RotationScene;
	rotationOfEach((begun) => {
		scene = begun;
	});

	const connectionId = "acme";
	const old = tokenRecord("old", { issuer: "acme", connectionId, status: "active" });
	const fresh = { ...old, id: "new", predecessorId: "old", status: "active" as const };
	const retiring = { ...old, successorId: "new", status: "retiring" as const };
	const access = { credential: "admin", answers: { role: "reader" } };
	let asked: unknown[];
	let probes: boolean;
	let answer: { outcome: "live" | "dead" | "unknown"; detail: string };
	beforeEach(() => {
		[asked, probes, answer] = [[], true, { outcome: "live", detail: "" }];
		scene.calls = {
			rotateToken: async (...given) => {
				asked.push(["rotate", given[0], given[2]]);
				return { ...fresh, predecessor: retiring, token: "acme-new-secret" } as never;
			},
			probeToken: async (id, how) => {
				asked.push(["probe", id, how?.credential]);
				return answer as never;
			},
			undoRotation: async (...given) => void asked.push(["undo", ...given]) as never,
			revokeToken: async (...given) => {
				asked.push(["revoke", ...given]);
				return { ...retiring, status: "revoked" } as never;
			},
			introspect: () => Promise.reject(new Error("The daemon can't verify it.")),
		};
		scene.text = "";
		scene.kept.clear();
	});

	const there = (plan: RotationInput["plan"], more: Partial<RotationInput> = {}) => {
		const connections = {
			accessFor: async (_: unknown, answers?: object) => ({ ...access, ...(answers && { answers }) }),
			capabilitiesOf: () => ({ probe: probes }),
			of: () => undefined,
		} as never;
		const input = { token: old, plan, maximumOverlapSeconds, ...more };
		return rotateInOrder({ ...scene.deps(), connections }, input);
	};

	it("asks the system whether the new secret works, and ends the old token with its credential", async () => {
		const outcome = await there(atOnce, { answers: { role: "admin" } });
		assert.ok(outcome.kind === "rotated");
		const used = { credential: "admin", answers: { role: "admin" } };
		assert.deepEqual(asked, [
			["rotate", "old", used],
			["probe", "new", "acme-new-secret"],
			["revoke", "old", "Its overlap has ended", used, {}],
		]);
		assert.equal(outcome.predecessor.status, "revoked");
	});

	it("is undone if the system refuses the new secret, which stays until that is sure", async () => {
		answer = { outcome: "dead", detail: "" };
		assert.equal((await there(aDay)).kind, "undone");
		assert.deepEqual(asked.at(-1), ["undo", "old", access]);
		assert.deepEqual([...scene.kept.keys()], ["new"]);
	});

	it("goes on if the system does not say, and asks none that can't be asked", async () => {
		answer = { outcome: "unknown", detail: "busy" };
		assert.equal((await there(aDay)).kind, "rotated");
		assert.deepEqual(scene.logged, ["The system did not say whether the new secret works."]);
		[probes, asked] = [false, []];
		assert.equal((await there(aDay)).kind, "rotated");
		assert.deepEqual(asked, [["rotate", "old", access]]);
	});

	it("sends only the hash of a secret that the user has pasted, and keeps that one", async () => {
		let sent: unknown;
		scene.calls.rotateToken = async (_id, request) => {
			sent = request.registered;
			return { ...fresh, predecessor: retiring, token: undefined } as never;
		};
		assert.equal((await there(aDay, { pasted: "acme-pasted-secret" })).kind, "rotated");
		assert.deepEqual(sent, {
			hash: hashOf("acme-pasted-secret"),
			partialToken: "acme…cret",
			remoteId: null,
		});
		assert.equal(scene.kept.get("new"), "acme-pasted-secret");
	});

	it("may have a successor at a system that did not answer the daemon, unless it was made by hand", async () => {
		const problem = {
			type: "about:blank",
			title: "Bad Gateway",
			status: 502,
			code: "issuer-unanswered",
		} as const;
		const unanswered = new TokensmithProblemError({
			...problem,
			detail: "It hung up.",
			instance: "urn:uuid:1",
		});
		scene.calls.rotateToken = () => Promise.reject(unanswered);
		const outcome = await there(aDay);
		assert.ok(outcome.kind === "not-started" && outcome.error instanceof SystemUnansweredError);
		assert.deepEqual([outcome.error.connectionId, outcome.error.cause], [connectionId, unanswered]);
		const byHand = await there(aDay, { pasted: "acme-pasted-secret" });
		assert.ok(byHand.kind === "not-started" && byHand.error === unanswered);
	});

	it("may have a successor at the system if the answer is lost, unless it was made by hand", async () => {
		scene.calls.rotateToken = () => Promise.reject(lost());
		scene.calls.getToken = async () => old;
		const outcome = await there(aDay);
		assert.ok(outcome.kind === "not-started" && outcome.error instanceof SystemUnansweredError);
		const byHand = await there(aDay, { pasted: "acme-pasted-secret" });
		assert.ok(byHand.kind === "not-started" && byHand.error instanceof TokensmithUnavailableError);
	});
});
