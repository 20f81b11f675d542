import assert from "node:assert/strict";
import * as vscode from "vscode";
import { Prompts, type Read } from "../../extension/wizard/prompts.ts";
import { back, type Place } from "../../extension/wizard/walk.ts";

const place: Place = { title: "Test", step: 2, totalSteps: 3, canGoBack: true };
const read = (text: string): Read<number> =>
	/^\d+$/.test(text) ? { ok: true, value: Number(text) } : { ok: false, problem: "Write a number." };

const press = {
	enter: "workbench.action.acceptSelectedQuickOpenItem",
	escape: "workbench.action.closeQuickOpen",
	back: "workbench.action.quickInputBack",
	down: "workbench.action.quickOpenSelectNext",
} as const;

describe("the wizard's prompts", () => {
	let prompts: Prompts;
	beforeEach(() => {
		prompts = new Prompts();
	});
	afterEach(() => prompts.dispose());

	/** Presses a key repeatedly until the question is answered. */
	async function answering<Answer>(question: Promise<Answer>, key: keyof typeof press): Promise<Answer> {
		const pressing = setInterval(() => void vscode.commands.executeCommand(press[key]), 100);
		try {
			return await question;
		} finally {
			clearInterval(pressing);
		}
	}

	it("answer the value that was read from the text", async () => {
		const question = prompts.text(place, { prompt: "How many?", text: "12", read });
		assert.equal(await answering(question, "enter"), 12);
	});

	it("answer the active row of a list, which may load late", async () => {
		const rows = Promise.resolve([
			{ label: "one", value: 1 },
			{ label: "two", value: 2 },
		]);
		const question = prompts.one<number>(place, { placeholder: "", rows, isActive: (value) => value === 2 });
		assert.equal(await answering(question, "enter"), 2);
	});

	it("keep a remark in the line below the input, apart from how to answer", async () => {
		const { createQuickPick } = vscode.window;
		const lists: vscode.QuickPick<vscode.QuickPickItem>[] = [];
		const recording = () => {
			const list = createQuickPick();
			lists.push(list);
			return list;
		};
		Object.assign(vscode.window, { createQuickPick: recording });
		try {
			const question = prompts.one<number>(place, {
				placeholder: "Choose.",
				remark: "Git tracks .env.",
				rows: [{ label: "one", value: 1 }],
			});
			assert.equal(await answering(question, "enter"), 1);
		} finally {
			Object.assign(vscode.window, { createQuickPick });
		}
		const [list] = lists;
		assert.ok(list !== undefined && "prompt" in list);
		assert.deepEqual([list.prompt, list.placeholder], ["Git tracks .env.", "Choose."]);
	});

	it("answer the rows that were picked before", async () => {
		const question = prompts.many<number>(place, {
			placeholder: "",
			rows: [1, 2, 3].map((value) => ({ label: String(value), value })),
			isPicked: (value) => value !== 2,
			problem: () => undefined,
		});
		assert.deepEqual(await answering(question, "enter"), [1, 3]);
	});

	it("answer the back button", async () => {
		const question = prompts.text(place, { prompt: "", read });
		assert.equal(await answering(question, "back"), back);
	});

	it("end with a cancellation on Escape, and ask nothing more", async () => {
		await assert.rejects(
			answering(prompts.text(place, { prompt: "", read }), "escape"),
			vscode.CancellationError,
		);
		await assert.rejects(prompts.one(place, { placeholder: "", rows: [] }), vscode.CancellationError);
	});

	it("change to the next question without a cancellation", async () => {
		assert.equal(await answering(prompts.text(place, { prompt: "", text: "1", read }), "enter"), 1);
		assert.equal(await answering(prompts.text(place, { prompt: "", text: "2", read }), "enter"), 2);
	});

	it("fail if a list cannot be filled", async () => {
		const rows = Promise.reject(new Error("no list"));
		await assert.rejects(prompts.one(place, { placeholder: "", rows }), /no list/);
	});
});

describe("creating a token", () => {
	it("shows nothing and leaves nothing behind when it is cancelled", async () => {
		const [folder] = vscode.workspace.workspaceFolders ?? [];
		assert.ok(folder);
		const before = await vscode.workspace.fs.readDirectory(folder.uri);
		const created = vscode.commands.executeCommand("tokensmith.createToken");
		const pressing = setInterval(() => void vscode.commands.executeCommand(press.escape), 100);
		try {
			assert.equal(await created, undefined);
		} finally {
			clearInterval(pressing);
		}
		assert.deepEqual(await vscode.workspace.fs.readDirectory(folder.uri), before);
	});
});
