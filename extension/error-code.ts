/** What Node calls the failure of a system call. */

/** `ENOENT` and the like; undefined: it is another kind of error. */
export function codeOf(error: unknown): string | undefined {
	return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
