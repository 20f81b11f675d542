/**
 * Shows one question at a time in VS Code's quick input, with a back button, step counts and validation. Escape ends it
 * with a CancellationError. Knows no tokens.
 */
import * as vscode from "vscode";
import {
	isSameList,
	type ListQuestion,
	loadRows,
	type ManyQuestion,
	ownRowsAlone,
	type Row,
	Selection,
	typedFirst,
} from "./selection.ts";
import { type Back, back, type Place } from "./walk.ts";

export type { ManyQuestion, Row };

/**
 * The value of a typed text, with an echo of how it was understood where that helps, or what is wrong with it. `warning`:
 * what was wrong with it when it was tried.
 */
export type Read<Value> =
	| { ok: true; value: Value; echo?: string; warning?: string }
	| { ok: false; problem: string };

interface TextQuestion<Value> {
	prompt: string;
	placeholder?: string;
	text?: string | undefined;
	/** The text is not shown while it is typed. */
	password?: boolean;
	read(text: string): Read<Value>;
}

/** The quick input of one walk. To be disposed of at its end. */
export class Prompts {
	#shown: vscode.QuickInput | undefined;
	#isCancelled = false;

	/** Asks for a line of text, and shows at each key stroke what is wrong with it or how it is understood. */
	text<Value>(place: Place, question: TextQuestion<Value>): Promise<Value | Back> {
		const box = vscode.window.createInputBox();
		box.prompt = question.prompt;
		box.placeholder = question.placeholder;
		box.value = question.text ?? "";
		box.password = question.password ?? false;
		const remark = () => {
			const read = question.read(box.value);
			box.validationMessage = validationMessage(read);
			return read;
		};
		// An empty box that the user has not edited yet shows no error.
		if (box.value !== "") remark();
		return this.#ask<Value>(box, place, (answer) => [
			box.onDidChangeValue(remark),
			box.onDidAccept(() => {
				const read = remark();
				if (read.ok) answer(read.value);
			}),
		]);
	}

	/** Asks for one row of a list. */
	one<Value>(place: Place, question: ListQuestion<Value>): Promise<Value | Back> {
		const list = vscode.window.createQuickPick<Row<Value>>();
		return this.#ask<Value>(list, place, (answer, fail) => {
			const filled = fillList(list, question);
			filled.catch(fail);
			return [
				...(question.changing === undefined
					? []
					: [
							question.changing.on(
								() =>
									void filled.then(
										(show) => show(question.changing?.rows() ?? []),
										() => {},
									),
							),
						]),
				list.onDidAccept(() => {
					const value = list.selectedItems[0]?.value;
					if (value !== undefined) answer(value);
				}),
			];
		});
	}

	/** Asks for any number of rows; picked rows stay picked while the list is filtered. */
	many<Value>(place: Place, question: ManyQuestion<Value>): Promise<Value[] | Back> {
		const list = vscode.window.createQuickPick<Row<Value>>();
		list.canSelectMany = true;
		return this.#ask<Value[]>(list, place, (answer, fail) => {
			const selection = new Selection(list, question);
			selection.fill().catch(fail);
			return [
				list.onDidChangeSelection((rows) => {
					selection.pick(rows);
					if (question.problem(selection.values) === undefined) list.title = place.title;
				}),
				list.onDidChangeValue(() => selection.show()),
				list.onDidAccept(() => {
					if (selection.add()) return;
					const problem = question.problem(selection.values);
					if (problem === undefined) answer(selection.values);
					// A quick pick has no validation message, but screen readers announce its title.
					else list.title = `${place.title} – ${problem}`;
				}),
			];
		});
	}

	dispose(): void {
		const shown = this.#shown;
		this.#shown = undefined;
		shown?.dispose();
	}

	async #ask<Answer>(
		input: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>,
		place: Place,
		listen: (answer: (value: Answer) => void, fail: (error: unknown) => void) => vscode.Disposable[],
	): Promise<Answer | Back> {
		const { promise, resolve, reject } = Promise.withResolvers<Answer | Back>();
		dress(input, place);
		input.onDidTriggerButton(() => resolve(back));
		input.onDidHide(() => {
			if (this.#shown !== input) return;
			this.#isCancelled = true;
			reject(new vscode.CancellationError());
		});
		const listeners = listen(resolve, reject);
		this.#show(input);
		try {
			return await promise;
		} finally {
			vscode.Disposable.from(...listeners).dispose();
			// It stays visible until the next question, to avoid flicker.
			input.enabled = false;
			input.busy = true;
		}
	}

	#show(input: vscode.QuickInput): void {
		// The user may press Escape between two questions.
		if (this.#isCancelled) {
			input.dispose();
			throw new vscode.CancellationError();
		}
		const previous = this.#shown;
		this.#shown = input;
		input.show();
		previous?.dispose();
	}
}

function dress(input: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>, place: Place): void {
	input.title = place.title;
	// The only question has no number.
	const isNumbered = place.totalSteps > 1;
	input.step = isNumbered ? place.step : 0;
	input.totalSteps = isNumbered ? place.totalSteps : 0;
	input.buttons = place.canGoBack ? [vscode.QuickInputButtons.Back] : [];
	// The user can look something up elsewhere and return to the same question.
	input.ignoreFocusOut = true;
}

function validationMessage(read: Read<unknown>): vscode.InputBoxValidationMessage | undefined {
	const { Error: problem, Info: echo, Warning: warning } = vscode.InputBoxValidationSeverity;
	if (!read.ok) return { message: read.problem, severity: problem };
	if (read.warning !== undefined) return { message: read.warning, severity: warning };
	return read.echo === undefined ? undefined : { message: read.echo, severity: echo };
}

/** Fulfils with what shows other rows. */
async function fillList<Value>(
	list: vscode.QuickPick<Row<Value>>,
	question: ListQuestion<Value>,
): Promise<(rows: readonly Row<Value>[]) => void> {
	let known = await loadRows(list, question);
	list.items = known;
	const { isActive, rowsFor } = question;
	const choices = known.filter(({ value }) => value !== undefined);
	const active = choices.find(({ value }) => value !== undefined && isActive?.(value));
	const [first] = question.remark === undefined ? [] : choices;
	if (active !== undefined) list.activeItems = [active];
	else if (first !== undefined) list.activeItems = [first];
	const show = () => {
		const text = list.value.trim();
		if (rowsFor !== undefined && text !== "") list.items = typedFirst(rowsFor(text), known);
		else list.items = text === "" ? known : [...known, ...ownRowsAlone(known, text)];
	};
	const showOwn = () => {
		const text = list.value.trim();
		const others = text === "" ? [] : ownRowsAlone(known, text);
		// Its rows would be drawn again at each key stroke.
		if (list.items.length !== known.length + others.length) show();
	};
	const showOthers = (rows: readonly Row<Value>[]) => {
		if (isSameList(rows, known)) return;
		known = rows;
		const [before] = list.activeItems;
		show();
		const same = known.find(({ label }) => label === before?.label);
		if (same !== undefined) list.activeItems = [same];
	};
	list.onDidChangeValue(rowsFor === undefined ? showOwn : show);
	// The user may have typed while the rows were loading.
	if (list.value !== "") show();
	return showOthers;
}
