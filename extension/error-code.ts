/** The error codes of Node's system calls. */

/** `ENOENT` and the like; undefined for any other kind of error. */
export function codeOf(error: unknown): string | undefined {
	return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
