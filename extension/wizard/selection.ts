/** The rows of a list with several choices: the known ones, those for the typed text, and which of them are picked. */
import type * as vscode from "vscode";

/** A row of a list. A row without a value cannot be chosen. */
export interface Row<Value> extends vscode.QuickPickItem {
	value?: Value;
}

export interface ListQuestion<Value> {
	placeholder: string;
	rows: readonly Row<Value>[] | Promise<readonly Row<Value>[]>;
	/** Which row is active at first. */
	isActive?: (value: Value) => boolean;
	/** Rows for the typed text, for lists that accept more values than they show. */
	rowsFor?: (text: string) => readonly Row<Value>[];
}

/** With `rowsFor`, Enter adds the active row to the selection as long as there is a text, and ends the step without one. */
export interface ManyQuestion<Value> extends ListQuestion<Value> {
	isPicked(value: Value): boolean;
	/** What is wrong with a selection, in words. */
	problem(values: readonly Value[]): string | undefined;
}

export class Selection<Value> {
	readonly #list: vscode.QuickPick<Row<Value>>;
	readonly #question: ManyQuestion<Value>;
	#known: readonly Row<Value>[] = [];
	#picked: readonly Row<Value>[] = [];

	constructor(list: vscode.QuickPick<Row<Value>>, question: ManyQuestion<Value>) {
		this.#list = list;
		this.#question = question;
	}

	get values(): Value[] {
		return this.#picked.flatMap(({ value }) => (value === undefined ? [] : [value]));
	}

	async fill(): Promise<void> {
		const { isPicked } = this.#question;
		this.#known = await loadRows(this.#list, this.#question);
		this.#picked = this.#known.filter(({ value }) => value !== undefined && isPicked(value));
		this.show();
	}

	/** A row for a typed text stays once it is picked. */
	pick(rows: readonly Row<Value>[]): void {
		this.#picked = rows.filter(({ value }) => value !== undefined);
		this.#known = [...this.#known, ...this.#picked.filter((row) => !this.#knows(row))];
	}

	/**
	 * Shows the rows that fit the typed text. Rows are told apart by their position, and a click may be on its way: the
	 * rows for the text come last, so that no other row moves.
	 */
	show(): void {
		const { rowsFor } = this.#question;
		if (rowsFor === undefined && this.#list.items.length > 0) return;
		const text = this.#list.value.trim();
		const typed = rowsFor === undefined || text === "" ? [] : rowsFor(text);
		const unknown = typed.filter((row) => !this.#knows(row)).map((row) => ({ ...row, alwaysShow: true }));
		this.#list.items = [...this.#known, ...unknown];
		this.#list.selectedItems = this.#picked;
		// In a list with several choices, VS Code makes no row active while the user types.
		const first = unknown[0] ?? this.#known.find(({ value }) => value === typed[0]?.value);
		if (typed.length > 0 && first !== undefined) this.#list.activeItems = [first];
	}

	/** Whether Enter was to add the active row to the selection, rather than to end the step. */
	add(): boolean {
		const text = this.#list.value.trim();
		if (this.#question.rowsFor === undefined || text === "") return false;
		const [row] = this.#list.activeItems;
		if (row?.value === undefined) return true;
		if (!this.#picked.includes(row)) this.pick([...this.#picked, row]);
		this.#list.value = "";
		this.show();
		return true;
	}

	#knows({ value }: Row<Value>): boolean {
		return value !== undefined && this.#known.some((row) => row.value === value);
	}
}

/** Shows the question's placeholder, and that its rows load. */
export async function loadRows<Value>(
	list: vscode.QuickPick<Row<Value>>,
	{ placeholder, rows }: ListQuestion<Value>,
): Promise<readonly Row<Value>[]> {
	list.placeholder = placeholder;
	list.matchOnDescription = true;
	list.matchOnDetail = true;
	list.busy = true;
	const loaded = await rows;
	list.busy = false;
	return loaded;
}
