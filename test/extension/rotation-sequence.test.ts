/** The order of a rotation, against a real daemon; SecretStorage and the env file are in memory, and calls can be made to fail. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import { applyEdits } from "../../daemon/env-file/env-edit.ts";
import { replaceIn } from "../../daemon/env-file/env-file.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { SystemUnansweredError } from "../../extension/connections/system-unanswered.ts";
import { Client } from "../../extension/daemon/client.ts";
import { routedClient } from "../../extension/daemon/routed-client.ts";
import type { EnvLine } from "../../extension/env/bindings.ts";
import type { Written } from "../../extension/env/env-lines.ts";
import {
	type InEditor,
	isFinished,
	type RotationDeps,
	type RotationInput,
	type RotationOutcome,
	rotateInOrder,
	type Stage,
	unansweredIn,
} from "../../extension/rotation/rotation-sequence.ts";
import { daemonOfEach, ownerKey, type TestDaemon } from "../daemon/harness.ts";
import { tokenRecord } from "./a-token.ts";

type Calls = Awaited<ReturnType<RotationDeps["daemon"]["client"]>>;

const aDay: RotationInput["plan"] = {
	overlap: { kind: "for", seconds: 86_400 },
	quietSeconds: null,
	expiry: "same",
};
const atOnce: RotationInput["plan"] = { ...aDay, overlap: { kind: "none" } };
const maximumOverlapSeconds = 7 * 86_400;
const failed = new Error("It failed.");
const lost = (outcome: "not-done" | "unknown" = "unknown") =>
	new TokensmithUnavailableError("The connection broke.", { outcome, reason: "broken" });

describe("a rotation", () => {
	let daemon: TestDaemon;
	let client: Client;
	let token: CreatedToken;
	let kept: Map<string, string>;
	let text: string;
	let logged: string[];
	/** Makes the calls of a test fail, or does something before them. */
	let calls: Partial<Calls>;
	let editor: { replaceSecrets?: InEditor["editor"]["replaceSecrets"] };
	let refused: Written<EnvLine>["refused"];
	let storeFails: (id: string) => boolean;
	/** What happens until the lines of all files are known. */
	let scan: () => void;
	daemonOfEach((started) => {
		daemon = started;
	});
	beforeEach(async () => {
		daemon.now = new Date();
		client = new Client(async () => ({ url: daemon.url, ownerKey }));
		token = await daemon.create();
		kept = new Map([[token.id, token.token]]);
		text = `# mine\nA=${token.token}\nB="bearer ${token.token}"\n`;
		[logged, calls, editor, refused, storeFails, scan] = [[], {}, {}, [], () => false, () => {}];
	});

	const linesOf = (id: string): EnvLine[] => {
		const secret = kept.get(id) ?? token.token;
		return secretPlaces(text, "env")
			.filter((place) => place.secret === secret)
			.map((place) => ({ ...place, hash: hashOf(secret), words: place.key }) as unknown as EnvLine);
	};

	const inMemory: InEditor["editor"] = {
		secretOn: async () => token.token,
		replaceSecrets: async (edits) => {
			const change = ({ line, value }: (typeof edits)[number]) => ({ place: line as never, value });
			const found = replaceIn(text, edits.map(change), "env");
			assert.ok(!("reason" in found));
			text = applyEdits(text, found);
			return { saved: edits.map(({ line }) => line), unsaved: [], notSaved: [], refused };
		},
		accessWith: (credential) => ({ credential, proxy: undefined }) as never,
	};

	const deps = (): RotationDeps & InEditor => ({
		daemon: { client: async () => new Proxy(client, { get: (target, name) => called(target, name) }) },
		bindings: { whenReady: async () => scan(), linesOf } as never,
		connections: { accessFor: async () => undefined, capabilitiesOf: () => undefined, of: () => undefined },
		secrets: {
			get: async (id) => kept.get(id),
			store: async (id, secret) => {
				if (storeFails(id)) throw failed;
				kept.set(id, secret);
			},
			delete: async (id) => void kept.delete(id),
		},
		log: { warn: (message) => logged.push(message), error: (message) => logged.push(message) },
		editor: { ...inMemory, ...editor },
	});

	const called = (target: Client, name: string | symbol) => {
		const found = calls[name as keyof Calls] ?? target[name as keyof Client];
		return typeof found === "function" ? found.bind(target) : found;
	};

	async function rotate(
		plan = aDay,
		{ cancelAt, ...more }: Partial<RotationInput> & { cancelAt?: Stage | "start" } = {},
	): Promise<RotationOutcome & { stages: Stage[] }> {
		const stages: Stage[] = [];
		const cancellation = { isCancellationRequested: cancelAt === "start" };
		const onProgress = (stage: Stage) => {
			stages.push(stage);
			if (stage === cancelAt) cancellation.isCancellationRequested = true;
		};
		const input = { token: await client.getToken(token.id), plan, maximumOverlapSeconds, ...more };
		return { ...(await rotateInOrder(deps(), input, { onProgress, cancellation })), stages };
	}

	const original = () => `# mine\nA=${token.token}\nB="bearer ${token.token}"\n`;
	const works = async (secret: string) => (await client.introspect(secret)).active;

	async function assertUndone(): Promise<void> {
		const { status, successorId } = await client.getToken(token.id);
		assert.deepEqual([status, successorId, text], ["active", null, original()]);
		assert.deepEqual([...kept.keys()], [token.id]);
		const others = (await client.listTokens()).filter(({ id }) => id !== token.id);
		assert.ok(others.every(({ status: one }) => one === "revoked"));
	}

	it("creates, verifies and replaces, in this order, and leaves the old secret for the overlap", async () => {
		const outcome = await rotate();
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(outcome.stages, ["creating", "verifying", "replacing"]);
		const { predecessor, successor, written } = outcome;
		const secret = kept.get(successor.id) ?? "";
		assert.equal(text, original().replaceAll(token.token, secret));
		assert.deepEqual([predecessor.status, written.saved.length, outcome.ignored], ["retiring", 2, []]);
		assert.deepEqual([await works(secret), await works(token.token)], [true, true]);
		assert.equal(kept.get(token.id), token.token, "for an undo");
		assert.deepEqual(logged, []);
	});

	it("without an overlap ends the old secret once every line has the new one, and not before", async () => {
		const outcome = await rotate(atOnce);
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(outcome.stages, ["creating", "verifying", "replacing", "ending"]);
		assert.equal(outcome.predecessor.status, "expired");
		assert.equal(await works(token.token), false);

		token = await daemon.create();
		kept = new Map();
		text = original();
		refused = [{ line: {} as EnvLine, error: failed as never }];
		const unfinished = await rotate(atOnce);
		assert.ok(unfinished.kind === "rotated" && !isFinished(unfinished.written));
		assert.deepEqual(
			[unfinished.predecessor.status, unfinished.stages.includes("ending")],
			["retiring", false],
		);
	});

	it("replaces the lines that are known once all files are read", async () => {
		scan = () => {
			text += `C=${token.token}\n`;
		};
		const outcome = await rotate();
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual([outcome.written.saved.length, text.includes(token.token)], [3, false]);
	});

	it("stands if the old secret can't be ended at once", async () => {
		calls.endOverlap = () => Promise.reject(failed);
		const outcome = await rotate(atOnce);
		assert.ok(outcome.kind === "rotated");
		assert.deepEqual(
			[outcome.predecessor.status, logged],
			["retiring", ["The overlap was not ended at once."]],
		);
	});

	it("leaves the lines as they are where they are to be kept", async () => {
		const outcome = await rotate(atOnce, { lines: "kept" });
		assert.ok(outcome.kind === "rotated" && isFinished(outcome.written));
		assert.deepEqual([text, outcome.stages], [original(), ["creating", "verifying"]]);
		assert.equal(outcome.predecessor.status, "retiring");
		assert.ok(await works(kept.get(outcome.successor.id) ?? ""));
	});

	it("keeps the old secret of a line, and begins only if it can be kept", async () => {
		kept = new Map();
		assert.equal((await rotate()).kind, "rotated");
		assert.equal(kept.get(token.id), token.token);
		token = await daemon.create();
		storeFails = () => true;
		text = original();
		const outcome = await rotate();
		assert.deepEqual([outcome.kind, "error" in outcome && outcome.error], ["not-started", failed]);
		assert.equal((await client.getToken(token.id)).successorId, null);
	});

	it("can be cancelled until the first line is written, and is undone then", async () => {
		assert.equal((await rotate(aDay, { cancelAt: "start" })).kind, "cancelled");
		assert.equal((await client.listTokens()).length, 1);
		for (const stage of ["creating", "verifying"] as const) {
			assert.equal((await rotate(aDay, { cancelAt: stage })).kind, "cancelled", stage);
			await assertUndone();
		}
		assert.equal((await rotate(aDay, { cancelAt: "replacing" })).kind, "rotated");
	});

	it("is not undone where the old secret is refused already", async () => {
		const outcome = await rotate(aDay, { cancelAt: "verifying", maximumOverlapSeconds: 0 });
		assert.ok(outcome.kind === "rotated");
		assert.equal(outcome.predecessor.status, "expired");
		assert.ok(!text.includes(token.token));
	});

	it("is undone if the new secret can't be stored, and else hands it over", async () => {
		storeFails = (id) => id !== token.id;
		const undone = await rotate();
		assert.deepEqual([undone.kind, "error" in undone && undone.error], ["undone", failed]);
		await assertUndone();
		calls.undoRotation = () => Promise.reject(lost());
		const lostOne = await rotate();
		assert.ok(lostOne.kind === "secret-not-stored");
		assert.deepEqual([lostOne.error, await works(lostOne.secret)], [failed, true]);
		assert.deepEqual(logged, ["The rotation could not be undone."]);
		assert.equal(text, original());
	});

	it("is undone if the daemon refuses the new secret, or takes it for another token's", async () => {
		for (const answer of [{ active: false }, { active: true, client_id: "another" }] as const) {
			calls.introspect = async () => answer as never;
			assert.equal((await rotate()).kind, "undone");
			await assertUndone();
		}
		calls.introspect = () => Promise.reject(failed);
		calls.undoRotation = () => Promise.reject(lost());
		const outcome = await rotate();
		assert.ok(outcome.kind === "unfinished");
		assert.deepEqual([outcome.error, text, kept.has(outcome.successor.id)], [failed, original(), true]);
	});

	it("of a server's token is verified there, with no right but those of a rotation", async () => {
		const permissions = ["api.api-tokens.read", "api.api-tokens.write", "orders.read"];
		const key = "srv-00000001";
		const scoped = await daemon.create({ name: "scoped", permissions, expiry: null });
		const { url } = daemon;
		const server = new Client(async () => ({ url, ownerKey: undefined }), {
			server: { key, name: "Team", host: "team.example", token: scoped.token },
		});
		client = routedClient({
			local: () => assert.fail("asked this machine"),
			server: () => server,
			reachable: () => [key],
			partials: () => new Set(),
			log: { warn: assert.fail },
		});
		token = { ...token, id: `${key}~${token.id}` };
		kept = new Map([[token.id, token.token]]);
		const outcome = await rotate();
		assert.ok(outcome.kind === "rotated", inspect(outcome));
		assert.equal(text, original().replaceAll(token.token, kept.get(outcome.successor.id) ?? ""));
		calls.identify = async () => ({});
		assert.equal((await rotate(aDay, { token: outcome.successor })).kind, "undone");
	});

	it("is unfinished if the lines can't be written", async () => {
		editor.replaceSecrets = () => Promise.reject(failed);
		const outcome = await rotate(atOnce);
		assert.ok(outcome.kind === "unfinished");
		assert.deepEqual([outcome.error, outcome.predecessor.status], [failed, "retiring"]);
		assert.ok(await works(kept.get(outcome.successor.id) ?? ""));
	});

	it("changes nothing if the daemon refuses or is not there", async () => {
		for (const error of [failed, lost("not-done")]) {
			calls.rotateToken = () => Promise.reject(error);
			calls.getToken = () => Promise.reject(new Error("It is not asked."));
			const input = { token: token as TokenRecord };
			const outcome = await rotateInOrder(deps(), { plan: aDay, maximumOverlapSeconds, ...input });
			assert.deepEqual([outcome.kind, "error" in outcome && outcome.error], ["not-started", error]);
			assert.deepEqual(logged, []);
		}
	});

	describe("whose answer is lost", () => {
		const after = async (...given: Parameters<Client["rotateToken"]>) => {
			await client.rotateToken(...given);
			throw lost();
		};

		it("is undone, since its secret is gone", async () => {
			calls.rotateToken = after;
			assert.equal((await rotate()).kind, "undone");
			await assertUndone();
		});

		it("tells of the successor if it can't be undone", async () => {
			calls.rotateToken = after;
			calls.undoRotation = () => Promise.reject(failed);
			const outcome = await rotate();
			assert.ok(outcome.kind === "secret-lost");
			assert.equal(outcome.successor.id, outcome.predecessor.successorId);
			assert.notEqual(outcome.successor.id, token.id);
			assert.deepEqual(logged, ["The rotation could not be undone."]);
		});

		it("did not begin if the token has no successor, or another window's", async () => {
			calls.rotateToken = () => Promise.reject(lost());
			assert.equal((await rotate()).kind, "not-started");
			calls.rotateToken = async (...given) => {
				const { id, token: secret } = await client.rotateToken(...given);
				kept.set(id, secret);
				throw lost();
			};
			assert.equal((await rotate()).kind, "not-started");
			assert.equal((await client.getToken(token.id)).status, "retiring");
		});

		it("is unknown if the daemon does not answer any more", async () => {
			const input = { token: await client.getToken(token.id), plan: aDay, maximumOverlapSeconds };
			calls.rotateToken = after;
			calls.getToken = () => Promise.reject(failed);
			const outcome = await rotateInOrder(deps(), input);
			assert.equal(outcome.kind, "unknown");
			assert.deepEqual(logged, ["The daemon did not say whether the token was rotated."]);
			assert.equal(outcome.kind === "unknown" && outcome.error instanceof TokensmithUnavailableError, true);
		});
	});

	describe("that is tried again after an answer was lost", () => {
		let unanswered: unknown;
		let before: TokenRecord;
		beforeEach(async () => {
			before = await client.getToken(token.id);
			calls.rotateToken = async (...given) => {
				await client.rotateToken(...given);
				throw lost();
			};
			calls.getToken = () => Promise.reject(lost());
			unanswered = unansweredIn(await rotate());
			assert.ok(unanswered instanceof TokensmithUnavailableError);
			calls = {};
		});

		it("takes the successor without a secret back, and makes one", async () => {
			const outcome = await rotate(aDay, { unanswered, token: before });
			assert.ok(outcome.kind === "rotated");
			assert.equal(unansweredIn(outcome), undefined);
			const working = (await client.listTokens()).filter(({ status }) => status === "active");
			assert.deepEqual(
				working.map(({ id }) => id),
				[outcome.successor.id],
			);
		});

		it("stays unknown while the daemon does not answer", async () => {
			calls.getToken = () => Promise.reject(lost());
			calls.rotateToken = () => Promise.reject(new Error("is not called"));
			const outcome = await rotate(aDay, { unanswered, token: before });
			assert.equal(outcome.kind, "unknown");
			assert.equal(unansweredIn(outcome), unanswered);
		});

		it("leaves another window's successor alone", async () => {
			const { successorId } = await client.getToken(token.id);
			kept.set(successorId ?? "", "theirs");
			const outcome = await rotate(aDay, { unanswered, token: before });
			assert.ok(outcome.kind === "not-started");
			assert.equal((await client.getToken(token.id)).successorId, successorId);
		});
	});

	describe("at another system", () => {
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
			calls = {
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
			text = "";
			kept = new Map();
		});

		const there = (plan: RotationInput["plan"], more: Partial<RotationInput> = {}) => {
			const connections = {
				accessFor: async (_: unknown, answers?: object) => ({ ...access, ...(answers && { answers }) }),
				capabilitiesOf: () => ({ probe: probes }),
				of: () => undefined,
			} as never;
			const input = { token: old, plan, maximumOverlapSeconds, ...more };
			return rotateInOrder({ ...deps(), connections }, input);
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
			assert.deepEqual([...kept.keys()], ["new"]);
		});

		it("goes on if the system does not say, and asks none that can't be asked", async () => {
			answer = { outcome: "unknown", detail: "busy" };
			assert.equal((await there(aDay)).kind, "rotated");
			assert.deepEqual(logged, ["The system did not say whether the new secret works."]);
			[probes, asked] = [false, []];
			assert.equal((await there(aDay)).kind, "rotated");
			assert.deepEqual(asked, [["rotate", "old", access]]);
		});

		it("sends only the hash of a secret that the user has pasted, and keeps that one", async () => {
			let sent: unknown;
			calls.rotateToken = async (_id, request) => {
				sent = request.registered;
				return { ...fresh, predecessor: retiring, token: undefined } as never;
			};
			assert.equal((await there(aDay, { pasted: "acme-pasted-secret" })).kind, "rotated");
			assert.deepEqual(sent, {
				hash: hashOf("acme-pasted-secret"),
				partialToken: "acme…cret",
				remoteId: null,
			});
			assert.equal(kept.get("new"), "acme-pasted-secret");
		});

		it("may have a successor at the system if the answer is lost, unless it was made by hand", async () => {
			calls.rotateToken = () => Promise.reject(lost());
			calls.getToken = async () => old;
			const outcome = await there(aDay);
			assert.ok(outcome.kind === "not-started" && outcome.error instanceof SystemUnansweredError);
			const byHand = await there(aDay, { pasted: "acme-pasted-secret" });
			assert.ok(byHand.kind === "not-started" && byHand.error instanceof TokensmithUnavailableError);
		});
	});
});
