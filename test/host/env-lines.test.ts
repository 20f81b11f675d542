import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { parseEnv } from "../../daemon/env-file/env-text.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import {
	commentOut,
	type KnownLine,
	refusedLines,
	replaceSecrets,
	secretOn,
} from "../../extension/env/env-lines.ts";
import { FileError, type FileErrorCode } from "../../extension/env/file-text.ts";
import { saveChange } from "../../extension/env/workspace-file.ts";
import { closeEditors } from "./editors.ts";

const secret = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";
const successor = "tks_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ab";

let place = "";
let count = 0;

const at = (name: string) => vscode.Uri.file(join(place, name));
const diskOf = (name: string) => readFile(join(place, name), "utf8");

/** Writes the file and returns its lines with the secret. */
async function put(name: string, text: string): Promise<KnownLine[]> {
	await writeFile(join(place, name), text);
	return linesIn(at(name), text);
}

function linesIn(uri: vscode.Uri, text: string): KnownLine[] {
	return parseEnv(text)
		.filter(({ value }) => value === secret)
		.map(({ key, line }) => ({ uri, key, line, hash: hashOf(secret) }));
}

const rotated = (lines: readonly KnownLine[]) => lines.map((line) => ({ line, value: successor }));

async function edit(name: string, position: vscode.Position, text: string): Promise<vscode.TextDocument> {
	const editor = await vscode.window.showTextDocument(at(name));
	await editor.edit((builder) => builder.insert(position, text));
	return editor.document;
}

const top = new vscode.Position(0, 0);

async function checkRefused(lines: readonly KnownLine[], code: FileErrorCode): Promise<void> {
	const [refused] = await refusedLines(lines);
	assert.equal(refused?.error.code, code, refused?.error.message);
	await assert.rejects(replaceSecrets(rotated(lines)), (error) => {
		assert.ok(error instanceof FileError, String(error));
		assert.equal(error.code, code, error.message);
		assert.ok(!error.message.includes("tks_"));
		return true;
	});
}

describe("writing many lines", () => {
	beforeEach(async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, `lines-${++count}`);
		await mkdir(place);
	});

	afterEach(async () => {
		await closeEditors();
		await chmod(place, 0o755);
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
	});

	describe("replacing secrets in many lines", () => {
		it("changes plain, quoted and exported lines, in LF and CRLF, with a byte order mark and repeated keys", async () => {
			const lines = [
				...(await put(".env", `# mine\nA=${secret}\nB="${secret}" # why\n`)),
				...(await put(".env.local", `\uFEFFexport A='${secret}'\r\nX=1\r\nA=${secret}`)),
			];
			const { saved, unsaved, notSaved, refused } = await replaceSecrets(rotated(lines));
			assert.deepEqual([saved.length, unsaved, notSaved, refused], [4, [], [], []]);
			assert.equal(await diskOf(".env"), `# mine\nA=${successor}\nB="${successor}" # why\n`);
			assert.equal(await diskOf(".env.local"), `\uFEFFexport A='${successor}'\r\nX=1\r\nA=${successor}`);
		});

		it("is reverted by one undo", async () => {
			const text = `A=${secret}\nX=1\nB="${secret}"\n`;
			const lines = await put(".env", text);
			const { document } = await vscode.window.showTextDocument(at(".env"));
			await replaceSecrets(rotated(lines));
			assert.equal(document.getText(), text.replaceAll(secret, successor));
			await vscode.commands.executeCommand("undo");
			assert.equal(document.getText(), text);
		});

		it("replaces a secret everywhere in its line, and reports the line once", async () => {
			await writeFile(join(place, "url.env"), `URL=https://x:${secret}@h/?t=${secret}\nURL=${secret}\n`);
			const lines = [1, 2].map((line) => ({ uri: at("url.env"), key: "URL", line, hash: hashOf(secret) }));
			const { saved } = await replaceSecrets(rotated(lines));
			assert.deepEqual(saved, lines);
			assert.equal(
				await diskOf("url.env"),
				`URL=https://x:${successor}@h/?t=${successor}\nURL=${successor}\n`,
			);
		});

		it("finds a line that has moved, and the right one if the value occurs twice", async () => {
			const [, second] = await put(".env", `A=${secret}\nX=1\nY=1\nA=${secret}\n`);
			assert.ok(second);
			await writeFile(at(".env").fsPath, `# new\nA=${secret}\nX=1\nY=1\nA=${secret}\n`);
			await replaceSecrets(rotated([second]));
			assert.equal(await diskOf(".env"), `# new\nA=${secret}\nX=1\nY=1\nA=${successor}\n`);
		});

		it("does not save other unsaved changes", async () => {
			const lines = [...(await put(".env", `A=${secret}\n`)), ...(await put(".env.local", `B=${secret}\n`))];
			const document = await edit(".env", top, "# mine\n");
			const { saved, unsaved } = await replaceSecrets(rotated(lines));
			assert.deepEqual([saved.map(({ key }) => key), unsaved.map(({ key }) => key)], [["B"], ["A"]]);
			assert.equal(document.getText(), `# mine\nA=${successor}\n`);
			assert.equal(await diskOf(".env"), `A=${secret}\n`);
			assert.equal(await diskOf(".env.local"), `B=${successor}\n`);
		});

		it("changes no file if one file cannot be changed", async () => {
			const good = await put(".env", `A=${secret}\n`);
			const conflict = await put(".env.1", `<<<<<<< HEAD\nA=${secret}\n=======\nA=1\n>>>>>>> x\n`);
			await checkRefused([...good, ...conflict], "conflict-markers");
			assert.equal(await diskOf(".env"), `A=${secret}\n`);
		});

		it("changes the others on request, and names those left", async () => {
			const good = await put(".env", `A=${secret}\n`);
			const conflict = await put(".env.1", `<<<<<<< HEAD\nA=${secret}\n=======\nA=1\n>>>>>>> x\n`);
			const written = await replaceSecrets(rotated([...conflict, ...good]), { whenRefused: "leave" });
			assert.deepEqual(written.saved, good);
			assert.deepEqual(
				written.refused.map(({ line, error }) => [line, error.code]),
				conflict.map((line) => [line, "conflict-markers"]),
			);
			assert.equal(await diskOf(".env"), `A=${successor}\n`);
		});

		it("refuses a file that is read-only, deleted, of mixed line endings, or a link to outside", async () => {
			const locked = await put(".env.locked", `A=${secret}\n`);
			await chmod(at(".env.locked").fsPath, 0o444);
			await checkRefused(locked, "read-only");
			const deleted = await put(".env.deleted", `A=${secret}\n`);
			await rm(at(".env.deleted").fsPath);
			await checkRefused(deleted, "deleted");
			await checkRefused(await put(".env.mixed", `A=${secret}\r\nB=1\n`), "mixed-line-endings");
			const outside = await mkdtemp(join(tmpdir(), "env-lines-"));
			await writeFile(join(outside, ".env"), `A=${secret}\n`);
			await symlink(join(outside, ".env"), at(".env.linked").fsPath);
			await checkRefused(linesIn(at(".env.linked"), `A=${secret}\n`), "outside-workspace");
			assert.equal(await readFile(join(outside, ".env"), "utf8"), `A=${secret}\n`);
			await rm(outside, { recursive: true });
		});

		it("refuses a line whose value has changed meanwhile, on disk or in an editor", async () => {
			const onDisk = await put(".env", `A=${secret}\n`);
			await writeFile(at(".env").fsPath, "A=other\n");
			await checkRefused(onDisk, "changed");
			const inEditor = await put(".env.local", `A=${secret}\n`);
			await edit(".env.local", new vscode.Position(0, 2), "x");
			await checkRefused(inEditor, "changed");
			assert.equal(await diskOf(".env"), "A=other\n");
		});

		it("reports as not saved a document that VS Code closed before saving", async () => {
			const save = () => Promise.reject(new Error("Document has been closed"));
			const document = { isDirty: true, uri: at(".env"), save } as unknown as vscode.TextDocument;
			await assert.rejects(saveChange({ document, wasDirty: false }), { code: "not-saved" });
		});

		it("reports the state of each file if one cannot be saved", async () => {
			const files = new FaultyFiles({ "/.env.1": `A=${secret}\n`, "/.env.2": `B=${secret}\n` }, "/.env.1");
			const registration = vscode.workspace.registerFileSystemProvider("faulty", files);
			try {
				const lines = ["/.env.1", "/.env.2"].flatMap((path) => {
					const uri = vscode.Uri.from({ scheme: "faulty", path });
					return linesIn(uri, files.textOf(path));
				});
				const { saved, notSaved } = await replaceSecrets(rotated(lines));
				assert.deepEqual([saved.map(({ key }) => key), notSaved.map(({ key }) => key)], [["B"], ["A"]]);
				assert.equal(files.textOf("/.env.1"), `A=${secret}\n`);
				assert.equal(files.textOf("/.env.2"), `B=${successor}\n`);
				const open = await vscode.workspace.openTextDocument(lines[0]?.uri ?? at(""));
				assert.equal(open.getText(), `A=${successor}\n`);
			} finally {
				await vscode.commands.executeCommand("workbench.action.closeAllEditors");
				registration.dispose();
			}
		});

		it("reads a line's secret only while it is the expected one", async () => {
			const [line] = await put(".env", `A=${secret}\n`);
			assert.ok(line);
			assert.equal(await secretOn(line), secret);
			await assert.rejects(secretOn({ ...line, hash: hashOf("other") }), { code: "changed" });
		});
	});

	describe("commenting lines out", () => {
		it("is a single edit that can be undone", async () => {
			const text = `A=${secret}\nX=1\n  export B="${secret}" # why\n`;
			const lines = await put(".env", text);
			const { document } = await vscode.window.showTextDocument(at(".env"));
			await commentOut(lines);
			assert.equal(await diskOf(".env"), `# A=${secret}\nX=1\n  # export B="${secret}" # why\n`);
			await vscode.commands.executeCommand("undo");
			assert.equal(document.getText(), text);
		});

		it("refuses a line whose value has changed", async () => {
			const lines = await put(".env", `A=${secret}\n`);
			await writeFile(at(".env").fsPath, "A=other\n");
			await assert.rejects(commentOut(lines), { code: "changed" });
		});
	});
});

/** Files in memory, one of which cannot be written. */
class FaultyFiles implements vscode.FileSystemProvider {
	readonly #texts: Map<string, string>;
	readonly #faulty: string;
	readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

	constructor(texts: Record<string, string>, faulty: string) {
		this.#texts = new Map(Object.entries(texts));
		this.#faulty = faulty;
	}

	textOf(path: string): string {
		return this.#texts.get(path) ?? "";
	}

	stat({ path }: vscode.Uri): vscode.FileStat {
		if (!this.#texts.has(path)) throw vscode.FileSystemError.FileNotFound(path);
		return { type: vscode.FileType.File, ctime: 0, mtime: 1, size: this.textOf(path).length };
	}

	readFile({ path }: vscode.Uri): Uint8Array {
		return Buffer.from(this.textOf(path));
	}

	writeFile({ path }: vscode.Uri, content: Uint8Array): void {
		if (path === this.#faulty) throw vscode.FileSystemError.Unavailable("The disk is full");
		this.#texts.set(path, Buffer.from(content).toString());
	}

	watch(): vscode.Disposable {
		return new vscode.Disposable(() => undefined);
	}

	readDirectory(): [string, vscode.FileType][] {
		return [];
	}

	createDirectory(): void {}
	delete(): void {}
	rename(): void {}
}
