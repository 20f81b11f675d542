/** The one error that a rule answers with when it says no. Its message is for the person who asked. */
import type { FieldError } from "../contract.ts";
import type { ProblemCode } from "../facts.ts";

export class RuleError extends Error {
	readonly code: ProblemCode;
	readonly errors: readonly FieldError[];

	constructor(code: ProblemCode, message: string, options: { errors?: FieldError[]; cause?: unknown } = {}) {
		super(message, { cause: options.cause });
		this.name = "RuleError";
		this.code = code;
		this.errors = options.errors ?? [];
	}
}
