/** The error class of wrong usage, which has an exit code of its own. */
/** Wrong arguments. The message says what to write instead, and repeats no argument. */
export class UsageError extends Error {
	constructor(message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = "UsageError";
	}
}
