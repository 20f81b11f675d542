import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import type { Client } from "../../extension/daemon/client.ts";
import { daemonCommands } from "../../extension/daemon/daemon-commands.ts";
import { LiveTokens } from "../../extension/daemon/live-tokens.ts";
import { Bindings, openLine } from "../../extension/env/bindings.ts";
import { IgnoredSecrets } from "../../extension/env/ignored-secrets.ts";
import { policyFromSettings } from "../../extension/settings.ts";
import { DaemonHome } from "../extension/daemon-home.ts";
import { until } from "../workbench/until.ts";
import { closeEditors, set } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { secretsIn } from "./secrets.ts";

const unknown = "ghp_R4nD0mQx7ZkPw3LsVb9TyUe2HcJfGa6NmXo1";

describe("bindings", () => {
	let home: DaemonHome;
	let client: Client;
	let live: LiveTokens;
	let ignored: IgnoredSecrets;
	let bindings: Bindings;
	let token: CreatedToken;
	let secret = "";
	let place = "";
	const logged: string[] = [];

	before(async () => {
		home = await DaemonHome.make(vscode.extensions.getExtension("tokensmith.tokensmith")?.extensionPath);
		client = await home.window().client();
		token = await client.createToken({ name: "orders-api", permissions: ["api.api-tokens.read"] });
		secret = token.token;
	});
	after(() => home.close());

	beforeEach(async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		place = join(folder.uri.fsPath, "bindings");
		await mkdir(place);
		const none = new vscode.EventEmitter<void>();
		const log = { info: () => {}, warn: (message: string) => void logged.push(message) };
		const daemon = home.window();
		live = new LiveTokens({ daemon, policy: policyFromSettings, onDidChangePolicy: none.event, log });
		ignored = new IgnoredSecrets({ memory: memoryOf(), storage: secretsIn(new Map()), log });
		bindings = new Bindings({ live, daemon, ignored, log });
	});

	afterEach(async () => {
		bindings.dispose();
		ignored.dispose();
		live.dispose();
		await closeEditors();
		await rm(place, { recursive: true, force: true, maxRetries: 10 });
		assert.deepEqual(logged.splice(0), []);
	});

	const at = (name: string) => vscode.Uri.file(join(place, name));
	const put = (name: string, content: string | Uint8Array) => writeFile(join(place, name), content);
	const words = () => bindings.linesOf(token.id).map((line) => line.words);

	it("are found by the value, under any key, in quotes, beside letters, and more than once", async () => {
		await put(".env", `# ${secret}\nA=1\nexport B="${secret}"\nC=${secret}x\n`);
		await put(".env.local", `\nD=${secret} # mine\n`);
		await put(".env.example", `A=${secret}\n`);
		await bindings.whenReady();
		assert.deepEqual(words(), ["bindings/.env:3 (B)", "bindings/.env:4 (C)", "bindings/.env.local:2 (D)"]);
	});

	it("are found in other files once the setting names those, and only there", async () => {
		await put(".env", `A=${secret}\n`);
		await put("service.conf", `B=${secret}\n`);
		await bindings.whenReady();
		assert.deepEqual(words(), ["bindings/.env:1 (A)"]);
		try {
			await set("envFiles.patterns", ["**/*.conf"]);
			await until("the other file is read", () => words().join() === "bindings/service.conf:1 (B)");
		} finally {
			await set("envFiles.patterns", undefined);
		}
		await until("the first file is read again", () => words().join() === "bindings/.env:1 (A)");
	});

	it("are one for a line that contains the secret several times", async () => {
		await put(".env", `URL=https://x:${secret}@h/?t=${secret}\nA=${secret}\n`);
		await bindings.whenReady();
		assert.deepEqual(words(), ["bindings/.env:1 (URL)", "bindings/.env:2 (A)"]);
		const [first] = bindings.linesIn(at(".env"));
		assert.equal(first?.range.start.character, "URL=https://x:".length);
	});

	it("are not reported as complete while the daemon is unreachable", async () => {
		await put(".env", `A=${secret}\n`);
		let looks = 0;
		const away = new Proxy(live, {
			get(target, name) {
				if (name === "whenLive") looks += 1;
				if (name === "state" && looks < 2) return "connecting";
				const own: unknown = Reflect.get(target, name, target);
				return typeof own === "function" ? own.bind(target) : own;
			},
		});
		const log = { warn: (message: string) => void logged.push(message) };
		const others = new Bindings({ live: away, daemon: home.window(), ignored, log });
		try {
			await others.whenReady();
			assert.equal(others.linesOf(token.id).length, 1);
		} finally {
			others.dispose();
		}
	});

	it("resolves for every caller, even while each change makes others wait again", async () => {
		await put(".env", `API_TOKEN=${secret}\n`);
		let more = 20;
		const others: Promise<void>[] = [];
		const listener = bindings.onDidChange(() => {
			for (const _ of [1, 2]) if (more-- > 0) others.push(bindings.whenReady());
		});
		await Promise.all([bindings.whenReady(), bindings.whenReady()]);
		while (others.length > 0) await others.pop();
		listener.dispose();
	});

	it("give the value's range in the text, without its quotes", async () => {
		const text = `A=1\r\nexport B = '${secret}' # mine\r\nC=\`${secret}\``;
		await put(".env", text);
		await bindings.whenReady();
		const document = await vscode.workspace.openTextDocument(at(".env"));
		const lines = bindings.linesIn(at(".env"));
		assert.deepEqual(
			lines.map(({ key }) => key),
			["B", "C"],
		);
		for (const { range, hash } of lines) {
			assert.equal(document.getText(range), secret);
			assert.equal(hash, hashOf(secret));
		}
	});

	it("are found in commented-out lines, which are not bindings of the token unless they are within quotes", async () => {
		await put(".env", `#A=${secret}\n  ## export B='${secret}'\n# see ${secret}\nX="\n# C=${secret}\n"\n`);
		await bindings.whenReady();
		const lines = bindings
			.linesIn(at(".env"))
			.map(({ key, line, commented, tokenId }) => [key, line, commented, tokenId === token.id]);
		assert.deepEqual(lines, [
			["A", 1, true, true],
			["B", 2, true, true],
			["…", 3, true, true],
			["X", 5, false, true],
		]);
		assert.deepEqual(words(), ["bindings/.env:5 (X)"]);
	});

	it("contain no value", async () => {
		await put(".env", `A=${secret}\n# B=${unknown}\n`);
		await bindings.whenReady();
		assert.equal(bindings.linesIn(at(".env")).length, 2);
		for (const text of [secret, unknown])
			assert.ok(!JSON.stringify([bindings.files, bindings.linesIn(at(".env"))]).includes(text));
	});

	it("are listed by env file, including files without lines", async () => {
		for (const name of ["node_modules", "deep", "deep/dist"]) await mkdir(join(place, name));
		for (const name of [".env", "node_modules/.env", "deep/.env.test", "deep/dist/.env", ".env.sample"])
			await put(name, "A=1\n");
		await bindings.whenReady();
		const files = bindings.files.filter(({ fileName }) => fileName.startsWith("bindings"));
		assert.deepEqual(
			files.map(({ fileName, folder, lines }) => [fileName, folder.name, lines.length]),
			[
				["bindings/.env", "orders-service", 0],
				["bindings/deep/.env.test", "orders-service", 0],
			],
		);
	});

	it("are empty for a file that is not text, whose entry says so", async () => {
		await put(".env", Buffer.from([0, 1, 2, 0xff]));
		await bindings.whenReady();
		assert.deepEqual(words(), []);
		assert.match(
			bindings.files.find(({ uri }) => uri.path === at(".env").path)?.problem ?? "",
			/not UTF-8 text/,
		);
	});

	it("are found in an editor with unsaved changes, at their current position", async () => {
		await put(".env", "A=1\n");
		await bindings.whenReady();
		const editor = await vscode.window.showTextDocument(at(".env"));
		await until("the editor shows the file", () => editor.document.getText() === "A=1\n");
		await until("the line is found", async () => {
			// The editor may still be about to load the disk's content, which would discard the change.
			if (!editor.document.isDirty)
				await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), `B=${secret}\n`));
			return words()[0] === "bindings/.env:2 (B)";
		});
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# one more\n"));
		assert.equal(bindings.linesIn(at(".env"))[0]?.line, 3);
		assert.equal(await readFile(at(".env").fsPath, "utf8"), "A=1\n");
	});

	it("are those on disk again after an editor is closed without saving", async () => {
		await put(".env", "A=1\n");
		const editor = await vscode.window.showTextDocument(at(".env"));
		await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), `B=${secret}\n`));
		await bindings.whenReady();
		assert.equal(words().length, 1);
		await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
		await until("the line is gone", () => words().length === 0);
	});

	it("follow changes of files and folders by other programs", async () => {
		await bindings.whenReady();
		await put(".env", `A=${secret}\n`);
		await until("a new file is found", () => words()[0] === "bindings/.env:1 (A)");
		await put(".env", `# moved\nA=${secret}\n`);
		await until("a change is seen", () => words()[0] === "bindings/.env:2 (A)");
		await rename(at(".env").fsPath, at(".env.old").fsPath);
		await until("the new name is seen", () => words().join() === "bindings/.env.old:2 (A)");
		await rm(place, { recursive: true });
		await until("deleting a folder removes its lines", () => words().length === 0);
	});

	it("include a folder that appears with its content, or is filled faster than it can be watched", async () => {
		await bindings.whenReady();
		const elsewhere = await mkdtemp(join(tmpdir(), "tokensmith-arrival-"));
		await mkdir(join(elsewhere, "deep", "er"), { recursive: true });
		await writeFile(join(elsewhere, "deep", "er", ".env"), `A=${secret}\n`);
		await cp(elsewhere, join(place, "copied"), { recursive: true });
		await until("the copy is found", () => words().includes("bindings/copied/deep/er/.env:1 (A)"));
		await rename(join(place, "copied"), join(place, "moved"));
		await until(
			"it is found where it was moved to",
			() => words().join() === "bindings/moved/deep/er/.env:1 (A)",
		);
		await rm(elsewhere, { recursive: true });
	});

	it("include a file that is created in a nested folder long after the folder", async () => {
		await bindings.whenReady();
		const folders = Array.from({ length: 8 }, (_, index) => `new-${index}/in/side`);
		const seen = new Promise<void>((resolve) => bindings.onDidChange(resolve));
		await Promise.all(folders.map((folder) => mkdir(at(folder).fsPath, { recursive: true })));
		await seen;
		await bindings.whenReady();
		await Promise.all(folders.map((folder) => put(`${folder}/.env`, `A=${secret}\n`)));
		const expected = folders.map((folder) => `bindings/${folder}/.env:1 (A)`).join();
		await until("all files are found", () => words().join() === expected);
		await put("new-3/in/side/.env", `\nA=${secret}\n`);
		await until("a change is seen", () => words()[3] === "bindings/new-3/in/side/.env:2 (A)");
		await rm(at("new-0").fsPath, { recursive: true });
		await until("a deletion is seen", () => words().length === folders.length - 1);
	});

	for (const [name, notice] of Object.entries({
		opened: async (uri: vscode.Uri) => void (await vscode.workspace.openTextDocument(uri)),
		refreshed: async () =>
			void (await daemonCommands.refresh?.run({ services: { bindings, live } } as never)),
	}))
		it(`include a file that is not reported by the watcher once it is ${name}`, async () => {
			// VS Code searches linked folders, but does not watch them.
			const elsewhere = await mkdtemp(join(tmpdir(), "tokensmith-linked-"));
			await symlink(elsewhere, join(place, "linked"));
			await bindings.whenReady();
			await writeFile(join(elsewhere, ".env"), `A=${secret}\n`);
			await notice(at("linked/.env"));
			await until("the file is found", () => words().includes("bindings/linked/.env:1 (A)"));
			await rm(elsewhere, { recursive: true });
		});

	it("include a new file once it is saved, even where searches exclude it", async () => {
		const settings = vscode.workspace.getConfiguration("files");
		await settings.update("exclude", { "**/hidden": true }, vscode.ConfigurationTarget.Workspace);
		await mkdir(at("hidden").fsPath);
		await bindings.whenReady();
		await put("hidden/.env", "");
		const editor = await vscode.window.showTextDocument(at("hidden/.env"));
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), `A=${secret}\n`));
		await editor.document.save();
		await until("the file is found", () => words().join() === "bindings/hidden/.env:1 (A)");
		await bindings.whenReady();
		assert.deepEqual(words(), ["bindings/hidden/.env:1 (A)"]);
		await settings.update("exclude", undefined, vscode.ConfigurationTarget.Workspace);
	});

	it("notice a change of the same length within the same timestamp", async () => {
		await put(".env", `A=${"x".repeat(secret.length)}\n`);
		await bindings.whenReady();
		await put(".env", `A=${secret}\n`);
		await bindings.whenReady();
		assert.equal(words().length, 1);
	});

	it("are identified once their token is created, and marked unknown if they only look like one", async () => {
		const other = await client.createToken({ name: "elsewhere", permissions: ["api.api-tokens.read"] });
		await put(".env", `A=${unknown}\nB=${other.token}\nPORT=8080\nNAME=${secret}\n`);
		await bindings.whenReady();
		const known = () => bindings.linesIn(at(".env")).map(({ key, tokenId }) => [key, tokenId]);
		assert.deepEqual(known(), [
			["A", undefined],
			["B", other.id],
			["NAME", token.id],
		]);
		const { id } = await client.registerToken({
			name: "GitHub",
			issuer: "github",
			hash: hashOf(unknown),
			partialToken: "ghp_…mXo1",
		});
		await until("it is known", () => bindings.linesIn(at(".env"))[0]?.tokenId === id);
	});

	it("leave out ignored values, and nothing else", async () => {
		await put(".env", `A=${"glpat-Zk3xQ9wLr7TbV2nYcHd5"}\nB=${secret}\n`);
		await bindings.whenReady();
		const [first, second] = bindings.linesIn(at(".env"));
		assert.ok(first !== undefined && second !== undefined);
		for (const { hash } of [first, second]) await ignored.add(hash);
		assert.deepEqual(
			bindings.linesIn(at(".env")).map(({ key }) => key),
			["B"],
		);
		await ignored.clear();
		assert.equal(bindings.linesIn(at(".env")).length, 2);
	});

	it("scan once for several waiting callers", async () => {
		await put(".env", `A=${secret}\n`);
		let changes = 0;
		await bindings.whenReady();
		bindings.onDidChange(() => {
			changes += 1;
		});
		await Promise.all(Array.from({ length: 10 }, () => bindings.whenReady()));
		// A change event may arrive meanwhile and causes a scan of its own.
		assert.ok(changes <= 4, String(changes));
		assert.equal(bindings.state, "ready");
	});

	it("do nothing before they are started", async () => {
		await put(".env", `A=${secret}\n`);
		assert.equal(bindings.state, "idle");
		assert.deepEqual(bindings.files, []);
		assert.deepEqual(bindings.linesIn(at(".env")), []);
		assert.equal(live.state, "idle");
	});

	it("read nothing after their end", async () => {
		await put(".env", `A=${secret}\n`);
		bindings.dispose();
		await bindings.whenReady();
		assert.deepEqual(bindings.files, []);
	});

	it("are complete again after a file was temporarily unreadable", async () => {
		await put(".env", `A=${secret}\n`);
		await chmod(place, 0o000);
		await bindings.whenReady();
		await chmod(place, 0o755);
		await bindings.whenReady();
		assert.equal(words().length, 1);
	});

	it("open with the cursor on the line", async () => {
		await put(".env", `A=1\nB=${secret}\n`);
		await bindings.whenReady();
		const [binding] = bindings.linesOf(token.id);
		assert.ok(binding);
		await openLine(binding);
		await until("the cursor is on the line", () => {
			const editor = vscode.window.activeTextEditor;
			assert.equal(editor?.document.uri.toString(), binding.uri.toString());
			assert.equal(editor?.selection.active.line, 1);
			return true;
		});
	});
});
