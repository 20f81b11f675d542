import assert from "node:assert/strict";
import * as vscode from "vscode";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { until } from "../workbench/until.ts";
import { set, show, tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

describe("masking", () => {
	let window: OneWindow;
	let masking: Masking;
	const opened: vscode.Disposable[] = [];

	beforeEach(async () => {
		window = await OneWindow.open("lines");
		masking = new Masking({ memory: memoryOf(), firstFrame: frame() });
		opened.push(masking);
	});
	afterEach(async () => {
		vscode.Disposable.from(...opened.splice(0)).dispose();
		await tidy();
		await window.close();
	});

	function frame(): FirstFrame {
		const made = new FirstFrame({ log: window.log });
		opened.push(made);
		return made;
	}

	const seen = (editor: vscode.TextEditor) =>
		masking.rangesIn(editor).map((range) => editor.document.getText(range));

	it("covers every value of an env file, at once and while typing, and nothing if it is off", async () => {
		masking.open();
		const editor = await show(window, "A=one\n# B=two\nC='three'\n");
		assert.deepEqual(seen(editor), []);
		await set("masking.enabled", true);
		await until("they are masked", () => seen(editor).join() === "one,two,three");
		await editor.edit((edit) => edit.insert(new vscode.Position(3, 0), "D=four\n"));
		assert.deepEqual(seen(editor), ["one", "two", "three", "four"]);
		const other = await show(window, "E=five\n", ".env.other");
		assert.deepEqual(seen(other), ["five"]);
		await set("masking.enabled", false);
		await until("they are shown", () => seen(other).length === 0);
	});

	it("covers every value of an env file of another form, and of lines that begin with another word", async () => {
		masking.open();
		await set("masking.enabled", true);
		const json = '{\n  "DB_PASSWORD": "plum-river-lantern-91",\n  "PORT": 3000\n}\n';
		assert.deepEqual(seen(await show(window, json, ".env.json")), ["plum-river-lantern-91", "3000"]);
		assert.deepEqual(seen(await show(window, "db:\n  - one\npass: two # x\n", ".env.yaml")), [
			"- one",
			"two # x",
		]);
		assert.deepEqual(seen(await show(window, "set -x A one\nsetenv B two\ndeclare -x C=three\n")), [
			...["one", "two", "three"],
		]);
	});

	it("does not mask examples and other files", async () => {
		masking.open();
		await set("masking.enabled", true);
		assert.deepEqual(seen(await show(window, "A=one\n", ".env.example")), []);
		assert.deepEqual(seen(await show(window, "A=one\n", "notes.txt")), []);
	});

	it("shows a revealed line until the cursor leaves it", async () => {
		masking.open();
		const editor = await show(window, "A=one\nB=two\n");
		await set("masking.enabled", true);
		await until("they are masked", () => seen(editor).length === 2);
		masking.reveal(editor, 1);
		assert.deepEqual(seen(editor), ["one"]);
		editor.selection = new vscode.Selection(0, 0, 0, 0);
		await until("it is masked again", () => seen(editor).length === 2);
	});

	it("masks a revealed line again after a while", async () => {
		const brief = new Masking({ memory: memoryOf(), firstFrame: frame(), revealSeconds: 0.05 });
		opened.push(brief);
		brief.open();
		const editor = await show(window, "A=one\n");
		await set("masking.enabled", true);
		await until("it is masked", () => brief.rangesIn(editor).length === 1);
		brief.reveal(editor, 0);
		assert.equal(brief.rangesIn(editor).length, 0);
		await until("it is masked again", () => brief.rangesIn(editor).length === 1);
	});

	it("covers every possible secret in every file in presentation mode, and persists across a reload", async () => {
		const { token } = await window.create("presented");
		const memory = memoryOf();
		const first = new Masking({ memory, firstFrame: frame() });
		opened.push(first);
		first.open();
		await first.present("on");
		const second = new Masking({ memory, firstFrame: frame() });
		opened.push(second);
		second.open();
		for (const presented of [first, second]) {
			assert.ok(presented.isPresenting);
			const ranges = async (text: string, name: string) => {
				const editor = await show(window, text, name);
				return presented.rangesIn(editor).map((range) => editor.document.getText(range));
			};
			assert.deepEqual(await ranges("A=one\n", ".env.example"), ["one"]);
			assert.deepEqual(await ranges("A=one\n", ".envrc"), ["one"]);
			assert.deepEqual(await ranges(`{ "a": "${token}" }\n`, "a.json"), [token]);
		}
		await second.present("off");
		assert.deepEqual(second.rangesIn(await show(window, `{ "a": "${token}" }\n`, "b.json")), []);
	});
});
