/** One mistake has a class of its own, for it has an exit code of its own. */
/** The command can't be understood. The message says what to write instead, and repeats no argument. */
export class UsageError extends Error {
	constructor(message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = "UsageError";
	}
}
