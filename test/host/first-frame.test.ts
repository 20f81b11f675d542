import assert from "node:assert/strict";
import * as vscode from "vscode";
import { FirstFrame } from "../../extension/env-line/first-frame.ts";
import { Masking } from "../../extension/env-line/masking.ts";
import { until } from "../workbench/until.ts";
import { set, show, tidy } from "./editors.ts";
import { memoryOf } from "./memory.ts";
import { OneWindow } from "./one-window.ts";

const section = "editor.tokenColorCustomizations";
const own = { strings: "#008000", textMateRules: [{ scope: "keyword", settings: { fontStyle: "bold" } }] };

describe("the rule that hides values in the first frame", () => {
	let window: OneWindow;
	const opened: FirstFrame[] = [];

	beforeEach(async () => {
		window = await OneWindow.open("first-frame");
	});
	afterEach(async () => {
		for (const frame of opened.splice(0)) {
			frame.want("show");
			await frame.whenSettled();
			frame.dispose();
		}
		await setColors(undefined);
		await tidy();
		await window.close();
	});

	function frame(): FirstFrame {
		const made = new FirstFrame({ log: window.log });
		opened.push(made);
		return made;
	}

	async function want(one: FirstFrame, wish: "hide" | "show"): Promise<void> {
		one.want(wish);
		await one.whenSettled();
	}

	const colors = () => vscode.workspace.getConfiguration().inspect(section)?.globalValue;

	async function setColors(value: unknown): Promise<void> {
		await vscode.workspace.getConfiguration().update(section, value, vscode.ConfigurationTarget.Global);
	}

	const scopes = () => {
		const { textMateRules = [] } = (colors() ?? {}) as { textMateRules?: { scope: string }[] };
		return textMateRules.map(({ scope }) => scope);
	};

	it("is added to the user's own colors, which are restored unchanged", async () => {
		await setColors(own);
		const one = frame();
		await want(one, "hide");
		assert.deepEqual(scopes(), ["keyword", "meta.env-value.string.tokensmith"]);
		await want(one, "show");
		assert.deepEqual(colors(), own);
	});

	it("leaves empty settings empty, and removes the rule of a window that has ended", async () => {
		const ended = frame();
		await want(ended, "hide");
		assert.deepEqual(scopes(), ["meta.env-value.string.tokensmith"]);
		ended.dispose();
		await want(frame(), "show");
		assert.equal(colors(), undefined);
	});

	it("stays as long as any window needs it", async () => {
		const [presenting, other] = [frame(), frame()];
		await want(presenting, "hide");
		await want(other, "hide");
		await want(other, "show");
		await until("it is back", () => scopes().length === 1);
		await want(presenting, "show");
		assert.equal(colors(), undefined);
	});

	it("tolerates invalid colors", async () => {
		await setColors({ textMateRules: "all" });
		const one = frame();
		await want(one, "hide");
		assert.deepEqual(scopes(), ["meta.env-value.string.tokensmith"]);
	});

	it("is overridden on a revealed line, in examples, and if only another window masks", async () => {
		const one = frame();
		const masking = new Masking({ memory: memoryOf(), firstFrame: one });
		masking.open();
		await set("masking.enabled", true);
		const seen = (editor: vscode.TextEditor) => ({
			masked: masking.rangesIn(editor).map((range) => editor.document.getText(range)),
			shown: masking.shownIn(editor).map((range) => editor.document.getText(range)),
		});
		const text = "A=one\nB=two # see rfc-6750-section-2.1.a\n";
		const editor = await show(window, text);
		await until("it hides", () => one.hides(editor.document) && seen(editor).masked.length === 2);
		assert.deepEqual(seen(editor).shown, ["rfc-6750-section-2.1.a"]);
		masking.reveal(editor, 0);
		assert.deepEqual(seen(editor), { masked: ["two"], shown: ["one", "rfc-6750-section-2.1.a"] });
		const all = ["one", "two", "rfc-6750-section-2.1.a"];
		const example = await show(window, text, ".env.example");
		assert.deepEqual(seen(example), { masked: [], shown: all });
		const another = frame();
		another.want("hide");
		await set("masking.enabled", false);
		const last = await show(window, text, ".env.last");
		await until("it is shown", () => seen(last).shown.join() === all.join());
		assert.deepEqual(seen(last).masked, []);
		await want(another, "show");
		await until("nothing needs to be shown", () => seen(last).shown.length === 0);
		masking.dispose();
	});
});
