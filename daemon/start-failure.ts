/** Why the daemon could not start, in words for its user and as a line for the program that started it. */
import { ForeignDirectoryError, MisplacedFileError } from "./data-directory.ts";
import { HeldError } from "./directory-lock.ts";
import { StorageError } from "./store/store.ts";

export class ArgumentError extends Error {}
export class ProfileError extends Error {}
/** The data of an earlier directory can't be moved now, and all of it is where it was. */
export class MoveError extends Error {}
/** The data can't be deleted now. The message says whether some of it was. */
export class DeletionError extends Error {}

/** Writes both, and sets the exit code. @param help for wrong arguments. */
export function reportFailure(error: unknown, help: string): void {
	if (error instanceof HeldError) {
		report({ event: "held", pid: error.pid }, `${error.message} Stop that one first, or use it.`, 3);
	} else if (error instanceof ArgumentError || codeOf(error).startsWith("ERR_PARSE_ARGS")) {
		const detail = messageOf(error);
		report({ event: "failed", code: "arguments", detail }, `${detail}\n\n${help}`, 2);
	} else {
		const [code, detail] = explain(error);
		report({ event: "failed", code, detail }, detail, 1);
	}
}

/** What to do about an error of the file system in the data directory. */
const remedies: Readonly<Record<string, string>> = {
	EACCES: "Change its owner or mode, or choose another one.",
	EPERM: "Change its owner or mode, or choose another one.",
	EROFS: "It is on a read-only disk; choose another one.",
	ENOSPC: "Free some space, or choose another one.",
	EDQUOT: "Free some space, or choose another one.",
	ENOTDIR: "A file is in the place of a directory; move it away, or choose another one.",
	EEXIST: "A file is in the place of a directory; move it away, or choose another one.",
	EISDIR: "A directory is in the place of a file; move it away, or choose another one.",
	ENOENT: "Create the directory above it, or choose another one.",
};

function explain(error: unknown): [code: string, detail: string] {
	const code = codeOf(error);
	const isOfPort = syscallOf(error) === "listen" && !["ENOSPC", "EDQUOT"].includes(code);
	const remedy = isOfPort ? undefined : remedies[code];
	if (remedy !== undefined)
		return ["data-unwritable", `The data directory can't be written: ${messageOf(error)}. ${remedy}`];
	if (code === "EADDRINUSE" || (code === "EACCES" && syscallOf(error) === "listen"))
		return [
			"port-unavailable",
			`The port can't be used: ${messageOf(error)}. Stop the program that has it, or choose another --port.`,
		];
	if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
		return ["address-unavailable", `This machine has no such address to listen on: ${messageOf(error)}.`];
	if (error instanceof ForeignDirectoryError) return ["data-unwritable", error.message];
	if (error instanceof MisplacedFileError)
		return ["data-unwritable", `${error.message} Move it away, or choose another data directory.`];
	if (error instanceof DeletionError) return ["data-undeleted", error.message];
	if (error instanceof StorageError) return ["database", error.message];
	if (error instanceof MoveError) return ["data-unmoved", error.message];
	if (error instanceof ProfileError) return ["profile-invalid", error.message];
	return ["unexpected", `The daemon could not start: ${messageOf(error)}`];
}

function codeOf(error: unknown): string {
	return String((error as NodeJS.ErrnoException).code);
}

function syscallOf(error: unknown): unknown {
	return (Object(error) as NodeJS.ErrnoException).syscall;
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function report(line: object, words: string, exitCode: number): void {
	process.stdout.write(`${JSON.stringify(line)}\n`);
	process.stderr.write(`${words}\n`);
	process.exitCode = exitCode;
}
