/** An edit of an env file's text, or why none is made. Pure. */

export interface EnvEdit {
	readonly start: number;
	readonly end: number;
	readonly newText: string;
}

export type EnvRefusalReason =
	| "key-invalid"
	| "value-not-representable"
	| "value-needs-quotes"
	| "conflict-markers"
	| "line-hidden"
	| "not-text"
	| "not-json"
	| "form-not-written"
	| "part-of-value";

/** Why no edit was made. `detail` tells the user what to do; it never contains a value. */
export interface EnvRefusal {
	readonly reason: EnvRefusalReason;
	readonly detail: string;
}

export function applyEdit(text: string, edit: EnvEdit): string {
	return text.slice(0, edit.start) + edit.newText + text.slice(edit.end);
}

/** Applies the edits together: every offset refers to the given text. */
export function applyEdits(text: string, edits: readonly EnvEdit[]): string {
	return [...edits].sort((one, other) => other.start - one.start).reduce(applyEdit, text);
}
