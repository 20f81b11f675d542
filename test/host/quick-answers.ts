/**
 * Answers the quick inputs that the extension shows, one after the other: a text is typed into a box, or names the row
 * that is chosen in a list. The inputs are real, and are accepted by VS Code's own command.
 */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { until } from "../workbench/until.ts";

const accept = "workbench.action.acceptSelectedQuickOpenItem";
const close = "workbench.action.closeQuickOpen";

/** The row of a list for which a text is typed first. */
export interface Typed {
	text: string;
	row: RegExp;
}
/** A function is done before the next answer, for what happens while a question is shown. */
type Answer = string | RegExp | Typed | (() => Promise<void>) | typeof pressEscape;
export const pressEscape = Symbol("escape");

export interface ShownList {
	title: string;
	/** The line below the input, else what stands in the empty one. */
	question: string;
	rows: readonly vscode.QuickPickItem[];
}

export class QuickAnswers implements vscode.Disposable {
	/** The lists that were shown, with their rows as words. */
	readonly lists: ShownList[] = [];
	readonly #answers: Answer[];
	#failure: unknown;
	readonly #originals = {
		createQuickPick: vscode.window.createQuickPick,
		createInputBox: vscode.window.createInputBox,
	};

	constructor(...answers: Answer[]) {
		this.#answers = answers;
		const { createQuickPick, createInputBox } = this.#originals;
		Object.assign(vscode.window, {
			createQuickPick: () => this.#watch(createQuickPick(), (list) => this.#choose(list)),
			createInputBox: () => this.#watch(createInputBox(), (box) => this.#type(box)),
		});
	}

	/** The answers that no question was shown for. */
	get left(): number {
		return this.#answers.length;
	}

	/** Runs what shows the questions. @throws what went wrong with an answer */
	async answer(run: () => unknown): Promise<void> {
		try {
			await run();
		} catch (error) {
			throw this.#failure ?? error;
		}
	}

	dispose(): void {
		Object.assign(vscode.window, this.#originals);
	}

	#watch<Input extends vscode.QuickInput>(input: Input, answer: (input: Input) => Promise<void>): Input {
		const show = input.show.bind(input);
		input.show = () => {
			show();
			answer(input).catch(async (error: unknown) => {
				this.#failure ??= error;
				await press(close);
			});
		};
		return input;
	}

	async #choose(list: vscode.QuickPick<vscode.QuickPickItem>): Promise<void> {
		const answer = await this.#next();
		await until("the list has rows", async () => !list.busy && list.items.length > 0);
		if (typeof answer === "object" && "text" in answer) await type(list, answer);
		const question = String(Reflect.get(list, "prompt") || list.placeholder);
		this.lists.push({ title: list.title ?? "", question, rows: list.items });
		if (answer === pressEscape) return await press(close);
		const meant = typeof answer === "object" && "text" in answer ? answer.row : answer;
		const row = list.items.find(({ label }) =>
			meant instanceof RegExp ? meant.test(label) : label.endsWith(meant),
		);
		assert.ok(row, `${list.title} has no row ${meant}: ${list.items.map(({ label }) => label).join(", ")}`);
		list.activeItems = [row];
		await sent();
		await press(accept);
	}

	async #type(box: vscode.InputBox): Promise<void> {
		const answer = await this.#next();
		if (answer === pressEscape) return await press(close);
		box.value = String(answer);
		await press(accept);
	}

	async #next(): Promise<Exclude<Answer, () => Promise<void>>> {
		for (;;) {
			const answer = this.#answers.shift();
			if (answer === undefined) return pressEscape;
			if (typeof answer !== "function") return answer;
			await answer();
		}
	}
}

async function type(list: vscode.QuickPick<vscode.QuickPickItem>, { text, row }: Typed): Promise<void> {
	list.value = text;
	await until(`the list has a row ${row}`, () => list.items.some(({ label }) => row.test(label)));
}

/** VS Code sends the changes of an input together, after the current turn. */
function sent(): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, 0));
}

async function press(command: string): Promise<void> {
	await vscode.commands.executeCommand(command);
}
