import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { trackedAmong, untrack } from "../../extension/env/git-ignore.ts";

describe("git", () => {
	let repository = "";
	const of = (name: string) => vscode.Uri.file(join(repository, name));
	const git = (folder: string, ...args: string[]) =>
		execFileSync("git", args, { cwd: join(repository, folder), encoding: "utf8" });

	beforeEach(async () => {
		repository = await mkdtemp(join(tmpdir(), "env-line-"));
		git("", "init", "--quiet");
	});
	afterEach(() => rm(repository, { recursive: true }));

	it("returns the tracked files of several repositories, whatever their names", async () => {
		await mkdir(join(repository, "inner"));
		const names = [".env", ".env.[a]", ".env.a", ".env.ö", "inner/.env"];
		for (const name of names) await writeFile(of(name).fsPath, "A=1\n");
		git("", "add", "--force", ".env.a", ".env.ö");
		git("inner", "init", "--quiet");
		git("inner", "add", "--force", ".env");
		const tracked = await trackedAmong([...names, ".env.gone", "gone/.env"].map(of));
		assert.deepEqual(
			[...tracked].sort(),
			[".env.a", ".env.ö", "inner/.env"].map((name) => of(name).toString()).sort(),
		);
	});

	it("untracks a file without deleting it", async () => {
		await writeFile(of(".env").fsPath, "A=1\n");
		git("", "add", "--force", ".env");
		await writeFile(of(".env").fsPath, "A=2\n");
		await untrack(of(".env"));
		assert.equal(git("", "ls-files"), "");
		assert.equal(await readFile(of(".env").fsPath, "utf8"), "A=2\n");
		await assert.rejects(untrack(of(".env")), { code: "unreachable" });
	});
});
