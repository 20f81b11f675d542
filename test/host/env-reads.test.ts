/** Env files as they were last read. */
import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { EnvReads } from "../../extension/env/env-reads.ts";

describe("an env file", () => {
	let folder: string;
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "tokensmith-reads-"));
	});
	afterEach(() => rm(folder, { recursive: true, force: true }));

	it("is read again only after it has changed", async () => {
		const file = join(folder, ".env");
		const uri = vscode.Uri.file(file);
		const long = new Date(Date.now() - 60_000);
		await writeFile(file, "A=ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1\n");
		await utimes(file, long, long);
		const reads = new EnvReads();
		const first = await reads.read(uri);
		assert.deepEqual(
			first?.found.map(({ key }) => key),
			["A"],
		);
		assert.equal(await reads.read(uri), first);
		await writeFile(file, "B=ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1\n");
		const second = await reads.read(uri);
		assert.deepEqual(
			second?.found.map(({ key }) => key),
			["B"],
		);
	});
});
