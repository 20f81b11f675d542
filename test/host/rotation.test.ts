/** The effects of a rotation on lines and secrets, and its failures. */
import assert from "node:assert/strict";
import { chmod, rm, writeFile } from "node:fs/promises";
import * as vscode from "vscode";
import { TokensmithUnavailableError } from "../../daemon/client/transport.ts";
import { rotateToken } from "../../extension/rotation/rotate-action.ts";
import { rotateTokens } from "../../extension/rotation/rotate-many-action.ts";
import { reportOutcome } from "../../extension/rotation/rotation-report.ts";
import type { Stage } from "../../extension/rotation/rotation-sequence.ts";
import type { Services } from "../../extension/services.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";
import { aDay, atOnce, maximumOverlapSeconds, rotationScene } from "./rotation-scene.ts";

describe("rotating tokens", () => {
	const scene = rotationScene();

	describe("a rotation", () => {
		it("writes the successor's secret to every line, stores both secrets, and both work for the overlap", async () => {
			await scene.putFourLines();
			scene.window.kept.clear();
			const stages: Stage[] = [];
			const outcome = await scene.rotate(aDay, { onProgress: (stage) => stages.push(stage) });
			assert.ok(outcome.kind === "rotated");
			const fresh = await scene.successorSecret();
			await scene.checkFourLines(fresh);
			assert.equal(scene.keptSecret(scene.token.id), scene.secret);
			assert.deepEqual(
				[await scene.reasonFor(scene.secret), await scene.reasonFor(fresh)],
				["valid", "valid"],
			);
			assert.equal(outcome.predecessor.status, "retiring");
			assert.deepEqual(stages, ["creating", "verifying", "replacing"]);
		});

		it("replaces the secret inside longer values and in files of other forms, and nothing else", async () => {
			const files: Record<string, (value: string) => string> = {
				".env": (value) =>
					`# x\nH="Authorization=Bearer ${value}"\nA=${value}; export A\nB="${value}\\n" # why\n`,
				".env.local": (value) => `L=${value},${value}\r\nset -x U https://user:${value}@example.org\r\n`,
				".env.json": (value) => `{\n\t"K": "${value}",\n\t"L": ["Bearer ${value}"]\n}\n`,
				".env.yaml": (value) => `k: ${value} # why\nl:\n  - 'Bearer ${value}'\n`,
			};
			for (const [name, text] of Object.entries(files)) await scene.window.put(name, text(scene.secret));
			const outcome = await scene.rotate(aDay);
			assert.ok(outcome.kind === "rotated");
			const fresh = await scene.successorSecret();
			for (const [name, text] of Object.entries(files)) assert.equal(await scene.diskOf(name), text(fresh));
		});

		it("can end the overlap at once, when all lines contain the new secret", async () => {
			await scene.putFourLines();
			const { predecessor } = await scene.rotated(atOnce);
			await scene.checkFourLines(await scene.successorSecret());
			assert.equal(predecessor.status, "expired");
			assert.equal(await scene.reasonFor(scene.secret), "expired");
		});

		it("keeps the old secret working when a line could not be changed", async () => {
			await scene.window.put(".env", `A=${scene.secret}\n`);
			await scene.window.put(".env.local", `<<<<<<< HEAD\nB=${scene.secret}\n=======\nB=1\n>>>>>>> x\n`);
			const { written, predecessor } = await scene.rotated(atOnce);
			assert.deepEqual(
				written.refused.map(({ line, error }) => [line.key, error.code]),
				[["B", "conflict-markers"]],
			);
			assert.equal(predecessor.status, "retiring");
			assert.equal(await scene.reasonFor(scene.secret), "valid");
			assert.equal(await scene.diskOf(".env"), `A=${await scene.successorSecret()}\n`);
		});

		it("skips a line that is edited, and a file that is deleted or locked, during the rotation", async () => {
			await scene.window.put(".env", `A=${scene.secret}\n`);
			await scene.window.put(".env.1", `B=${scene.secret}\n`);
			await scene.window.put(".env.2", `C=${scene.secret}\n`);
			await scene.window.put(".env.3", `D=${scene.secret}\n`);
			const outcome = await scene.rotate(aDay, {
				services: {
					bindings: {
						linesOf: (id: string) => scene.window.bindings.linesOf(id),
						// Between the scan and the write.
						whenReady: async () => {
							await scene.window.bindings.whenReady();
							await writeFile(scene.at(".env").fsPath, "A=theirs\n");
							await rm(scene.at(".env.1").fsPath);
							await chmod(scene.at(".env.2").fsPath, 0o444);
						},
					} as unknown as Services["bindings"],
				},
			});
			assert.ok(outcome.kind === "rotated");
			const { refused, saved } = outcome.written;
			assert.deepEqual(refused.map(({ line, error }) => `${line.key} ${error.code}`).sort(), [
				"A changed",
				"B deleted",
				"C read-only",
			]);
			assert.deepEqual(
				saved.map(({ key }) => key),
				["D"],
			);
			assert.equal(await scene.diskOf(".env"), "A=theirs\n");
			assert.equal(await scene.reasonFor(scene.secret), "valid");
		});

		it("stores the secret in SecretStorage if no line contains the old one", async () => {
			const { written } = await scene.rotated();
			assert.deepEqual(written.saved, []);
			assert.equal(await scene.reasonFor(await scene.successorSecret()), "valid");
		});

		it("gives the lines of an expired token a secret that works", async () => {
			const short = await scene.window.create("short", { expiry: new Date(Date.now() + 700).toISOString() });
			await until("it has expired", async () => (await scene.reasonFor(short.token)) === "expired");
			await scene.window.put(".env", `A=${short.token}\n`);
			await scene.window.bindings.whenReady();
			const outcome = await rotateToken(scene.services(), {
				token: await scene.window.client.getToken(short.id),
				plan: atOnce,
				maximumOverlapSeconds,
			});
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
			const value = (await scene.diskOf(".env")).slice(2, -1);
			assert.notEqual(value, short.token);
			assert.equal((await verified(scene.window.home.dataDir, value)).valid, true);
		});

		it("verifies the secret of a token that only an allowed address may use", async () => {
			const far = await scene.window.create("far", { allowedAddresses: ["192.0.2.7"] });
			const outcome = await rotateToken(scene.services(), {
				token: await scene.window.client.getToken(far.id),
				plan: aDay,
				maximumOverlapSeconds,
			});
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
		});

		it("continues with a new daemon when its own is killed", async () => {
			await scene.putFourLines();
			let killed: Promise<number> | undefined;
			const outcome = await scene.rotate(aDay, {
				services: scene.daemonThat({
					async introspect(...question) {
						killed = scene.window.home.kill();
						await killed;
						return await scene.window.client.introspect(...question);
					},
				}),
			});
			assert.ok(killed);
			assert.equal(outcome.kind, "rotated", "error" in outcome ? String(outcome.error) : "");
			await scene.checkFourLines(await scene.successorSecret());
		});
	});

	describe("a rotation that fails", () => {
		async function checkAsBefore(): Promise<void> {
			await scene.checkFourLines(scene.secret);
			assert.equal(await scene.reasonFor(scene.secret), "valid");
			const record = await scene.window.client.getToken(scene.token.id);
			assert.deepEqual([record.status, record.successorId], ["active", null]);
			const others = (await scene.window.client.listTokens()).filter(({ id }) => id !== scene.token.id);
			assert.deepEqual(
				[...new Set(others.map(({ status }) => status))],
				others.length === 0 ? [] : ["revoked"],
			);
			assert.deepEqual(
				[...scene.window.kept.keys()].filter((key) => key !== `token/${scene.token.id}`),
				[],
			);
		}

		const failing = () => Promise.reject(new Error("No"));

		it("changes nothing before the successor exists", async () => {
			await scene.putFourLines();
			const outcome = await scene.rotate(aDay, { services: scene.daemonThat({ rotateToken: failing }) });
			assert.equal(outcome.kind, "not-started");
			await checkAsBefore();
		});

		it("changes nothing because SecretStorage fails", async () => {
			await scene.putFourLines();
			const secrets = Object.assign(Object.create(scene.window.secrets), { store: failing });
			const outcome = await scene.rotate(aDay, { services: { secrets } });
			assert.equal(outcome.kind, "not-started");
			await checkAsBefore();
		});

		it("is undone because SecretStorage does not store the successor's secret", async () => {
			await scene.putFourLines();
			const store = (id: string, value: string) =>
				id === scene.token.id ? scene.window.secrets.store(id, value) : failing();
			const secrets = Object.assign(Object.create(scene.window.secrets), {
				store,
				get: (id: string) => scene.window.secrets.get(id),
			});
			const outcome = await scene.rotate(aDay, { services: { secrets } });
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("shows the secret when it is stored nowhere and the rotation cannot be undone", async () => {
			const secrets = Object.assign(Object.create(scene.window.secrets), {
				store: (id: string) => (id === scene.token.id ? Promise.resolve() : failing()),
				get: async () => undefined,
			});
			const outcome = await scene.rotate(aDay, {
				services: { secrets, ...scene.daemonThat({ undoRotation: failing }) },
			});
			assert.ok(outcome.kind === "secret-not-stored");
			assert.equal(await scene.reasonFor(outcome.secret), "valid");
			await reportOutcome(scene.services(), scene.token, outcome);
			assert.ok(scene.person.last?.detail.includes(outcome.secret));
		});

		it("shows a secret that is stored nowhere only on request in presentation mode", async () => {
			const services = scene.services();
			const { person, secret } = scene;
			const rotation = { predecessor: scene.token, successor: scene.token };
			const outcome = { kind: "secret-not-stored", error: new Error("Full."), secret, ...rotation } as const;
			await services.masking.present("on");
			try {
				await reportOutcome(services, scene.token, outcome);
				assert.ok(!JSON.stringify(person.messages).includes(secret));
				assert.deepEqual(person.last?.buttons, ["Copy", "Show Secret", "Done"]);
				person.answers(/not shown in presentation mode/, "Show Secret");
				await reportOutcome(services, scene.token, outcome);
				assert.ok(person.last?.detail.includes(secret));
			} finally {
				await services.masking.present("off");
			}
		});

		it("is undone because the daemon refuses the new secret", async () => {
			await scene.putFourLines();
			const outcome = await scene.rotate(aDay, { services: scene.daemonThat({ introspect: failing }) });
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("is undone because the connection was lost before the secret arrived", async () => {
			await scene.putFourLines();
			const outcome = await scene.rotate(aDay, {
				services: scene.daemonThat({
					async rotateToken(id, request) {
						await scene.window.client.rotateToken(id, request);
						throw new TokensmithUnavailableError("It broke.", { cause: undefined, outcome: "unknown" });
					},
				}),
			});
			assert.equal(outcome.kind, "undone");
			await checkAsBefore();
		});

		it("does not claim that nothing has changed when the connection stays lost", async () => {
			const broken = () =>
				Promise.reject(new TokensmithUnavailableError("It broke.", { cause: undefined, outcome: "unknown" }));
			const outcome = await scene.rotate(aDay, {
				services: scene.daemonThat({
					async rotateToken(id, request) {
						await scene.window.client.rotateToken(id, request);
						return await broken();
					},
					getToken: broken,
				}),
			});
			assert.equal(outcome.kind, "unknown");
			await reportOutcome(scene.services(), scene.token, outcome);
			assert.match(scene.person.last?.text ?? "", /^It is unknown whether “orders-api” was rotated/);
			assert.deepEqual(scene.person.last?.buttons, ["Try Again"]);
		});

		it("leaves another window's rotation alone, whose secret is stored, when the connection was lost", async () => {
			const outcome = await scene.rotate(aDay, {
				services: scene.daemonThat({
					async rotateToken(id, request) {
						const { token: theirs, id: successorId } = await scene.window.client.rotateToken(id, request);
						await scene.window.secrets.store(successorId, theirs);
						throw new TokensmithUnavailableError("It broke.", { cause: undefined, outcome: "unknown" });
					},
				}),
			});
			assert.equal(outcome.kind, "not-started");
			assert.equal((await scene.window.client.getToken(scene.token.id)).status, "retiring");
		});

		it("can be finished, and undone, after a failure at the lines", async () => {
			await scene.putFourLines();
			const bindings = {
				linesOf: (id: string) => scene.window.bindings.linesOf(id),
				whenReady: failing,
			} as unknown as Services["bindings"];
			const outcome = await scene.rotate(aDay, { services: { bindings } });
			assert.equal(outcome.kind, "unfinished");
			await scene.checkFourLines(scene.secret);
			await scene.run("finishRotation", { id: scene.token.id });
			await scene.checkFourLines(await scene.successorSecret());
			scene.person.answers(/^Undo the rotation/, "Undo Rotation");
			await scene.run("undoRotation", { id: scene.token.id });
			await checkAsBefore();
		});

		it("leaves nothing behind when it is cancelled before the lines", async () => {
			for (const cancel of ["creating", "verifying"] as const) {
				await scene.putFourLines();
				assert.deepEqual(await scene.rotate(aDay, { cancel }), { kind: "cancelled" });
				await checkAsBefore();
			}
		});
	});

	describe("several rotations", () => {
		it("continue after a token that fails, and start no other once they are cancelled", async () => {
			const others = await Promise.all(["billing", "shipping"].map((name) => scene.window.create(name)));
			const tokens = await scene.window.client.listTokens();
			const order = [scene.token, ...others].map(({ id }) => tokens.find((token) => token.id === id));
			const { daemon } = scene.daemonThat({
				async rotateToken(id, request) {
					if (id === scene.token.id) throw new Error("The disk is full.");
					return await scene.window.client.rotateToken(id, request);
				},
			});
			const source = new vscode.CancellationTokenSource();
			const results = await rotateTokens(
				scene.services({ daemon }),
				{
					tokens: order.filter((token) => token !== undefined),
					plan: aDay,
					maximumOverlapSecondsOf: () => maximumOverlapSeconds,
				},
				{
					cancellation: source.token,
					onProgress: ({ index, stage }) => {
						if (index === 1 && stage === "done") source.cancel();
					},
				},
			);
			assert.deepEqual(
				results.map(({ token, outcome }) => [token.name, outcome.kind]),
				[
					["orders-api", "not-started"],
					["billing", "rotated"],
				],
			);
			assert.deepEqual(scene.person.messages, []);
		});
	});
});
