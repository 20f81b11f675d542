/** Env files in VS Code: found, read and written, with undo, unsaved changes, modes, links and what is refused. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmod, link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import {
	envFileAt,
	exampleTextFor,
	findEnvFiles,
	readEnvFile,
	refusalToWrite,
	type WriteOptions,
	writeEnvValue,
} from "../../extension/env/env-files.ts";
import { problemWith } from "../../extension/env/env-steps.ts";
import { keysMissingFrom } from "../../extension/env/example-keys.ts";
import { FileError, type FileErrorCode } from "../../extension/env/file-text.ts";
import { until } from "../workbench/until.ts";
import { closeEditors } from "./editors.ts";

let folder: vscode.WorkspaceFolder;
/** A new folder in the workspace for each test. */
let place = "";
let count = 0;

/** To be called in each `describe`: a hook outside of one would run for the tests of every file. */
function inNewFolders(): void {
	beforeEach(async () => {
		[folder = assert.fail("no folder is open")] = vscode.workspace.workspaceFolders ?? [];
		place = join(folder.uri.fsPath, `place-${++count}`);
		await mkdir(place);
	});
	afterEach(async () => {
		await closeEditors();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
	});
}

async function put(name: string, content: string | Uint8Array): Promise<vscode.Uri> {
	await writeFile(join(place, name), content);
	return at(name);
}

const at = (name: string) => vscode.Uri.file(join(place, name));
const bytesOf = (uri: vscode.Uri) => readFile(uri.fsPath, "utf8");
const modeOf = async (uri: vscode.Uri) => (await stat(uri.fsPath)).mode & 0o777;

async function checkWrite(content: string, expected: string): Promise<void> {
	const uri = await put(".env", content);
	assert.equal(await writeEnvValue(uri, "K", "new"), "saved");
	assert.equal(await bytesOf(uri), expected);
	await rm(uri.fsPath);
	place = `${place}-`;
	await mkdir(place);
}

async function checkRefused(uri: vscode.Uri, code: FileErrorCode, options?: WriteOptions): Promise<string> {
	let message = "";
	await assert.rejects(writeEnvValue(uri, "K", "new", options), (error) => {
		assert.ok(error instanceof FileError, String(error));
		assert.equal(error.code, code, error.message);
		message = error.message;
		return true;
	});
	return message;
}

describe("writing into an env file", () => {
	inNewFolders();

	it("changes one line and keeps every other byte", async () => {
		await checkWrite("# c\r\nexport K='old' # c\r\nB=2", "# c\r\nexport K='new' # c\r\nB=2");
		await checkWrite("\uFEFFA=1  \nK=old\nB=2\t\n\n\n", "\uFEFFA=1  \nK=new\nB=2\t\n\n\n");
		await checkWrite("A=é漢字😀", "A=é漢字😀\nK=new\n");
		await checkWrite("A=1\r\n", "A=1\r\nK=new\r\n");
		await checkWrite("", "K=new\n");
	});

	it("creates a missing file that only the user can read", async () => {
		const uri = at(".env");
		assert.equal(await writeEnvValue(uri, "K", "new"), "saved");
		assert.equal(await bytesOf(uri), "K=new\n");
		assert.equal(await modeOf(uri), 0o600);
	});

	it("keeps the file's mode", async () => {
		const uri = await put(".env", "K=old\n");
		for (const mode of [0o600, 0o640, 0o644]) {
			await chmod(uri.fsPath, mode);
			await writeEnvValue(uri, "K", `new${mode}`);
			assert.equal(await modeOf(uri), mode);
		}
	});

	it("keeps every other name of the file", async () => {
		const uri = await put(".env", "K=old\n");
		await link(uri.fsPath, join(place, "other"));
		await writeEnvValue(uri, "K", "new");
		assert.equal(await readFile(join(place, "other"), "utf8"), "K=new\n");
	});

	it("can be undone", async () => {
		const uri = await put(".env", "K=old\n");
		await vscode.window.showTextDocument(uri);
		await writeEnvValue(uri, "K", "new");
		const document = await vscode.workspace.openTextDocument(uri);
		assert.equal(document.getText(), "K=new\n");
		await vscode.commands.executeCommand("undo");
		assert.equal(document.getText(), "K=old\n");
	});

	it("can be undone, which leaves no text in a created file", async () => {
		const uri = at(".env");
		await writeEnvValue(uri, "K", "new");
		const { document } = await vscode.window.showTextDocument(uri);
		await vscode.commands.executeCommand("undo");
		await until("the text is gone", async () => document.getText() === "");
	});

	it("keeps unsaved changes and does not save them", async () => {
		const uri = await put(".env", "A=1\nK=old\n");
		const editor = await vscode.window.showTextDocument(uri);
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
		assert.equal(await readEnvFile(uri), "# mine\nA=1\nK=old\n");
		assert.equal(await writeEnvValue(uri, "K", "new"), "unsaved");
		assert.equal(editor.document.getText(), "# mine\nA=1\nK=new\n");
		assert.equal(await bytesOf(uri), "A=1\nK=old\n");
	});

	it("saves a file that is open in an editor without changes", async () => {
		const uri = await put(".env", "K=old\n");
		const { document } = await vscode.window.showTextDocument(uri);
		assert.equal(await writeEnvValue(uri, "K", "new"), "saved");
		assert.equal(document.isDirty, false);
		assert.equal(await bytesOf(uri), "K=new\n");
	});

	it("writes to a file that another program has just written", async () => {
		const uri = await put(".env", "K=old\n");
		await writeEnvValue(uri, "K", "first");
		await writeFile(uri.fsPath, "# theirs\nK=first\n");
		await writeEnvValue(uri, "K", "second");
		assert.equal(await bytesOf(uri), "# theirs\nK=second\n");
	});

	it("writes the same value again without a change", async () => {
		const uri = await put(".env", "K=new");
		const { mtimeMs } = await stat(uri.fsPath);
		assert.equal(await writeEnvValue(uri, "K", "new"), "saved");
		assert.equal((await stat(uri.fsPath)).mtimeMs, mtimeMs);
	});

	it("creates the file again after it was deleted", async () => {
		const uri = at(".env");
		await writeEnvValue(uri, "K", "first");
		await rm(uri.fsPath);
		await writeEnvValue(uri, "K", "second");
		assert.equal(await bytesOf(uri), "K=second\n");
		assert.equal(await modeOf(uri), 0o600);
	});
});

describe("an env file that cannot be written", () => {
	inNewFolders();

	it("is a folder", async () => {
		await mkdir(join(place, ".env"));
		await checkRefused(at(".env"), "is-folder");
	});

	it("is read-only, or its folder is", async () => {
		const uri = await put(".env", "K=old\n");
		await chmod(uri.fsPath, 0o444);
		await checkRefused(uri, "read-only");
		assert.equal(await bytesOf(uri), "K=old\n");
		await chmod(place, 0o555);
		await checkRefused(at(".env.new"), "read-only");
		await chmod(place, 0o755);
	});

	it("is an example", async () => {
		for (const name of [
			".env.example",
			".env.sample",
			".env.template",
			".env.dist",
			".env.schema",
			".env.example.local",
		])
			await checkRefused(await put(name, "K=\n"), "read-only");
		const written = writeEnvValue(await put(".env.example", "K=\n"), "K", "v");
		await assert.rejects(written, {
			message: /^\S+\.env\.example is an example file .* Choose another file\.$/,
		});
	});

	it("was deleted while a caller or an editor relied on it", async () => {
		await checkRefused(at(".env"), "deleted", { missing: "refuse" });
		const uri = await put(".env", "K=old\n");
		const editor = await vscode.window.showTextDocument(uri);
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# mine\n"));
		await rm(uri.fsPath);
		await checkRefused(uri, "deleted");
	});

	it("was changed after the user answered", async () => {
		const uri = await put(".env", "K=other\n");
		await checkRefused(uri, "changed", { expected: "old" });
		await checkRefused(uri, "changed", { expected: null });
		assert.equal(await bytesOf(uri), "K=other\n");
		assert.equal(await writeEnvValue(uri, "K", "new", { expected: "other" }), "saved");
		assert.equal(await writeEnvValue(uri, "L", "new", { expected: null }), "saved");
		await checkRefused(at(".env.missing"), "changed", { expected: "old" });
	});

	it("contains text that VS Code would not preserve", async () => {
		await checkRefused(await put(".env", "A=1\r\nK=old\nB=2\r\n"), "mixed-line-endings");
		await checkRefused(await put(".env.1", Buffer.from([0x4b, 0x3d, 0xe9, 0x0a])), "not-text");
		await checkRefused(await put(".env.2", "K=\0\n"), "not-text");
		await checkRefused(await put(".env.3", "A=1\n".repeat(300_000)), "too-large");
	});

	it("has conflict markers, an invalid key, or a value that a line cannot represent", async () => {
		const uri = await put(".env", "<<<<<<< HEAD\nK=1\n=======\nK=2\n>>>>>>> x\n");
		assert.match(await checkRefused(uri, "conflict-markers"), /place-\d+\/\.env: .*Resolve the conflict/);
		await assert.rejects(writeEnvValue(at(".env.1"), "1K", "new"), { code: "key-invalid" });
		await assert.rejects(writeEnvValue(at(".env.1"), "K", "a\nb"), { code: "value-not-representable" });
		await assert.rejects(stat(at(".env.1").fsPath), { code: "ENOENT" });
	});

	it("is a link out of the workspace folder, unless allowed", async () => {
		const outside = await mkdtemp(join(tmpdir(), "env-files-"));
		const target = join(outside, "secret.env");
		await writeFile(target, "K=old\n");
		await symlink(target, join(place, ".env"));
		await symlink(join(outside, "nothing"), join(place, ".env.dangling"));
		await symlink(outside, join(place, "linked"));
		assert.ok((await checkRefused(at(".env"), "outside-workspace")).includes(target));
		await checkRefused(at(".env.dangling"), "outside-workspace");
		await checkRefused(at("linked/.env.new"), "outside-workspace");
		const [folder = assert.fail()] = vscode.workspace.workspaceFolders ?? [];
		const problemAt = async (name: string) => await problemWith(await envFileAt(at(name), folder));
		for (const name of [".env", ".env.dangling", "linked/.env.new"])
			assert.match((await problemAt(name)) ?? "", /is a link that points outside/);
		assert.equal(await problemAt(".env.new"), undefined);
		assert.equal(await readFile(target, "utf8"), "K=old\n");
		assert.equal(await writeEnvValue(at(".env"), "K", "new", { links: "anywhere" }), "saved");
		assert.equal(await readFile(target, "utf8"), "K=new\n");
		await rm(outside, { recursive: true });
	});

	it("is a device, a pipe or a socket, which the message names", async () => {
		await symlink("/dev/zero", join(place, ".env"));
		execFileSync("mkfifo", [join(place, ".env.pipe")]);
		const server = createServer().listen(join(place, ".env.socket"));
		await once(server, "listening");
		for (const [name, words] of [
			[".env", /is a device/],
			[".env.pipe", /is a named pipe/],
			[".env.socket", /is a socket/],
		] as const) {
			await assert.rejects(readEnvFile(at(name)), { code: "not-text", message: words });
			// A link to a device leads out of the folder, which is refused first.
			if (name !== ".env") assert.match(await checkRefused(at(name), "not-text"), words);
		}
		server.close();
	});

	it("is UTF-16 text or binary, which the message tells", async () => {
		const text = Buffer.from("\uFEFFK=old\n", "utf16le");
		assert.match(await checkRefused(await put(".env", text), "not-text"), /UTF-16 text.*UTF-8/);
		assert.match(await checkRefused(await put(".env.be", text.swap16()), "not-text"), /UTF-16 text/);
		assert.match(await checkRefused(await put(".env.nul", "K=\0\n"), "not-text"), /NUL characters/);
	});

	it("is of a form that is not written, or is no JSON", async () => {
		assert.match(
			await checkRefused(await put(".env.yaml", "K: old\n"), "form-not-written"),
			/KEY=value and JSON/,
		);
		assert.match(await checkRefused(await put(".env.json", "K=old\n"), "not-json"), /not a JSON object/);
		assert.match(refusalToWrite("K: old\n", at(".env.yaml")) ?? "", /\.env\.yaml: Only env files/);
		assert.match(refusalToWrite("A=1\\\nK=\n", at(".env"), "K") ?? "", /joins the line of K to line 1/);
		assert.equal(refusalToWrite("A=1\\\nK=\n", at(".env")), undefined);
		await writeEnvValue(await put(".env.local.json", '{"K":"old"}'), "K", "new");
		assert.equal(await bytesOf(at(".env.local.json")), '{"K":"new"}');
	});

	it("is a link to itself", async () => {
		await symlink(".env.loop", join(place, ".env.loop"));
		await checkRefused(at(".env.loop"), "unreachable");
	});

	it("may be a link to a file in the workspace folder", async () => {
		await put("real.env", "K=old\n");
		await symlink("real.env", join(place, ".env"));
		await writeEnvValue(at(".env"), "K", "new");
		assert.equal(await bytesOf(at("real.env")), "K=new\n");
		assert.ok((await readFile(join(place, ".env"), "utf8")) === "K=new\n");
	});
});

describe("finding env files", () => {
	inNewFolders();

	const patterns = ["**/.env", "**/.env.*"];
	const found = async () => (await findEnvFiles(patterns)).map(({ path, state }) => `${path} ${state}`);

	it("offers each folder a new .env and its existing files, without examples and dependencies", async () => {
		const { length } = folder.uri.fsPath;
		const within = place.slice(length + 1);
		for (const name of [".env", ".env.local", ".env.example", "a.env", ".envrc"]) await put(name, "");
		for (const name of ["node_modules", "dist", ".git", "deep"]) await mkdir(join(place, name));
		for (const name of ["node_modules", "dist", ".git", "deep"]) await put(join(name, ".env"), "");
		await chmod(at("deep/.env").fsPath, 0o444);
		assert.deepEqual(await found(), [
			".env new",
			`${within}/.env present`,
			`${within}/.env.local present`,
			`${within}/deep/.env read-only`,
		]);
	});

	it("finds only the new file without patterns, and each file once", async () => {
		assert.deepEqual((await findEnvFiles([])).length, 1);
		await put(".env", "");
		assert.equal((await findEnvFiles(["**/.env", "**/.env", "**/.e*"])).length, 2);
	});

	it("reads the example next to a file, preferring its own", async () => {
		assert.equal(await exampleTextFor(at(".env")), "");
		assert.equal(await exampleTextFor(at("missing/.env")), "");
		await put(".env.sample", "SAMPLE=\n");
		await put(".env.local.example", "LOCAL=\n");
		assert.equal(await exampleTextFor(at(".env")), "SAMPLE=\n");
		await put(".env.example", "EXAMPLE=\n");
		assert.equal(await exampleTextFor(at(".env")), "EXAMPLE=\n");
		assert.equal(await exampleTextFor(at(".env.local")), "LOCAL=\n");
	});

	it("lists the keys that its examples and schema have and it lacks, and writes to none of them", async () => {
		const example = "# For billing\nBILLING_TOKEN=changeme\nPORT=80\nDONE=\n";
		await put(".env.example", example);
		await put(".env.schema", "# @required @sensitive\nAUDIT=\nBILLING_TOKEN=\n");
		await put(".env.local.example", "LOCAL=\n");
		await put(".env", "BILLING_TOKEN=changeme\nPORT=80\nDONE=1\n");
		const keys = await keysMissingFrom(at(".env"));
		assert.deepEqual(
			keys.map(({ key, isSensitive, isRequired, source }) => [
				key,
				isSensitive,
				isRequired,
				basename(source.path),
			]),
			[
				["BILLING_TOKEN", true, true, ".env.example"],
				["AUDIT", true, true, ".env.schema"],
			],
		);
		assert.equal(keys[0]?.description, "For billing");
		await checkRefused(at(".env.schema"), "read-only");
		assert.equal(await bytesOf(at(".env.example")), example);
	});

	it("reads a missing file as empty", async () => {
		assert.equal(await readEnvFile(at(".env")), "");
	});
});
