/** Which env files Git would commit, and the line in .gitignore that keeps one out. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { addToGitignore, gitState, ignoreLine } from "../../extension/env/git-ignore.ts";
import { closeEditors } from "./editors.ts";

describe("git", () => {
	let place = "";
	const at = (name: string) => vscode.Uri.file(join(place, name));
	const bytesOf = (uri: vscode.Uri) => readFile(uri.fsPath, "utf8");
	const put = (name: string, content: string) => writeFile(join(place, name), content);
	const git = (...args: string[]) => execFileSync("git", args, { cwd: place, encoding: "utf8" });

	beforeEach(async () => {
		const [folder = assert.fail("no folder is open")] = vscode.workspace.workspaceFolders ?? [];
		place = await mkdtemp(join(folder.uri.fsPath, "git-"));
		git("init", "--quiet");
	});
	afterEach(async () => {
		await closeEditors();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
	});

	it("distinguishes an ignored file from one that a commit would include", async () => {
		const uri = at(".env");
		assert.equal(await gitState(uri), "not-ignored");
		await put(".gitignore", ".env\n");
		assert.equal(await gitState(uri), "ignored");
		await put(".env", "K=1\n");
		git("add", "--force", ".env");
		assert.equal(await gitState(uri), "tracked");
		assert.equal(await gitState(vscode.Uri.file(join(tmpdir(), ".env"))), "no-repository");
	});

	it("is not confused by names that look like patterns", async () => {
		await put(".env.a", "");
		git("add", ".env.a");
		assert.equal(await gitState(at(".env.[a]")), "not-ignored");
	});

	it("returns unknown if Git cannot be run", async () => {
		assert.equal(await gitState(at("missing/.env")), "unknown");
	});

	it("creates a .gitignore with the mode of other new files", async () => {
		await put("other", "");
		const { ignoreFile } = await addToGitignore(at(".env"));
		assert.equal((await stat(ignoreFile.fsPath)).mode, (await stat(at("other").fsPath)).mode);
	});

	/** Each in a folder of its own: VS Code may mistake two quick writes to one file for a change by another program. */
	async function checkIgnored(
		folder: string,
		name: string,
		content: string,
		expected: string,
	): Promise<void> {
		const ignoreFile = at(join(folder, ".gitignore"));
		const uri = at(join(folder, name));
		await mkdir(join(uri.fsPath, ".."), { recursive: true });
		await put(join(folder, ".gitignore"), content);
		const { saved } = await addToGitignore(uri);
		assert.equal(saved, "saved");
		assert.equal(await bytesOf(ignoreFile), expected);
		assert.equal(await gitState(uri), "ignored");
	}

	it("ignores a file after its line was added, with the file's line ending", async () => {
		for (const _ of ["added", "there already"]) {
			const { saved } = await addToGitignore(at(".env"));
			assert.equal(saved, "saved");
			assert.equal(await bytesOf(at(".gitignore")), "/.env\n");
		}
		await checkIgnored("one", ".env", "node_modules\r\n!.env", "node_modules\r\n!.env\r\n/.env\r\n");
		await checkIgnored("two", "a [b]*/.env", "# c\n", "# c\n/a \\[b]\\*/.env\n");
	});

	it("uses the nearest .gitignore, up to the repository's root", async () => {
		await mkdir(join(place, "one/two"), { recursive: true });
		await put(".gitignore", "");
		await put("one/.gitignore", "x\n");
		const { ignoreFile } = await addToGitignore(at("one/two/.env"));
		assert.equal(ignoreFile.toString(), at("one/.gitignore").toString());
		assert.equal(await bytesOf(ignoreFile), "x\n/two/.env\n");
		assert.equal(await gitState(at("one/two/.env")), "ignored");
	});

	it("writes a pattern for any name", () => {
		const line = (path: string) => ignoreLine(vscode.Uri.file(path), vscode.Uri.file("/r"));
		assert.equal(line("/r/.env"), "/.env");
		assert.equal(line("/r/a\\b?c"), "/a\\\\b\\?c");
		assert.equal(line("/r/#a/!b  "), "/#a/!b\\ \\ ");
		assert.equal(line("/r/a\nb"), "/a?b");
		assert.equal(ignoreLine(vscode.Uri.file("/.env"), vscode.Uri.file("/")), "/.env");
	});
});
