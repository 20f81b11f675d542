/** The order of a rotation, and what is undone or told when a step of it fails. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { TokenRecord } from "../../daemon/contract.ts";
import { Client } from "../../extension/daemon/client.ts";
import { routedClient } from "../../extension/daemon/routed-client.ts";
import type { EnvLine } from "../../extension/env/bindings.ts";
import { isFinished, rotateInOrder, unansweredIn } from "../../extension/rotation/rotation-sequence.ts";
import {
	aDay,
	atOnce,
	failed,
	lost,
	maximumOverlapSeconds,
	type RotationScene,
	rotationOfEach,
} from "./rotation-scene.ts";

describe("a rotation", () => {
	let scene: RotationScene;
	rotationOfEach((begun) => {
		scene = begun;
	});

	it("creates, verifies and replaces, in this order, and leaves the old secret for the overlap", async () => {
		const outcome = await scene.rotate();
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(outcome.stages, ["creating", "verifying", "replacing"]);
		const { predecessor, successor, written } = outcome;
		const secret = scene.kept.get(successor.id) ?? "";
		assert.equal(scene.text, scene.original().replaceAll(scene.token.token, secret));
		assert.deepEqual([predecessor.status, written.saved.length, outcome.ignored], ["retiring", 2, []]);
		assert.deepEqual([await scene.works(secret), await scene.works(scene.token.token)], [true, true]);
		assert.equal(scene.kept.get(scene.token.id), scene.token.token, "for an undo");
		assert.deepEqual(scene.logged, []);
	});

	it("without an overlap ends the old secret once every line has the new one, and not before", async () => {
		const outcome = await scene.rotate(atOnce);
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(outcome.stages, ["creating", "verifying", "replacing", "ending"]);
		assert.equal(outcome.predecessor.status, "expired");
		assert.equal(await scene.works(scene.token.token), false);

		await scene.createToken();
		scene.refused = [{ line: {} as EnvLine, error: failed as never }];
		const unfinished = await scene.rotate(atOnce);
		assert.ok(unfinished.kind === "rotated" && !isFinished(unfinished.written));
		assert.deepEqual(
			[unfinished.predecessor.status, unfinished.stages.includes("ending")],
			["retiring", false],
		);
	});

	it("replaces the lines that are known once all files are read", async () => {
		scene.scan = () => {
			scene.text += `C=${scene.token.token}\n`;
		};
		const outcome = await scene.rotate();
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual([outcome.written.saved.length, scene.text.includes(scene.token.token)], [3, false]);
	});

	it("stands if the old secret can't be ended at once", async () => {
		scene.calls.endOverlap = () => Promise.reject(failed);
		const outcome = await scene.rotate(atOnce);
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(
			[outcome.predecessor.status, scene.logged],
			["retiring", ["The overlap was not ended at once."]],
		);
	});

	it("leaves the lines as they are where they are to be kept", async () => {
		const outcome = await scene.rotate(atOnce, { lines: "kept" });
		assert.ok(outcome.kind === "rotated" && isFinished(outcome.written));
		assert.deepEqual([scene.text, outcome.stages], [scene.original(), ["creating", "verifying"]]);
		assert.equal(outcome.predecessor.status, "retiring");
		assert.ok(await scene.works(scene.kept.get(outcome.successor.id) ?? ""));
	});

	it("keeps the old secret of a line, and begins only if it can be kept", async () => {
		scene.kept.clear();
		assert.equal((await scene.rotate()).kind, "rotated");
		assert.equal(scene.kept.get(scene.token.id), scene.token.token);
		await scene.createToken();
		scene.storeFails = () => true;
		const outcome = await scene.rotate();
		assert.deepEqual([outcome.kind, "error" in outcome && outcome.error], ["not-started", failed]);
		assert.equal((await scene.client.getToken(scene.token.id)).successorId, null);
	});

	it("can be cancelled until the first line is written, and is undone then", async () => {
		assert.equal((await scene.rotate(aDay, { cancelAt: "start" })).kind, "cancelled");
		assert.equal((await scene.client.listTokens()).length, 1);
		for (const stage of ["creating", "verifying"] as const) {
			assert.equal((await scene.rotate(aDay, { cancelAt: stage })).kind, "cancelled", stage);
			await scene.assertUndone();
		}
		assert.equal((await scene.rotate(aDay, { cancelAt: "replacing" })).kind, "rotated");
	});

	it("is not undone where the old secret is refused already", async () => {
		const outcome = await scene.rotate(aDay, { cancelAt: "verifying", maximumOverlapSeconds: 0 });
		assert.ok(outcome.kind === "rotated");
		assert.equal(outcome.predecessor.status, "expired");
		assert.ok(!scene.text.includes(scene.token.token));
	});

	it("is undone if the new secret can't be stored, and else hands it over", async () => {
		scene.storeFails = (id) => id !== scene.token.id;
		const undone = await scene.rotate();
		assert.deepEqual([undone.kind, "error" in undone && undone.error], ["undone", failed]);
		await scene.assertUndone();
		scene.calls.undoRotation = () => Promise.reject(lost());
		const lostOne = await scene.rotate();
		assert.ok(lostOne.kind === "secret-not-stored");
		assert.deepEqual([lostOne.error, await scene.works(lostOne.secret)], [failed, true]);
		assert.deepEqual(scene.logged, ["The rotation could not be undone."]);
		assert.equal(scene.text, scene.original());
	});

	it("is undone if the daemon refuses the new secret, or takes it for another token's", async () => {
		for (const answer of [{ active: false }, { active: true, client_id: "another" }] as const) {
			scene.calls.introspect = async () => answer as never;
			assert.equal((await scene.rotate()).kind, "undone");
			await scene.assertUndone();
		}
		scene.calls.introspect = () => Promise.reject(failed);
		scene.calls.undoRotation = () => Promise.reject(lost());
		const outcome = await scene.rotate();
		assert.ok(outcome.kind === "unfinished");
		assert.deepEqual(
			[outcome.error, scene.text, scene.kept.has(outcome.successor.id)],
			[failed, scene.original(), true],
		);
	});

	it("of a server's token is verified there, with no right but those of a rotation", async () => {
		const permissions = ["api.api-tokens.read", "api.api-tokens.write", "orders.read"];
		const key = "srv-00000001";
		const scoped = await scene.daemon.create({ name: "scoped", permissions, expiry: null });
		const { url } = scene.daemon;
		const server = new Client(async () => ({ url, ownerKey: undefined }), {
			server: { key, name: "Team", host: "team.example", token: scoped.token },
		});
		scene.client = routedClient({
			local: () => assert.fail("asked this machine"),
			server: () => server,
			reachable: () => [key],
			partials: () => new Set(),
			log: { warn: assert.fail },
		});
		scene.token = { ...scene.token, id: `${key}~${scene.token.id}` };
		scene.kept.set(scene.token.id, scene.token.token);
		const outcome = await scene.rotate();
		assert.ok(outcome.kind === "rotated", inspect(outcome));
		assert.equal(
			scene.text,
			scene.original().replaceAll(scene.token.token, scene.kept.get(outcome.successor.id) ?? ""),
		);
		scene.calls.identify = async () => ({});
		assert.equal((await scene.rotate(aDay, { token: outcome.successor })).kind, "undone");
	});

	it("is unfinished if the lines can't be written", async () => {
		scene.replaceSecrets = () => Promise.reject(failed);
		const outcome = await scene.rotate(atOnce);
		assert.ok(outcome.kind === "unfinished");
		assert.deepEqual([outcome.error, outcome.predecessor.status], [failed, "retiring"]);
		assert.ok(await scene.works(scene.kept.get(outcome.successor.id) ?? ""));
	});

	it("changes nothing if the daemon refuses or is not there", async () => {
		for (const error of [failed, lost("not-done")]) {
			scene.calls.rotateToken = () => Promise.reject(error);
			scene.calls.getToken = () => Promise.reject(new Error("It is not asked."));
			const input = { token: scene.token as TokenRecord };
			const outcome = await rotateInOrder(scene.deps(), { plan: aDay, maximumOverlapSeconds, ...input });
			assert.deepEqual([outcome.kind, "error" in outcome && outcome.error], ["not-started", error]);
			assert.deepEqual(scene.logged, []);
		}
	});

	describe("whose answer is lost", () => {
		const after = async (...given: Parameters<Client["rotateToken"]>) => {
			await scene.client.rotateToken(...given);
			throw lost();
		};

		it("is undone, since its secret is gone", async () => {
			scene.calls.rotateToken = after;
			assert.equal((await scene.rotate()).kind, "undone");
			await scene.assertUndone();
		});

		it("tells of the successor if it can't be undone", async () => {
			scene.calls.rotateToken = after;
			scene.calls.undoRotation = () => Promise.reject(failed);
			const outcome = await scene.rotate();
			assert.ok(outcome.kind === "secret-lost");
			assert.equal(outcome.successor.id, outcome.predecessor.successorId);
			assert.notEqual(outcome.successor.id, scene.token.id);
			assert.deepEqual(scene.logged, ["The rotation could not be undone."]);
		});

		it("did not begin if the token has no successor, or another window's", async () => {
			scene.calls.rotateToken = () => Promise.reject(lost());
			assert.equal((await scene.rotate()).kind, "not-started");
			scene.calls.rotateToken = async (...given) => {
				const { id, token: secret } = await scene.client.rotateToken(...given);
				scene.kept.set(id, secret);
				throw lost();
			};
			assert.equal((await scene.rotate()).kind, "not-started");
			assert.equal((await scene.client.getToken(scene.token.id)).status, "retiring");
		});

		it("leaves the successor of an earlier rotation as it is", async () => {
			const earlier = await scene.rotate();
			assert.ok(earlier.kind === "rotated");
			// As after a rotation on another machine.
			scene.kept.delete(earlier.successor.id);
			scene.calls.rotateToken = () => Promise.reject(lost());
			assert.equal((await scene.rotate()).kind, "not-started");
			const { status, successorId } = await scene.client.getToken(scene.token.id);
			assert.deepEqual([status, successorId], ["retiring", earlier.successor.id]);
		});

		it("is unknown if the daemon does not answer any more", async () => {
			const input = { token: await scene.client.getToken(scene.token.id), plan: aDay, maximumOverlapSeconds };
			scene.calls.rotateToken = after;
			scene.calls.getToken = () => Promise.reject(failed);
			const outcome = await rotateInOrder(scene.deps(), input);
			assert.equal(outcome.kind, "unknown");
			assert.deepEqual(scene.logged, ["The daemon did not say whether the token was rotated."]);
			assert.equal(outcome.kind === "unknown" && outcome.error instanceof TokensmithUnavailableError, true);
		});
	});

	describe("that is tried again after an answer was lost", () => {
		let unanswered: unknown;
		let before: TokenRecord;
		beforeEach(async () => {
			before = await scene.client.getToken(scene.token.id);
			scene.calls.rotateToken = async (...given) => {
				await scene.client.rotateToken(...given);
				throw lost();
			};
			scene.calls.getToken = () => Promise.reject(lost());
			unanswered = unansweredIn(await scene.rotate());
			assert.ok(unanswered instanceof TokensmithUnavailableError);
			scene.calls = {};
		});

		it("takes the successor without a secret back, and makes one", async () => {
			const outcome = await scene.rotate(aDay, { unanswered, token: before });
			assert.ok(outcome.kind === "rotated");
			assert.equal(unansweredIn(outcome), undefined);
			const working = (await scene.client.listTokens()).filter(({ status }) => status === "active");
			assert.deepEqual(
				working.map(({ id }) => id),
				[outcome.successor.id],
			);
		});

		it("stays unknown while the daemon does not answer", async () => {
			scene.calls.getToken = () => Promise.reject(lost());
			scene.calls.rotateToken = () => Promise.reject(new Error("is not called"));
			const outcome = await scene.rotate(aDay, { unanswered, token: before });
			assert.equal(outcome.kind, "unknown");
			assert.equal(unansweredIn(outcome), unanswered);
		});

		it("leaves another window's successor alone", async () => {
			const { successorId } = await scene.client.getToken(scene.token.id);
			scene.kept.set(successorId ?? "", "theirs");
			const outcome = await scene.rotate(aDay, { unanswered, token: before });
			assert.ok(outcome.kind === "not-started");
			assert.equal((await scene.client.getToken(scene.token.id)).successorId, successorId);
		});
	});
});
