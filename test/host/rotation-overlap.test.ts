/** The overlap of a rotation: undoing it, ending it, and what happens afterwards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as vscode from "vscode";
import { Claims } from "../../extension/notices/claims.ts";
import { watchOverlaps } from "../../extension/rotation/overlap-watch.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";
import { rotationScene } from "./rotation-scene.ts";

describe("rotating tokens", () => {
	const scene = rotationScene();

	describe("an overlap", () => {
		it("is undone with every line restored, the successor revoked and its secret deleted", async () => {
			await scene.putFourLines();
			const { successor } = await scene.rotated();
			const fresh = await scene.successorSecret();
			scene.person.answers(/^Undo the rotation/, "Undo Rotation");
			await scene.run("undoRotation", { id: successor.id });
			await scene.checkFourLines(scene.secret);
			assert.deepEqual(
				[await scene.reasonFor(scene.secret), await scene.reasonFor(fresh)],
				["valid", "revoked"],
			);
			assert.equal(scene.keptSecret(successor.id), undefined);
			assert.match(scene.person.last?.text ?? "", /^Undone: 4 lines contain the secret/);
		});

		it("shows whether the new secret was used; the rotation's own verification does not count", async () => {
			const { successor } = await scene.rotated();
			assert.equal((await scene.window.client.getToken(successor.id)).useCount, 0);
			await assert.rejects(scene.run("undoRotation", { id: scene.token.id }) as Promise<unknown>);
			assert.match(scene.person.last?.detail ?? "", /It was not used yet\./);
			await verified(scene.window.home.dataDir, await scene.successorSecret());
			await assert.rejects(scene.run("undoRotation", { id: scene.token.id }) as Promise<unknown>);
			assert.match(scene.person.last?.detail ?? "", /Its last use: /);
		});

		it("is not undone while the old secret is only in an unsaved editor", async () => {
			await scene.window.put(".env", `A=${scene.secret}\n`);
			const { successor } = await scene.rotated();
			const editor = await vscode.window.showTextDocument(scene.at(".env"));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
			scene.person.answers(/^Undo the rotation/, "Undo Rotation");
			await assert.rejects(scene.run("undoRotation", { id: scene.token.id }) as Promise<unknown>, {
				code: "not-saved",
			});
			assert.equal((await scene.window.client.getToken(successor.id)).status, "active");
			await editor.document.save();
			await scene.run("undoRotation", { id: scene.token.id });
			assert.equal(await scene.diskOf(".env"), `# mine\nA=${scene.secret}\n`);
			assert.equal((await scene.window.client.getToken(successor.id)).status, "revoked");
		});

		it("shows the use of the old secret before it ends", async () => {
			await scene.rotated();
			await verified(scene.window.home.dataDir, scene.secret);
			await verified(scene.window.home.dataDir, scene.secret);
			scene.person.answers(/^End the overlap/, "End Overlap");
			await scene.run("endOverlap", { id: scene.token.id });
			assert.match(
				scene.person.messages[0]?.detail ?? "",
				/Since the rotation it was used by:\n•\s+127\.0\.0\.1, 2 times/,
			);
			assert.equal(await scene.reasonFor(scene.secret), "expired");
			assert.equal(scene.keptSecret(scene.token.id), undefined);
		});

		it("shows the use of the old secret", async () => {
			await scene.putFourLines();
			await scene.rotated();
			await verified(scene.window.home.dataDir, scene.secret);
			await scene.person.presses(
				"escape",
				scene.run("showOverlapUse", { id: scene.token.id }) as Promise<unknown>,
			);
			assert.deepEqual(scene.person.messages, []);
		});

		it("goes on from there to what can be done with the overlap", async () => {
			await scene.rotated();
			await scene.putFourLines();
			await until("the lines are found", () => scene.window.bindings.linesOf(scene.token.id).length > 0);
			const { showQuickPick } = vscode.window;
			const { executeCommand } = vscode.commands;
			const ran: unknown[][] = [];
			const labels = [
				"$(replace) Finish Rotation",
				"$(circle-slash) End Overlap Now…",
				"$(discard) Undo Rotation…",
			];
			try {
				// The window itself goes on to call others.
				const record: typeof executeCommand = async (name, ...more) =>
					name.startsWith("tokensmith.")
						? (ran.push([name, ...more]) as never)
						: executeCommand(name, ...more);
				Object.assign(vscode.commands, { executeCommand: record });
				for (const label of labels) {
					Object.assign(vscode.window, {
						showQuickPick: async (rows: vscode.QuickPickItem[]) => rows.find((row) => row.label === label),
					});
					await scene.run("showOverlapUse", { id: scene.token.id });
				}
			} finally {
				Object.assign(vscode.window, { showQuickPick });
				Object.assign(vscode.commands, { executeCommand });
			}
			const names = ["finishRotation", "endOverlap", "undoRotation"];
			assert.deepEqual(
				ran,
				names.map((name) => [`tokensmith.${name}`, { id: scene.token.id }]),
			);
		});

		it("deletes the old secret at its end, and offers once to replace it in the remaining lines", async () => {
			await scene.rotated();
			await scene.window.put(".env", `A=${scene.secret}\n`);
			const { live, bindings, secrets, log } = scene.window;
			const claims = new Claims(join(scene.window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live, bindings, secrets, log, claims, grace: 0 });
			await live.whenLive();
			assert.equal(scene.keptSecret(scene.token.id), scene.secret);
			await scene.window.client.endOverlap(scene.token.id);
			await until("the message is shown", () => scene.person.messages.length > 0);
			assert.match(
				scene.person.last?.text ?? "",
				/The overlap of “orders-api” is over, but rotation-\d+\/\.env:1 \(A\)/,
			);
			assert.ok(scene.person.last?.buttons.includes("Replace with New Secret"));
			assert.equal(scene.keptSecret(scene.token.id), undefined);
			watching.dispose();
			const again = watchOverlaps({ live, bindings, secrets, log, claims, grace: 0 });
			await verified(scene.window.home.dataDir, scene.secret);
			await scene.run("finishRotation", { id: scene.token.id });
			assert.equal(await scene.diskOf(".env"), `A=${await scene.successorSecret()}\n`);
			assert.equal(scene.person.messages.filter(({ text }) => text.includes("is over, but")).length, 1);
			again.dispose();
		});

		it("keeps its secret until the daemon is back if it seems over without it", async () => {
			await scene.rotated();
			const { live, bindings, secrets, log } = scene.window;
			let state = "failed";
			const away = new Proxy(live, {
				get(target, name) {
					if (name === "state") return state;
					const own: unknown = Reflect.get(target, name, target);
					return typeof own === "function" ? own.bind(target) : own;
				},
			});
			const claims = new Claims(join(scene.window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live: away, bindings, secrets, log, claims, grace: 0 });
			await live.whenLive();
			await scene.window.client.endOverlap(scene.token.id);
			await until("the list is updated", () =>
				live.tokens.some(({ id, status }) => id === scene.token.id && status !== "retiring"),
			);
			assert.equal(scene.keptSecret(scene.token.id), scene.secret);
			state = "live";
			await scene.window.create("another");
			await until("the old secret is deleted", () => scene.keptSecret(scene.token.id) === undefined);
			watching.dispose();
		});

		it("is reported with the next change of the list if its lines could not be scanned", async () => {
			await scene.rotated();
			await scene.window.put(".env", `A=${scene.secret}\n`);
			const { live, bindings, secrets, log } = scene.window;
			let failures = 0;
			const failing = new Proxy(bindings, {
				get(target, name) {
					if (name === "whenReady" && failures++ === 0) return () => Promise.reject(new Error("away"));
					const own: unknown = Reflect.get(target, name, target);
					return typeof own === "function" ? own.bind(target) : own;
				},
			});
			const claims = new Claims(join(scene.window.home.dataDir, "notices"));
			const watching = watchOverlaps({ live, bindings: failing, secrets, log, claims, grace: 0 });
			await live.whenLive();
			await scene.window.client.endOverlap(scene.token.id);
			await until("the scan has failed", () => failures > 0);
			await scene.window.create("another");
			await until("the message is shown", () => scene.person.messages.length > 0);
			watching.dispose();
		});

		it("gives one line the secret of the last working successor", async () => {
			await scene.putFourLines();
			const { successor } = await scene.rotated();
			await scene.window.put(".env.old", `A=${scene.secret}\nB=${scene.secret}\n`);
			await scene.window.bindings.whenReady();
			const line = scene.window.bindings.linesIn(scene.at(".env.old"))[1];
			assert.equal(line?.key, "B");
			await scene.run("replaceWithSuccessor", { line });
			assert.equal(
				await scene.diskOf(".env.old"),
				`A=${scene.secret}\nB=${scene.keptSecret(successor.id)}\n`,
			);
		});

		it("offers a remedy if the successor's secret is not stored", async () => {
			await scene.window.put(".env", `A=${scene.secret}\n`);
			await scene.window.client.rotateToken(scene.token.id, { overlapSeconds: 60 });
			await scene.run("finishRotation", { id: scene.token.id });
			assert.deepEqual(scene.person.last?.buttons, ["Rotate the Successor"]);
			assert.equal(await scene.diskOf(".env"), `A=${scene.secret}\n`);
		});

		it("is reported as missing for a token that was not rotated", async () => {
			await scene.run("undoRotation", { id: scene.token.id });
			await scene.run("endOverlap", { id: scene.token.id });
			await scene.run("showOverlapUse", { id: scene.token.id });
			assert.deepEqual(
				scene.person.messages.map(({ text }) => /nothing to undo|not in an overlap/.test(text)),
				[true, true, true],
			);
		});
	});
});
