import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as vscode from "vscode";
import { TrackedFiles } from "../../extension/env/tracked-files.ts";
import { LineProblems } from "../../extension/env-line/line-problems.ts";
import { QuickFixes } from "../../extension/env-line/quick-fixes.ts";
import { until } from "../workbench/until.ts";
import { fileIn, showKnown, tidy } from "./editors.ts";
import { OneWindow } from "./one-window.ts";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
const unknown = "glpat-Zk3xQ9wLr7TbV2nYcHd5";

describe("problems of env lines", () => {
	let window: OneWindow;
	let tracked: TrackedFiles;
	const opened: vscode.Disposable[] = [];

	beforeEach(async () => {
		window = await OneWindow.open("lines");
		tracked = new TrackedFiles(window);
		opened.push(tracked);
	});
	afterEach(async () => {
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await tidy();
		await window.close();
	});

	const found = (name = ".env") =>
		vscode.languages
			.getDiagnostics(fileIn(window, name))
			.filter(({ source }) => source === "Tokensmith")
			.map(({ code, severity, range }) => `${range.start.line + 1} ${code} ${severity}`);

	/** VS Code also has problems from the extension itself, whose daemon has none of these tokens. */
	function open(): LineProblems {
		const { bindings, live } = window;
		const problems = new LineProblems({ bindings, live, tracked });
		opened.push(problems);
		return problems;
	}

	it("describe what is wrong, and disappear once it is fixed", async () => {
		const soon = await window.create("soon", { expiry: inDays(5) });
		const urgent = await window.create("urgent", { expiry: inDays(0.5) });
		const dead = await window.create("dead");
		await window.client.revokeToken(dead.id);
		const old = await window.create("old");
		await window.client.rotateToken(old.id, { overlapSeconds: 3600 });
		open();
		await showKnown(window, `A=${soon.token}\nB=${urgent.token}\nC=${dead.token}\nD=${old.token}\n`);
		await until("they are there", () =>
			["1 expires-soon 2", "2 expires-soon 1", "3 revoked 0", "4 rotated 1"].every((line) =>
				found().includes(line),
			),
		);
		await window.client.disableToken(soon.id);
		await until("it is another one", () => found().includes("1 disabled 1"));
		await window.put(".env", "A=1\n");
		await until("they are gone", () => found().length === 0);
	});

	it("are at the secret's own characters, inside a longer value and in any form", async () => {
		const dead = await window.create("dead");
		await window.client.revokeToken(dead.id);
		open();
		await window.put(".env.json", `{ "K": "Bearer ${dead.token}" }\n`);
		const text = `H="Authorization=Bearer ${dead.token}"\nset -x K ${dead.token}\nL=a,${dead.token};b\n`;
		const { document } = await showKnown(window, text);
		const revoked = (name?: string) => found(name).filter((line) => line.includes("revoked"));
		await until("they are there", () => revoked().length > 0 && revoked(".env.json").length > 0);
		assert.deepEqual(revoked(), ["1 revoked 0", "2 revoked 0", "3 revoked 0"]);
		assert.deepEqual(revoked(".env.json"), ["1 revoked 0"]);
		for (const { range, source } of vscode.languages.getDiagnostics(document.uri))
			if (source === "Tokensmith") assert.equal(document.getText(range), dead.token);
	});

	it("are reported for a commented-out line only if Git would publish it", async () => {
		const dead = await window.create("dead");
		await window.client.revokeToken(dead.id);
		execFileSync("git", ["init", "--quiet"], { cwd: window.place });
		tracked.open();
		open();
		// Without an editor, since VS Code's own Git extension would then keep a removed repository open.
		await window.put(".env", `# A=${dead.token}\nB=${dead.token}\n`);
		await window.bindings.whenReady();
		await until("the other is there", () => found().includes("2 revoked 0"));
		assert.ok(!found().some((line) => line.startsWith("1 revoked")));
		execFileSync("git", ["add", "--force", ".env"], { cwd: window.place });
		tracked.forget();
		await until("Git tracks it", () => found().includes("1 tracked 1"));
		assert.ok(found().includes("2 revoked 0"), "the worst problem of the line");
		const uri = fileIn(window);
		const diagnostics = vscode.languages.getDiagnostics(uri).filter(({ code }) => code === "revoked");
		const document = await vscode.workspace.openTextDocument(uri);
		const fixes = new QuickFixes({
			connections: window.connections,
			bindings: window.bindings,
			live: window.live,
			tracked,
		}).provideCodeActions(document, new vscode.Range(1, 0, 1, 0), {
			diagnostics,
			only: undefined,
			triggerKind: vscode.CodeActionTriggerKind.Invoke,
		});
		assert.ok(fixes.some(({ command }) => command?.command === "tokensmith.ignoreAndUntrack"));
	});

	it("include two keys with one token, and an unknown token", async () => {
		const { token } = await window.create("shared");
		open();
		await showKnown(window, `A=${token}\nB=${token}\nA=${token}\nC=${unknown}\n`);
		await until("they are there", () => found().includes("1 shared 2") && found().includes("4 unknown 2"));
		const [first] = vscode.languages
			.getDiagnostics(fileIn(window))
			.filter(({ code, range }) => code === "shared" && range.start.line === 0);
		assert.equal(first?.relatedInformation?.[0]?.location.range.start.line, 1);
		assert.match(first?.message ?? "", /^A and B contain the same token, shared\.$/);
	});

	it("contain no value", async () => {
		const { token } = await window.create("quiet");
		open();
		await showKnown(window, `A=${token}\nB=${token}\nC=${unknown}\n`);
		await until("they are there", () => found().length >= 3);
		const told = JSON.stringify(vscode.languages.getDiagnostics(fileIn(window)));
		assert.ok(!told.includes(token) && !told.includes(unknown));
	});

	it("have quick fixes, the most likely one preferred", async () => {
		const dead = await window.create("dead");
		await window.client.revokeToken(dead.id);
		open();
		const { document } = await showKnown(window, `A=${dead.token}\nB=${unknown}\n`);
		await until("they are there", () => found().includes("1 revoked 0") && found().includes("2 unknown 2"));
		const fixesOf = (wanted: string) => {
			const [diagnostic] = vscode.languages
				.getDiagnostics(fileIn(window))
				.filter(({ code }) => code === wanted);
			assert.ok(diagnostic);
			return new QuickFixes({
				bindings: window.bindings,
				connections: window.connections,
				live: window.live,
				tracked,
			}).provideCodeActions(document, diagnostic.range, {
				diagnostics: [diagnostic],
				only: undefined,
				triggerKind: vscode.CodeActionTriggerKind.Invoke,
			});
		};
		assert.deepEqual(
			fixesOf("revoked").map(({ title, isPreferred }) => [title, isPreferred]),
			[
				["Replace Token in Place", true],
				["Comment Out Line", false],
				["Show Token", false],
			],
		);
		assert.deepEqual(
			fixesOf("unknown").map(({ command }) => command?.command),
			["tokensmith.importToken", "tokensmith.ignoreSecret"],
		);
	});
});
