/**
 * Why a shell would not read a line of an env file as it is written: as part of another line, or not as the one that sets
 * its key. Pure.
 */
import * as l10n from "@vscode/l10n";
import type { EnvRefusal } from "./env-edit.ts";
import { type EnvEntry, parseEnv } from "./env-text.ts";
import { envValues } from "./env-values.ts";
import { headOf } from "./line-head.ts";
import {
	doesMore,
	endOfReading,
	goesOn,
	lacksCommand,
	type ShellChange,
	shellChanges,
} from "./shell-changes.ts";
import { endsJoined, isJoined, openOperator } from "./shell-lines.ts";
import { lineAt, lineStarts, lineText } from "./text-lines.ts";

/** Why a shell would read a line that is added to the text as part of the last one. */
export function openLine(text: string, key: string): EnvRefusal | undefined {
	if (!text.endsWith("\n") && endsJoined(`${text}\n`)) return continued(text, key);
	return operatorAbove(text);
}

function operatorAbove(text: string): EnvRefusal | undefined {
	const open = openOperator(text);
	if (open === undefined) return undefined;
	const detail = l10n.t(
		"A shell reads what follows line {0} as part of it, since it ends with {1}. Put the value there in quotes, then try again.",
		open.line,
		open.operator,
	);
	return { reason: "line-hidden", detail };
}

/** Why a shell does not get the key's value from the line in effect. */
export function findShellReading(text: string, key: string): EnvRefusal | undefined {
	const entry = parseEnv(text).findLast((candidate) => candidate.key === key);
	if (entry === undefined) return undefined;
	if (sharesLine(text, entry)) return oldLineEnds();
	if (isJoined(text, entry.keyStart)) return joined(text, entry);
	const above = text.slice(0, text.lastIndexOf("\n", entry.keyStart) + 1);
	const changes = shellChanges(text, key);
	return (
		operatorAbove(above) ??
		endAbove(text, entry) ??
		findOtherSetter(text, entry, changes) ??
		findAttribute(text, entry, changes)
	);
}

/** Why the whole value that `dotenv` reads is not replaced: for a shell, it is more than a value. */
export function findFurtherCommand(text: string, { key, line, start }: EnvEntry): EnvRefusal | undefined {
	if (goesOn(text, start)) return furtherLines(key, line);
	if (!doesMore(text, start)) return undefined;
	const detail = l10n.t(
		"A shell does more on line {0} than to set {1}. Move that to a line of its own, then try again.",
		line,
		key,
	);
	return { reason: "part-of-value", detail };
}

function furtherLines(key: string, line: number): EnvRefusal {
	const detail = l10n.t(
		"For a shell, the value of {0} on line {1} goes on over further lines. Replace all of it by a value on one line, then try again.",
		key,
		line,
	);
	return { reason: "part-of-value", detail };
}

/** Why the lines of entries can't become comments. @param changed the text in which they are comments */
export function findNeededLine(
	text: string,
	changed: string,
	entries: readonly EnvEntry[],
): EnvRefusal | undefined {
	if (entries.some((entry) => sharesLine(text, entry))) return oldLineEnds();
	const [first] = entries;
	const isBroken = lacksCommand(changed) && !lacksCommand(text);
	if (first === undefined || !isBroken) return undefined;
	const detail = l10n.t(
		"A shell could not read the file without line {0}. Replace or remove what is around it too.",
		first.line,
	);
	return { reason: "line-hidden", detail };
}

function endAbove(text: string, { key, keyStart }: EnvEntry): EnvRefusal | undefined {
	const end = endOfReading(text.slice(0, keyStart));
	if (end === undefined) return undefined;
	const detail = l10n.t(
		"A shell stops reading at line {0}, above the line of {1}. Remove that line or move it to the end, then try again.",
		lineAt(lineStarts(text), end) + 1,
		key,
	);
	return { reason: "line-hidden", detail };
}

/** `dotenv` alone takes a carriage return without a line feed for the end of a line. */
function sharesLine(text: string, { keyStart, end }: EnvEntry): boolean {
	const lineEnd = text.indexOf("\n", end);
	const before = text.slice(text.lastIndexOf("\n", keyStart) + 1, keyStart);
	const after = text.slice(end, lineEnd === -1 ? text.length : lineEnd);
	return before.includes("\r") || after.slice(0, -1).includes("\r");
}

function oldLineEnds(): EnvRefusal {
	const detail = l10n.t(
		"Lines of the file end with a carriage return alone, which few programs read as the end of a line. Save the file with the line endings LF or CRLF, then try again.",
	);
	return { reason: "line-hidden", detail };
}

export function joined(text: string, { key, line }: EnvEntry): EnvRefusal {
	const starts = lineStarts(text);
	if (line > 1 && lineText(text, starts, line - 2).endsWith("\\"))
		return continued(text.slice(0, (starts[line - 1] ?? 1) - 1), key);
	const detail = l10n.t(
		"A shell reads the line of {0} as part of a text that begins above it. Close the quote there, then try again.",
		key,
	);
	return { reason: "line-hidden", detail };
}

/** @param above the text up to the end of the line before */
function continued(above: string, key: string): EnvRefusal {
	const detail = l10n.t(
		"A shell joins the line of {0} to line {1}, which ends with a backslash. Remove the backslash or add an empty line between them, then try again.",
		key,
		lineStarts(above).length,
	);
	return { reason: "line-hidden", detail };
}

/** A later line that takes precedence for a shell only, such as `declare -x KEY=…`, or one with several commands. */
function findOtherSetter(
	text: string,
	entry: EnvEntry,
	changes: readonly ShellChange[],
): EnvRefusal | undefined {
	const set = changes.findLast(({ kind, offset }) => kind === "sets" && offset >= entry.end);
	const line = laterHead(text, entry) ?? (set && lineAt(lineStarts(text), set.offset) + 1);
	if (line === undefined) return undefined;
	const detail = l10n.t(
		"Line {0} sets {1} too, in a form that only some programs read. Change or remove that line, then try again.",
		line,
		entry.key,
	);
	return { reason: "line-hidden", detail };
}

function laterHead(text: string, { key, start }: EnvEntry): number | undefined {
	const starts = lineStarts(text);
	const setter = envValues(text, "env").findLast(
		(value) =>
			value.entry === undefined &&
			!value.commented &&
			value.start > start &&
			headOf(lineText(text, starts, value.line - 1))?.key === key,
	);
	return setter?.line;
}

function findAttribute(
	text: string,
	{ key, keyStart }: EnvEntry,
	changes: readonly ShellChange[],
): EnvRefusal | undefined {
	const found = changes.find(({ kind, offset }) => kind !== "sets" && offset < keyStart);
	if (found === undefined) return undefined;
	const line = lineAt(lineStarts(text), found.offset) + 1;
	const detail =
		found.kind === "locks"
			? l10n.t(
					"Line {0} makes {1} read-only, so that a shell refuses to set it again. Change or remove that line, then try again.",
					line,
					key,
				)
			: l10n.t(
					"Line {0} gives {1} an attribute, so that a shell makes another value of what is set. Change or remove that line, then try again.",
					line,
					key,
				);
	return { reason: "line-hidden", detail };
}
