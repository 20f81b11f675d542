/**
 * The values in an env file's text, including those in commented-out lines, and their positions. Pure: knows no files
 * and no tokens. Refuses nothing: text that cannot be parsed as a line has no value.
 */
import { type EnvEntry, parseEnv } from "../../daemon/env-file/env-text.ts";

export interface EnvValue {
	readonly key: string;
	readonly value: string;
	/** Counted from 1. */
	readonly line: number;
	/** Offsets of the value without its quotes: `text.slice(start, end)`. */
	readonly start: number;
	readonly end: number;
	/** `# KEY=value`: no program reads it. */
	readonly commented: boolean;
}

/** In text order. A key that occurs twice is listed twice. */
export function envValues(text: string): EnvValue[] {
	const entries = parseEnv(text);
	const values = entries.map((entry) => envValueOf(entry, 0));
	return [...values, ...commentedValues(text, entries)].sort((one, other) => one.start - other.start);
}

/** The offset at which each line of the text starts. */
export function lineStarts(text: string): number[] {
	const starts = [0];
	for (const { index, 0: ending } of text.matchAll(/\r\n?|\n/g)) starts.push(index + ending.length);
	return starts;
}

/** The line, counted from 0, that contains the offset. */
export function lineAt(starts: readonly number[], offset: number): number {
	let [low, high] = [0, starts.length - 1];
	while (low < high) {
		const middle = Math.ceil((low + high) / 2);
		if ((starts[middle] ?? 0) <= offset) low = middle;
		else high = middle - 1;
	}
	return low;
}

function commentedValues(text: string, entries: readonly EnvEntry[]): EnvValue[] {
	const starts = lineStarts(text);
	const values: EnvValue[] = [];
	let next = 0;
	for (const comment of text.matchAll(/^[^\S\r\n]*#(?:#|[^\S\r\n])*(?=[^#\s])([^\r\n]*)/gm)) {
		// A line within quotes is not a comment.
		while ((entries[next]?.end ?? Number.POSITIVE_INFINITY) <= comment.index) next += 1;
		if ((entries[next]?.start ?? Number.POSITIVE_INFINITY) <= comment.index) continue;
		const [whole, body = ""] = comment;
		const [entry] = parseEnv(body);
		if (entry === undefined) continue;
		const offset = comment.index + whole.length - body.length;
		values.push({ ...envValueOf(entry, offset), line: lineAt(starts, offset) + 1, commented: true });
	}
	return values;
}

function envValueOf({ key, value, line, start, end, quote }: EnvEntry, offset: number): EnvValue {
	const inset = quote === "" ? 0 : 1;
	return { key, value, line, start: offset + start + inset, end: offset + end - inset, commented: false };
}
