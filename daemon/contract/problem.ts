/** How every failure is answered. */
import * as z from "zod";
import { type ProblemCode, problemStatus } from "../facts.ts";
import { refusalReason } from "./verification.ts";

/** One invalid field: `pointer` is an RFC 6901 JSON pointer into the body, or `?name` for a query parameter. */
const fieldError = z.strictObject({ pointer: z.string(), detail: z.string() });
export type FieldError = z.output<typeof fieldError>;

/** The body of every failure, `application/problem+json` (RFC 9457). */
export const problem = z.strictObject({
	type: z.string(),
	title: z.string(),
	status: z.int(),
	code: z.enum(Object.keys(problemStatus) as [ProblemCode, ...ProblemCode[]]),
	/** What is wrong and what to do about it, for the user. */
	detail: z.string(),
	/** The request's id, as in the daemon's log. */
	instance: z.string(),
	errors: z.array(fieldError).exactOptional(),
	/** Why a verification failed. */
	reason: refusalReason.exactOptional(),
	/** The permissions or resources that the token lacks. */
	missing: z.array(z.string()).exactOptional(),
	/** On the OAuth routes: the error code of RFC 6749 section 5.2. */
	error: z.string().exactOptional(),
	error_description: z.string().exactOptional(),
});
export type Problem = z.output<typeof problem>;
