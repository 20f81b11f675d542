/** The questions about the line for a secret: which file, what Git would do to it, and which key. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import type { Placement } from "../../extension/env/env-steps.ts";
import { askPlacement } from "../../extension/env/place-secret.ts";
import { aToken } from "../extension/a-token.ts";
import { closeEditors } from "./editors.ts";
import { pressEscape, QuickAnswers, type ShownList } from "./quick-answers.ts";

describe("the line for a secret", () => {
	let place = "";
	const token = aToken({ name: "orders-api" });
	const git = (...args: string[]) => execFileSync("git", args, { cwd: place });
	const put = (name: string, content: string) => writeFile(join(place, name), content);
	const file = (name = ".env") => `${basename(place)}/${name}`;
	const labels = (list?: ShownList) => list?.rows.map(({ label }) => label);

	beforeEach(async () => {
		const [folder = assert.fail("no folder is open")] = vscode.workspace.workspaceFolders ?? [];
		place = await mkdtemp(join(folder.uri.fsPath, "questions-"));
		git("init", "--quiet");
		await put(".env", "API_KEY=old\nOTHER=\n");
	});
	afterEach(async () => {
		await closeEditors();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
	});

	async function asked(
		...given: ConstructorParameters<typeof QuickAnswers>
	): Promise<{ placement: Placement; lists: ShownList[] }> {
		const answers = new QuickAnswers(...given);
		let placement: Placement | undefined;
		try {
			await answers.answer(async () => {
				placement = await askPlacement(token);
			});
		} finally {
			answers.dispose();
		}
		assert.equal(answers.left, 0);
		return { placement: placement ?? assert.fail(), lists: answers.lists };
	}

	it("is in a file that Git would publish only after an answer to that", async () => {
		const { placement, lists } = await asked(file(), "Add the file to .gitignore", "OTHER");
		assert.deepEqual(
			[placement.key, placement.gitignore, placement.expected, placement.target.path],
			["OTHER", "add", "", file()],
		);
		const [, question, keys] = lists;
		assert.match(
			question?.question ?? "",
			/^Git does not ignore .*\.env: a commit would publish the secret\.$/,
		);
		assert.deepEqual(labels(question), [
			"$(diff-ignored) Add the file to .gitignore",
			"$(arrow-left) Choose another file",
			"$(warning) Write it there anyway",
		]);
		assert.match(keys?.question ?? "", /^Which key in .*\.env should hold the secret\? Choose one or type/);
		const present = keys?.rows.filter(({ label }) => ["API_KEY", "OTHER"].includes(label));
		assert.deepEqual(
			present?.map(({ label, description }) => [label, description]),
			[
				["OTHER", undefined],
				["API_KEY", "has a value that would be replaced"],
			],
		);
		assert.equal(await readFile(join(place, ".env"), "utf8"), "API_KEY=old\nOTHER=\n");
	});

	it("may be another, of the file and of the key", async () => {
		git("add", "--force", ".env");
		const { placement, lists } = await asked(
			...[file(), "Choose another file", file(), "Write it there anyway"],
			...["API_KEY", "Choose another key", "API_KEY", "Replace the value of API_KEY"],
		);
		assert.deepEqual([placement.gitignore, placement.expected], ["leave", "old"]);
		assert.match(
			lists[1]?.question ?? "",
			/^Git tracks .*\.env: the next commit would publish the secret\.$/,
		);
		// Git goes on tracking a file that is ignored.
		assert.deepEqual(labels(lists[1]), [
			"$(arrow-left) Choose another file",
			"$(warning) Write it there anyway",
		]);
		assert.match(
			lists.at(-1)?.question ?? "",
			/^API_KEY in .*\.env has a value\. It is replaced by the secret\.$/,
		);
	});

	it("needs no answer about a file that Git ignores", async () => {
		await put(".gitignore", ".env\n");
		const { placement, lists } = await asked(file(), "OTHER");
		assert.deepEqual([placement.gitignore, lists.length], ["leave", 2]);
	});

	it("is in no file that can't be written, and the list says why", async () => {
		await put(".env.local", "A=1\n");
		await put(".gitignore", ".env*\n");
		await chmod(join(place, ".env"), 0o444);
		const { placement, lists } = await asked(file(), file(".env.local"), "A", "Replace the value of A");
		assert.equal(placement.target.path, file(".env.local"));
		const shown = lists[0]?.rows.find(({ label }) => label.endsWith(file()));
		assert.equal(shown?.description, "read-only");
		assert.match(
			lists[1]?.question ?? "",
			/\.env is read-only\. Make it writable, or choose another file\.$/,
		);
	});

	it("is in a file that is typed, once for each folder that it can be in", async () => {
		await put(".gitignore", ".env*\n");
		const real = Object.getOwnPropertyDescriptor(vscode.workspace, "workspaceFolders") ?? assert.fail();
		const [first = assert.fail()] = vscode.workspace.workspaceFolders ?? [];
		const second = { ...first, name: "second", index: 1, uri: vscode.Uri.file(place) };
		const open = (...folders: vscode.WorkspaceFolder[]) =>
			Object.defineProperty(vscode.workspace, "workspaceFolders", { ...real, get: () => folders });
		const chosen = async (text: string) => {
			const { placement, lists } = await asked({ text, row: /new-file.*typed$/ }, /API_TOKEN/);
			const rows = lists[0]?.rows.filter(({ label }) => /new-file.*typed$/.test(label));
			return [placement.target.folder.name, ...(rows ?? []).map(({ description }) => description)];
		};
		try {
			open(first);
			assert.deepEqual(await chosen(file(".env.typed")), [first.name, "as typed"]);
			open(first, second);
			assert.deepEqual(await chosen(".env.typed"), [first.name, `in ${first.name}`, "in second"]);
			assert.deepEqual(await chosen("second/.env.typed"), ["second", "in second"]);
		} finally {
			Object.defineProperty(vscode.workspace, "workspaceFolders", real);
		}
	});

	it("is none where the user leaves the questions", async () => {
		await assert.rejects(asked(file(), pressEscape), vscode.CancellationError);
	});
});
