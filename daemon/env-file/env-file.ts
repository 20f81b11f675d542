/** Reads and changes the text of an env file according to its form. Pure. */
import * as l10n from "@vscode/l10n";
import { commentEntries, conflict, setEntries, setValue } from "./env-changes.ts";
import type { EnvEdit, EnvRefusal } from "./env-edit.ts";
import type { EnvForm } from "./env-form.ts";
import { hasConflictMarkers, isEnvKey, parseEnv } from "./env-text.ts";
import { jsonEntries, replaceInJson, setJsonValue } from "./json-text.ts";
import { replacePiece } from "./piece-change.ts";
import type { SecretPlace } from "./secret-places.ts";

/** A key as programs read it. */
export interface FileEntry {
	readonly key: string;
	readonly value: string;
	/** Counted from 1. */
	readonly line: number;
}

/** In file order; none of a file whose form is not parsed. If a key occurs twice, the last takes precedence. */
export function entriesIn(text: string, form: EnvForm): FileEntry[] {
	if (form === "other") return [];
	return form === "json" ? jsonEntries(text) : parseEnv(text);
}

/** The value in effect, or undefined if no program reads the key. */
export function valueIn(text: string, key: string, form: EnvForm): string | undefined {
	return entriesIn(text, form).findLast((entry) => entry.key === key)?.value;
}

/** The text of the same keys in the common form, without their values. */
export function keysAsEnvText(text: string, form: EnvForm): string {
	return entriesIn(text, form)
		.filter(({ key }) => isEnvKey(key))
		.map(({ key, value }) => `${key}=${value.trim() === "" ? "" : "x"}\n`)
		.join("");
}

/** Sets the key's value where it is, or as a new last one. */
export function setIn(
	text: string,
	{ key, value }: { key: string; value: string },
	form: EnvForm,
): EnvEdit | EnvRefusal {
	if (form === "other") return notWritten();
	if (form !== "json") return setValue(text, key, value, form);
	const refusal = setValue("", key, value);
	// The value need not be safe for a shell, but is one line without control characters.
	if ("reason" in refusal && (refusal.reason === "key-invalid" || /[\p{Cc}]/u.test(value))) return refusal;
	return setJsonValue(text, key, value);
}

/** A secret that is to be replaced. */
export interface PlaceChange {
	readonly place: SecretPlace;
	readonly value: string;
}

/** Replaces each secret. The edits do not overlap. */
export function replaceIn(
	text: string,
	changes: readonly PlaceChange[],
	form: EnvForm,
): EnvEdit[] | EnvRefusal {
	const spans = changes.map(({ place: { start, end }, value }) => ({ start, end, value }));
	if (form === "json") return replaceJsonPlaces(text, changes);
	if (form === "other") return replaceSpans(text, spans);
	return setEntries(
		text,
		changes.map(({ place: { entry, start, end }, value }) =>
			entry === undefined ? { start, end, value } : { entry, value },
		),
	);
}

/** Comments out the lines of the secrets, so that no program reads them. */
export function commentIn(
	text: string,
	places: readonly SecretPlace[],
	form: EnvForm,
): EnvEdit[] | EnvRefusal {
	const entries = places.map(({ entry }) => entry).filter((entry) => entry !== undefined);
	if (form === "json" || form === "other" || entries.length < places.length) {
		const detail = l10n.t(
			"The line holds more than the secret, or is no line of an env file that can be commented out. Remove the secret there yourself.",
		);
		return { reason: "part-of-value", detail };
	}
	return commentEntries(text, entries);
}

/** Why no value can be written to files of this form. */
export function notWritten(): EnvRefusal {
	const detail = l10n.t(
		"Only env files of the form KEY=value and JSON can be written. Choose another file, or add the value there yourself.",
	);
	return { reason: "form-not-written", detail };
}

function replaceJsonPlaces(text: string, changes: readonly PlaceChange[]): EnvEdit[] | EnvRefusal {
	const pieces = changes.filter(({ place }) => place.part === "piece");
	const refused = replaceSpans(
		text,
		pieces.map(({ place: { start, end, secret }, value }) => ({ start, end, value, secret })),
	);
	if ("reason" in refused) return refused;
	return replaceInJson(
		text,
		changes.map(({ place: { start, end }, value }) => ({ start, end, value })),
	);
}

function replaceSpans(
	text: string,
	spans: readonly { start: number; end: number; value: string; secret?: string }[],
): EnvEdit[] | EnvRefusal {
	const edits: EnvEdit[] = [];
	for (const span of spans) {
		const edit = hasConflictMarkers(text) ? conflict() : replacePiece(text, span);
		if ("reason" in edit) return edit;
		edits.push(edit);
	}
	return edits;
}
