/** The rows of a list with several choices: the known ones, those for the typed text, and which of them are picked. */
import * as l10n from "@vscode/l10n";
import type * as vscode from "vscode";

/** A row of a list. A row without a value cannot be chosen. */
export interface Row<Value> extends vscode.QuickPickItem {
	value?: Value;
	/** In a list with several choices: the values that this row picks, or unpicks if all of them are picked. */
	picks?: readonly Value[];
}

export interface ListQuestion<Value> {
	/** How to answer. It is pale, cut at the end and gone once the user types, so it contains no fact. */
	placeholder: string;
	/** A fact or a warning that the answer depends on; stays visible. */
	remark?: string | undefined;
	rows: readonly Row<Value>[] | Promise<readonly Row<Value>[]>;
	/** Shows other rows while the list is open. Only in lists with one choice. */
	changing?: { on: vscode.Event<void>; rows(): readonly Row<Value>[] };
	/** Which row is active at first. */
	isActive?: (value: Value) => boolean;
	/** Rows for the typed text, for lists that accept more values than they show. */
	rowsFor?: (text: string) => readonly Row<Value>[];
}

/** With `rowsFor`, Enter adds the active row to the selection as long as there is a text, and ends the step without one. */
export interface ManyQuestion<Value> extends ListQuestion<Value> {
	isPicked(value: Value): boolean;
	/** How a row for a typed text is shown once it is picked; by default as it was. */
	pickedRow?(value: Value): Row<Value>;
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
		const template = rows.find(({ picks }) => picks !== undefined);
		const { pickedRow } = this.#question;
		const before = this.#picked.length;
		this.#picked = rows.flatMap((row) => {
			if (row.value === undefined) return [];
			return this.#knows(row) || pickedRow === undefined ? [row] : [pickedRow(row.value)];
		});
		// VS Code's own box for all rows checks more than the template.
		if (template !== undefined)
			return this.#pickAll(this.#picked.length === before ? (template.picks ?? []) : []);
		this.#known = [...this.#known, ...this.#picked.filter((row) => !this.#knows(row))];
		if (this.#picked.length < rows.length) this.#list.selectedItems = this.#picked;
	}

	#pickAll(values: readonly Value[]): void {
		const isMeant = ({ value }: Row<Value>) => value !== undefined && values.includes(value);
		const rest = this.#picked.filter((row) => !isMeant(row));
		const meant = this.#known.filter(isMeant);
		this.#picked = this.#picked.length - rest.length === meant.length ? rest : [...rest, ...meant];
		this.#list.selectedItems = this.#picked;
	}

	/**
	 * Shows the rows that fit the typed text. Rows are told apart by their position, and a click may be on its way: the
	 * rows for the text come last, so that no other row moves.
	 */
	show(): void {
		const { rowsFor = (text: string) => ownRowsAlone(this.#known, text) } = this.#question;
		const text = this.#list.value.trim();
		const typed = text === "" ? [] : rowsFor(text);
		// Its rows would be drawn again at each key stroke.
		const isAsShown = this.#list.items.length === this.#known.length + typed.length;
		if (this.#question.rowsFor === undefined && this.#list.items.length > 0 && isAsShown) return;
		const unknown = typed.filter((row) => !this.#knows(row)).map((row) => ({ ...row, alwaysShow: true }));
		this.#list.items = [...this.#known, ...unknown];
		this.#list.selectedItems = this.#picked;
		// In a list with several choices, VS Code makes no row active while the user types.
		const [likeliest] = typed;
		if (likeliest === undefined) return;
		const isKnown = this.#knows(likeliest);
		const first = isKnown ? this.#known.find((row) => isSame(row, likeliest)) : unknown[0];
		if (first !== undefined) this.#list.activeItems = [first];
	}

	/** Whether Enter was to add the active row to the selection, rather than to end the step. */
	add(): boolean {
		const text = this.#list.value.trim();
		if (this.#question.rowsFor === undefined || text === "") return false;
		const [row] = this.#list.activeItems;
		if (row === undefined || (row.value === undefined && row.picks === undefined)) return true;
		const isNew = row.picks === undefined && !this.#knows(row);
		if (isNew || row.picks !== undefined || !this.#picked.includes(row)) this.pick([...this.#picked, row]);
		// A new one comes first, where the user sees that it was added.
		if (isNew) this.#known = [...this.#known.slice(-1), ...this.#known.slice(0, -1)];
		this.#list.value = "";
		this.show();
		return true;
	}

	#knows(row: Row<Value>): boolean {
		return this.#known.some((known) => isSame(known, row));
	}
}

function isSame<Value>(one: Row<Value>, other: Row<Value>): boolean {
	return one === other || (one.value !== undefined && one.value === other.value);
}

/** A typed value that is listed is shown once, as it is listed. */
export function typedFirst<Value>(typed: readonly Row<Value>[], known: readonly Row<Value>[]): Row<Value>[] {
	const first = typed.map((row) => known.find((listed) => isSameValue(listed, row)) ?? row);
	return [...first, ...known.filter((row) => !first.includes(row))];
}

/** Values are plain records. */
function isSameValue<Value>({ value: one }: Row<Value>, { value: other }: Row<Value>): boolean {
	return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

/** For a text that fits no row, where the list would be empty: what to do about it. */
export function whenNoneFits<Value>(
	rows: readonly Row<Value>[],
	text: string,
	otherwise: Row<Value>,
): Row<Value>[] {
	const fits = rows.some(({ label, description = "", detail = "" }) =>
		[withoutIcons(label), description, detail].some((part) =>
			isWithin(text.toLowerCase(), part.toLowerCase()),
		),
	);
	return fits ? [] : [{ ...otherwise, alwaysShow: true }];
}

const withoutIcons = (label: string) => label.replaceAll(/\$\([\w-]+\)/g, "");

/** What a list says that takes none but its own rows, where the typed text fits none of them. */
export function ownRowsAlone<Value>(rows: readonly Row<Value>[], text: string): Row<Value>[] {
	return whenNoneFits(rows, text, { label: l10n.t("$(info) Nothing fits. Delete the text to see all.") });
}

/** Whether all characters are in the text, in this order: how a list is filtered at most. */
function isWithin(characters: string, text: string): boolean {
	let at = 0;
	for (const character of characters) {
		at = text.indexOf(character, at) + 1;
		if (at === 0) return false;
	}
	return true;
}

/** Whether both lists look the same and answer the same: an edited profile keeps its name. Values are plain records. */
export function isSameList<Value>(rows: readonly Row<Value>[], others: readonly Row<Value>[]): boolean {
	return JSON.stringify(rows) === JSON.stringify(others);
}

/** Shows the question's placeholder and remark, and that its rows load. */
export async function loadRows<Value>(
	list: vscode.QuickPick<Row<Value>>,
	{ placeholder, remark, rows }: ListQuestion<Value>,
): Promise<readonly Row<Value>[]> {
	list.placeholder = placeholder;
	const isShown = remark === undefined || showRemark(list, remark);
	list.matchOnDescription = true;
	list.matchOnDetail = true;
	list.busy = true;
	const loaded = await rows;
	list.busy = false;
	return isShown ? loaded : [{ label: `$(info) ${remark}`, alwaysShow: true }, ...loaded];
}

/** As the line below the input, which lists have since VS Code 1.108. false: this VS Code has none. */
export function showRemark(list: object, remark: string): boolean {
	if (!("prompt" in list)) return false;
	list.prompt = remark;
	return true;
}
