/** The one error of the rules. Its message is for the caller's user. */
import type { FieldError } from "../contract.ts";
import type { ProblemCode } from "../facts.ts";

export class RuleError extends Error {
	readonly code: ProblemCode;
	readonly errors: readonly FieldError[];
	readonly retryAfterSeconds: number | undefined;

	constructor(
		code: ProblemCode,
		message: string,
		options: { errors?: FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
	) {
		super(message, { cause: options.cause });
		this.name = "RuleError";
		this.code = code;
		this.errors = options.errors ?? [];
		this.retryAfterSeconds = options.retryAfterSeconds;
	}
}
