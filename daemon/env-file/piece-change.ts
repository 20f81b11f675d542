/**
 * Replaces a secret that is a part of a longer value. Pure. Invariant: no character is written that could have a meaning
 * where the secret is, such as a quote, a blank, or a separator that the secret itself did not contain.
 */
import * as l10n from "@vscode/l10n";
import type { EnvEdit, EnvRefusal } from "./env-edit.ts";

/** Allowed if the old secret has any of a group: then what surrounds it takes them as they are. */
const groups = [/[+/=]/g, /:/g];

/** @property secret what is replaced, if the text has it with escapes */
export function replacePiece(
	text: string,
	{ start, end, value, secret }: { start: number; end: number; value: string; secret?: string },
): EnvEdit | EnvRefusal {
	const old = secret ?? text.slice(start, end);
	const taken = groups.filter((group) => old.search(group) !== -1);
	const rest = taken.reduce((left, group) => left.replace(group, ""), value);
	if (value !== "" && /^[\w.-]*$/.test(rest)) return { start, end, newText: value };
	const detail = l10n.t(
		"The secret is part of a longer value, where characters of the new one could have a meaning. Replace it there yourself.",
	);
	return { reason: "value-not-representable", detail };
}
