/** Rotate Token… and Rotate Expiring Tokens…, with the answers of a user. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { until } from "../workbench/until.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { rotationScene } from "./rotation-scene.ts";

interface Watched extends vscode.Disposable {
	cancellation?: vscode.CancellationToken;
	/** What the progress said. */
	readonly steps: (string | undefined)[];
	results?: { title: string; placeHolder: string; rows: string[] };
}

/** Records the progress and the lists that the extension shows, without changing them. */
function watching(): Watched {
	const { withProgress, showQuickPick } = vscode.window;
	const watched: Watched = {
		steps: [],
		dispose: () => void Object.assign(vscode.window, { withProgress, showQuickPick }),
	};
	Object.assign(vscode.window, {
		withProgress: (options: vscode.ProgressOptions, task: Parameters<typeof withProgress>[1]) =>
			withProgress(options, (progress, cancellation) => {
				watched.cancellation = cancellation;
				const report: typeof progress.report = (step) => {
					watched.steps.push(step.message);
					progress.report(step);
				};
				return task({ report }, cancellation);
			}),
		showQuickPick: (rows: vscode.QuickPickItem[], options: vscode.QuickPickOptions) => {
			const { title = "", placeHolder = "" } = options;
			const words = rows.map(({ label, description }) => `${label}: ${description}`);
			watched.results = { title, placeHolder, rows: words };
			return showQuickPick(rows, options);
		},
	});
	return watched;
}

/** The button of the progress notification. */
async function pressCancel({ cancellation }: Watched): Promise<void> {
	await until("the progress is cancelled", async () => {
		await vscode.commands.executeCommand("notification.acceptPrimaryAction");
		return cancellation?.isCancellationRequested;
	});
}

describe("rotating tokens", () => {
	const scene = rotationScene();

	describe("Finish Rotation", () => {
		it("offers no rotated token whose old secret is on no line", async () => {
			await scene.putFourLines();
			await scene.rotated();
			await assert.rejects(
				scene.run("finishRotation", undefined) as Promise<unknown>,
				vscode.CancellationError,
			);
			assert.match(scene.person.last?.text ?? "", /^No line in the env files here contains the old secret/);
		});

		it("offers one whose old secret is left on a single line", async () => {
			await scene.putFourLines();
			await scene.rotated();
			await scene.window.put(".env.test", `LAST=${scene.secret}\n`);
			await scene.person.presses("enter", scene.run("finishRotation", undefined));
			assert.equal(await scene.diskOf(".env.test"), `LAST=${await scene.successorSecret()}\n`);
		});
	});

	describe("Rotate Token…", () => {
		it("says of a token that can't be rotated what to do instead", async () => {
			const { client, live } = scene.window;
			const refused = async (status: string) => {
				await until(`it is ${status}`, () => live.tokens.some((token) => token.status === status));
				await scene.run("rotateToken", { id: scene.token.id });
				return [scene.person.last?.text, scene.person.last?.buttons];
			};
			await live.whenLive();
			await client.disableToken(scene.token.id);
			assert.deepEqual(await refused("disabled"), [
				"“orders-api” is disabled. Enable it first, then rotate it.",
				["Enable"],
			]);
			await client.revokeToken(scene.token.id);
			assert.deepEqual(await refused("revoked"), [
				"“orders-api” is revoked, which cannot be undone. Create another token.",
				["Create API Token"],
			]);
		});

		it("asks, reports the result, and offers to undo it", async () => {
			await scene.putFourLines();
			// With terminals to open anew, there is more to offer than there is room for.
			scene.person.answers(/^Rotated “orders-api”/, "Show Details");
			const seen = watching();
			await scene.person.presses("enter", scene.run("rotateToken", { id: scene.token.id }));
			seen.dispose();
			assert.deepEqual(seen.steps, [
				"Creating the successor…",
				"Verifying its secret…",
				"Replacing the secret in env files…",
			]);
			await scene.checkFourLines(await scene.successorSecret());
			assert.match(
				scene.person.last?.text ?? "",
				/^Rotated “orders-api”: 4 lines contain the new secret\. The old secret works until /,
			);
			assert.ok(scene.person.last?.buttons.includes("Undo Rotation"));
			assert.ok(!JSON.stringify(scene.person.messages).includes("tks_"));
		});

		it("leaves nothing behind when it is cancelled", async () => {
			await scene.putFourLines();
			await assert.rejects(
				scene.person.presses("escape", Promise.resolve(scene.run("rotateToken", { id: scene.token.id }))),
				vscode.CancellationError,
			);
			await scene.checkFourLines(scene.secret);
			assert.equal((await scene.window.client.getToken(scene.token.id)).successorId, null);
			assert.deepEqual(scene.person.messages, []);
		});

		it("reports a rotation by another window, with the next steps", async () => {
			await scene.rotated();
			await scene.run("rotateToken", { id: scene.token.id });
			assert.match(scene.person.last?.text ?? "", /is already rotated/);
			assert.deepEqual(scene.person.last?.buttons, ["Finish Rotation", "Show Details"]);
		});

		it("reports a rotation by another window during the questions", async () => {
			const racing = scene.daemonThat({
				async rotateToken(id, request) {
					const theirs = await scene.window.client.rotateToken(id, request);
					await scene.window.secrets.store(theirs.id, theirs.token);
					return await scene.window.client.rotateToken(id, request);
				},
			});
			await scene.person.presses("enter", scene.run("rotateToken", { id: scene.token.id }, racing));
			assert.match(scene.person.last?.text ?? "", /is already rotated, perhaps in another window/);
		});

		it("names the files with the old and the new secret when one has unsaved changes", async () => {
			await scene.window.put(".env", `A=${scene.secret}\n`);
			const editor = await vscode.window.showTextDocument(scene.at(".env"));
			await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
			await scene.person.presses("enter", scene.run("rotateToken", { id: scene.token.id }));
			assert.equal(editor.document.getText(), `# mine\nA=${await scene.successorSecret()}\n`);
			assert.equal(await scene.diskOf(".env"), `A=${scene.secret}\n`);
			assert.match(scene.person.last?.text ?? "", /rotation-\d+\/\.env has unsaved changes/);
			assert.ok(scene.person.last?.buttons.includes("Save Files"));
		});

		it("shows what to do first with a disabled or revoked token", async () => {
			await scene.window.client.disableToken(scene.token.id);
			await scene.run("rotateToken", { id: scene.token.id });
			assert.deepEqual(scene.person.last?.buttons, ["Enable"]);
			await scene.window.client.revokeToken(scene.token.id);
			await scene.run("rotateToken", { id: scene.token.id });
			assert.deepEqual(scene.person.last?.buttons, ["Create API Token"]);
		});
	});

	describe("Rotate Expiring Tokens…", () => {
		const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

		/** The row for tokens that expire within two hours. The end of a month is a choice too, which may come before. */
		function soonest(): RegExp {
			const isThisMonth = new Date(inDays(2 / 24)).getMonth() === new Date().getMonth();
			return isThisMonth ? /^(Within 1 day|This month)$/ : /^Within 1 day$/;
		}

		it("rotates the tokens that expire within the chosen time, with their lines", async () => {
			const soon = await scene.window.create("soon", { expiry: inDays(0.05) });
			const other = await scene.window.create("other", { expiry: inDays(0.07) });
			await scene.window.put(".env", `A=${soon.token}\nC=${scene.secret}\n`);
			const seen = watching();
			const answers = new QuickAnswers(soonest(), "soon", "1 hour", "At its deadline", "Rotate 2 tokens");
			try {
				const running = scene.run("rotateExpiring", undefined) as Promise<unknown>;
				await answers.answer(() => until("the outcomes are listed", () => seen.results !== undefined));
				await scene.person.presses("escape", running);
			} finally {
				answers.dispose();
				seen.dispose();
			}
			assert.equal(seen.results?.title, "Rotated 2 of 2 Tokens");
			const rows = answers.lists.map(({ rows }) => rows.map(({ label }) => label));
			assert.deepEqual(rows[1], ["soon", "other"]);
			const place = scene.window.place.split("/").at(-1);
			assert.deepEqual(rows.at(-1), [
				"$(check) Rotate 2 tokens",
				...["change", "$(history) Overlap", "$(watch) Overlap ends", "$(calendar) Expires"],
				...["soon", `$(edit) ${place}/.env:1 (A)`],
				...["other", "$(info) No line here: the new secret is stored in SecretStorage"],
			]);
			const [A = "", C] = (await scene.diskOf(".env")).split("\n");
			const { successorId, retiresDate, lastModifiedDate } = await scene.window.client.getToken(soon.id);
			assert.equal(Date.parse(retiresDate ?? "") - Date.parse(lastModifiedDate), 3_600_000);
			assert.equal(A, `A=${scene.keptSecret(successorId ?? "")}`);
			assert.equal(C, `C=${scene.secret}`);
			assert.notEqual((await scene.window.client.getToken(other.id)).successorId, null);
			assert.equal((await scene.window.client.getToken(scene.token.id)).successorId, null);
		});

		it("finishes the current token when it is cancelled, starts no other, and lists the outcomes", async () => {
			const tokens: CreatedToken[] = [];
			for (const days of [0.03, 0.05, 0.07])
				tokens.push(await scene.window.create(`due in ${days}`, { expiry: inDays(days) }));
			const [first, second, third] = tokens;
			assert.ok(first && second && third);
			await scene.window.put(".env", `A=${first.token}\nB=${second.token}\nC=${third.token}\n`);
			const seen = watching();
			const cancelling = scene.daemonThat({
				async rotateToken(id, request) {
					if (id === second.id) await pressCancel(seen);
					return await scene.window.client.rotateToken(id, request);
				},
			});
			const answers = new QuickAnswers(
				soonest(),
				"due in 0.03",
				"1 hour",
				"At its deadline",
				"Rotate 3 tokens",
			);
			try {
				const running = scene.run("rotateExpiring", undefined, cancelling) as Promise<unknown>;
				await answers.answer(() => until("the outcomes are listed", () => seen.results !== undefined));
				await scene.person.presses("escape", running);
			} finally {
				answers.dispose();
				seen.dispose();
			}
			const records = await Promise.all(tokens.map(({ id }) => scene.window.client.getToken(id)));
			const fresh = records.map(({ successorId }) => scene.keptSecret(successorId ?? "") ?? "none");
			assert.equal(fresh.lastIndexOf("none"), 2);
			assert.equal(await scene.diskOf(".env"), `A=${fresh[0]}\nB=${fresh[1]}\nC=${third.token}\n`);
			assert.deepEqual(seen.results, {
				title: "Rotated 2 of 3 Tokens",
				placeHolder: "Press Enter on an unfinished token to continue with it.",
				rows: [
					"$(warning) Cancelled: 1 token not started: undefined",
					"$(pass) due in 0.03: rotated, 1 line",
					"$(pass) due in 0.05: rotated, 1 line",
				],
			});
		});

		it("shows a message when no token expires", async () => {
			await scene.window.client.revokeToken(scene.token.id);
			await scene.window.create("endless", { expiry: null });
			await scene.run("rotateExpiring", undefined);
			assert.match(scene.person.last?.text ?? "", /No API token expires/);
		});
	});
});
