/** The env file line that a command applies to: from the view, editor or link that started it, or at the cursor. */
import * as vscode from "vscode";
import type { Bindings, EnvLine } from "./bindings.ts";

/**
 * The argument of a command link. Contains only strings and numbers, since a URI object in a link does not survive the
 * transfer to a remote window. It is resolved when the link is clicked, so an old link to a line that has changed does
 * nothing.
 */
export function lineArgument(
	line: EnvLine,
	bindings: Pick<Bindings, "markOf">,
): { line: Record<string, string | number> } {
	return {
		line: { uri: line.uri.toString(), key: line.key, line: line.line, mark: bindings.markOf(line) },
	};
}

/** The current state of the line that the command was started from, or else the line at the cursor. */
export function lineFor(argument: unknown, bindings: Bindings): EnvLine | undefined {
	const given = givenLine(argument);
	return given === undefined ? lineAtCursor(bindings) : nearest(bindings, given);
}

/** Of the secrets in the line at this position, the one at the position itself, else the first. */
export function lineAt(bindings: Bindings, uri: vscode.Uri, at: vscode.Position): EnvLine | undefined {
	const lines = bindings
		.linesIn(uri)
		.filter(({ range }) => range.start.line <= at.line && at.line <= range.end.line);
	return lines.find(({ range }) => range.contains(at)) ?? lines[0];
}

function lineAtCursor(bindings: Bindings): EnvLine | undefined {
	const editor = vscode.window.activeTextEditor;
	return editor && lineAt(bindings, editor.document.uri, editor.selection.active);
}

/** A view passes the line itself, a link passes a reference to it. */
type GivenLine = Pick<EnvLine, "uri" | "key" | "line"> & { hash?: string; mark?: string };

function givenLine(argument: unknown): GivenLine | undefined {
	if (typeof argument !== "object" || argument === null || !("line" in argument)) return undefined;
	const { uri, ...rest } = argument.line as Omit<GivenLine, "uri"> & { uri: vscode.Uri | string };
	return { ...rest, uri: typeof uri === "string" ? vscode.Uri.parse(uri, true) : uri };
}

function nearest(bindings: Bindings, given: GivenLine): EnvLine | undefined {
	const distance = ({ line }: EnvLine) => Math.abs(line - given.line);
	const mark = given.hash === undefined ? given.mark : bindings.markOf({ hash: given.hash });
	return bindings
		.linesIn(given.uri)
		.filter((line) => line.key === given.key && bindings.markOf(line) === mark)
		.sort((one, other) => distance(one) - distance(other))[0];
}
