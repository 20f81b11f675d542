/** What the commands of a rotation offer to choose from: tokens, answers, and what can be done about an overlap. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import * as vscode from "vscode";
import { rotationCommands } from "../../extension/rotation/rotation-commands.ts";
import { verified } from "../extension/verified.ts";
import { until } from "../workbench/until.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { rotationScene } from "./rotation-scene.ts";

const nowhere = "$(info) No line here: the new secret is stored in SecretStorage";

interface Row extends vscode.QuickPickItem {
	run?(): unknown;
}

describe("what a rotation offers", () => {
	const scene = rotationScene();
	/** The latest list that is shown at once. It is left with Escape. */
	let shown: { title: string; rows: readonly Row[] } | undefined;
	const { showQuickPick } = vscode.window;
	beforeEach(() => {
		shown = undefined;
		const show = async (rows: Row[], { title = "" }: vscode.QuickPickOptions) => {
			shown = { title, rows };
		};
		Object.assign(vscode.window, { showQuickPick: show });
	});
	afterEach(() => void Object.assign(vscode.window, { showQuickPick }));

	const labels = (list?: { rows: readonly Row[] }) => list?.rows.map(({ label }) => label);
	const listed = (count: number) =>
		until("the list has them", () => scene.window.live.tokens.length === count);
	const place = () => basename(scene.window.place);

	async function answering(answers: QuickAnswers, run: () => unknown): Promise<void> {
		try {
			await answers.answer(run);
			assert.equal(answers.left, 0);
		} finally {
			answers.dispose();
		}
	}

	/** With the answers that are offered first. */
	const rotate = () =>
		answering(
			new QuickAnswers("1 hour", "At its deadline", "The same lifetime as before", "Rotate Token"),
			() => scene.run("rotateToken", { id: scene.token.id }),
		);

	it("is a lifetime, that of the token first, and what is chosen last counts", async () => {
		await scene.window.put(".env", `A=${scene.secret}\n`);
		const answers = new QuickAnswers(
			...["1 hour", "At its deadline", "30 days"],
			...["Expires", "7 days", "Rotate Token"],
		);
		await answering(answers, () => scene.run("rotateToken", { id: scene.token.id }));
		const { successorId } = await scene.window.client.getToken(scene.token.id);
		const { expiry } = await scene.window.client.getToken(successorId ?? "");
		assert.equal(Math.round((Date.parse(expiry ?? "") - Date.now()) / 86_400_000), 7);
		const [overlaps, ends, lifetimes, , , summary] = answers.lists;
		assert.deepEqual(labels(overlaps), [
			...["1 hour", "1 day", "3 days", "7 days"].map((words) => `$(history) ${words}`),
			"$(circle-slash) None",
		]);
		assert.deepEqual(labels(ends), [
			"At its deadline",
			"Earlier, when the old secret was not used for 15 minutes",
		]);
		const [first, ...others] = labels(lifetimes) ?? [];
		assert.equal(first, "$(sync) The same lifetime as before");
		assert.equal(others.at(-1), "$(calendar) Exact date and time…");
		assert.match(lifetimes?.rows[0]?.description ?? "", /^until /);
		assert.deepEqual(labels(summary), [
			...["$(check) Rotate Token", "change"],
			...["$(history) Overlap", "$(watch) Overlap ends", "$(calendar) Expires"],
			...["lines that get the new secret", `$(edit) ${place()}/.env:1 (A)`],
		]);
		const [overlap, end, lifetime] = summary?.rows.slice(2).map(({ description = "" }) => description) ?? [];
		assert.match(overlap ?? "", /^1 hour, until /);
		assert.equal(end, "At its deadline");
		assert.match(lifetime ?? "", /^In 7 days: /);
	});

	it("is one of the tokens that can be rotated, and of those in an overlap to undo, end or look at it", async () => {
		await scene.window.create("other");
		const { successor } = await scene.rotated();
		await scene.window.client.updateToken(successor.id, successor.version, { name: "successor" });
		await until("it is renamed", () => scene.window.live.tokens.some(({ name }) => name === "successor"));
		await listed(3);
		const offered: unknown[] = [];
		for (const name of ["rotateToken", "undoRotation", "endOverlap", "showOverlapUse"]) {
			await assert.rejects(scene.run(name, undefined) as Promise<unknown>, vscode.CancellationError);
			offered.push([shown?.title, ...(labels(shown) ?? []).sort()]);
		}
		assert.deepEqual(offered, [
			["Rotate Token", "other", "successor"],
			["Undo Rotation", "orders-api"],
			["End Overlap Now", "orders-api"],
			["Show Use of Old Secret", "orders-api"],
		]);
	});

	it("is to rotate those of the selected tokens that can be, with the others named", async () => {
		await scene.window.live.whenLive();
		const [other, disabled] = [await scene.window.create("other"), await scene.window.create("disabled")];
		await scene.window.client.disableToken(disabled.id);
		await until("it is disabled", () => scene.window.live.tokens.some(({ status }) => status === "disabled"));
		await listed(3);
		const selected = [scene.token, other, disabled].map(({ id }) => ({ id }));
		const answers = new QuickAnswers("1 hour", "At its deadline", "Rotate 2 tokens");
		await answering(answers, () =>
			rotationCommands.rotateToken?.run({ services: scene.services(), argument: selected[0], selected }),
		);
		assert.deepEqual(labels(answers.lists.at(-1))?.slice(-6), [
			...["orders-api", nowhere, "other", nowhere],
			"not rotated: they have ended, are rotated already, or are rotated one by one",
			"$(lock) disabled",
		]);
		assert.equal(shown?.title, "Rotated 2 of 2 Tokens");
		const after = await Promise.all(selected.map(({ id }) => scene.window.client.getToken(id)));
		assert.deepEqual(
			after.map(({ successorId }) => successorId !== null),
			[true, true, false],
		);
	});

	it("is to look at each use of the old secret and each line with it, and to end, undo or finish the rotation", async () => {
		await scene.rotated();
		await scene.window.put(".env.old", `A=1\nB=${scene.secret}\n`);
		await scene.run("showOverlapUse", { id: scene.token.id });
		assert.ok(labels(shown)?.includes("$(pass) The old secret was not used"));
		await verified(scene.window.home.dataDir, scene.secret);
		await scene.run("showOverlapUse", { id: scene.token.id });
		const rows = shown?.rows ?? [];
		assert.match(rows[0]?.label ?? "", /^\$\(clock\) The old secret works until /);
		assert.deepEqual(labels({ rows: rows.slice(1) }), [
			"since the rotation",
			"$(globe) 127.0.0.1, once",
			"lines that still contain it",
			`$(edit) ${place()}/.env.old:2 (B)`,
			"",
			"$(replace) Finish Rotation",
			"$(circle-slash) End Overlap Now…",
			"$(discard) Undo Rotation…",
		]);
		assert.match(rows[2]?.description ?? "", /^last used /);
		await rows[4]?.run?.();
		const { activeTextEditor: editor } = vscode.window;
		assert.equal(basename(editor?.document.fileName ?? ""), ".env.old");
		assert.equal(editor?.selection.active.line, 1);
	});

	it("is said with each command that can fail", () => {
		const titles = Object.entries(rotationCommands).map(([name, { failed }]) => `${name}: ${failed()}`);
		assert.deepEqual(titles, [
			"rotateToken: The token was not rotated.",
			"rotateExpiring: The tokens were not rotated.",
			"undoRotation: The rotation was not undone.",
			"finishRotation: The rotation was not finished.",
			"replaceWithSuccessor: The secret was not replaced.",
			"endOverlap: The overlap has not ended.",
			"showOverlapUse: The use of the old secret could not be loaded.",
		]);
	});

	it("is what is left to do with a token that another window has rotated", async () => {
		const { successor } = await scene.rotated();
		scene.window.kept.delete(`token/${successor.id}`);
		await scene.run("rotateToken", { id: scene.token.id });
		assert.match(
			scene.person.last?.text ?? "",
			/^“orders-api” is already rotated, perhaps in another window: /,
		);
		assert.deepEqual(scene.person.last?.buttons, ["Undo Rotation", "Rotate the Successor"]);
		await scene.window.secrets.store(successor.id, "its secret");
		await scene.window.client.endOverlap(scene.token.id);
		await scene.run("rotateToken", { id: scene.token.id });
		assert.equal(scene.person.last?.text, "“orders-api” is already rotated, and its overlap is over.");
		assert.deepEqual(scene.person.last?.buttons, ["Finish Rotation", "Rotate the Successor"]);
	});

	it("is to open the file of a line that keeps the old secret", async () => {
		await scene.window.put(".env.local", `<<<<<<< HEAD\nB=${scene.secret}\n=======\nB=1\n>>>>>>> x\n`);
		scene.person.answers(/\n$/, "Show Details");
		scene.person.answers(/still contains the old secret/, "Open File");
		await rotate();
		assert.equal(basename(vscode.window.activeTextEditor?.document.fileName ?? ""), ".env.local");
	});

	it("is to save the files that an editor has changed", async () => {
		await scene.window.put(".env", `A=${scene.secret}\n`);
		const editor = await vscode.window.showTextDocument(scene.at(".env"));
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
		scene.person.answers(/has unsaved changes/, "Save Files");
		await rotate();
		assert.equal(await scene.diskOf(".env"), `# mine\nA=${await scene.successorSecret()}\n`);
	});
});
