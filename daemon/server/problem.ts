/** Writes every failure as `application/problem+json` (RFC 9457), and decides what each one may reveal. */
import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { z } from "zod";
import type { FieldError, Problem } from "../contract.ts";
import { type ProblemCode, problemStatus } from "../facts.ts";
import { fieldWords } from "../field-words.ts";
import { RuleError } from "../rules/rule-error.ts";
import { ChangeUncertain, StorageError, StoreUnreachable } from "../store/store.ts";
import { guardsOf } from "./guard-headers.ts";

/** @param extra additional members, or other values for the standard ones. */
export function problemOf(code: ProblemCode, detail: string, extra: Partial<Problem> = {}): Problem {
	const status = problemStatus[code];
	const title = STATUS_CODES[status] ?? "Error";
	return { type: "about:blank", title, status, code, detail, instance: `urn:uuid:${randomUUID()}`, ...extra };
}

export function sendProblem(
	response: ServerResponse,
	problem: Problem,
	headers: Record<string, string> = {},
): void {
	const body = Buffer.from(JSON.stringify(problem));
	response.writeHead(problem.status, {
		"Content-Type": "application/problem+json",
		"Content-Length": body.length,
		"Cache-Control": "no-store",
		"X-Request-Id": problem.instance.replace("urn:uuid:", ""),
		...(problem.code === "database-unreachable" && { "Retry-After": "1" }),
		...guardsOf(response.req),
		...headers,
	});
	response.end(body);
}

/** The problem for a thrown error; `internal-error` reveals nothing about it. */
export function problemFrom(error: unknown): Problem {
	if (error instanceof RuleError) {
		return problemOf(error.code, error.message, error.errors.length > 0 ? { errors: [...error.errors] } : {});
	}
	if (error instanceof ChangeUncertain) return problemOf("change-uncertain", error.message);
	if (error instanceof StoreUnreachable)
		return problemOf("database-unreachable", `${error.message} Try again in a moment.`);
	if (error instanceof StorageError) {
		return problemOf("storage-failed", `${error.message} Is the disk full, or the data directory read-only?`);
	}
	return (
		bodyProblem(error) ??
		problemOf("internal-error", "An unexpected error occurred; the daemon's log has the details.")
	);
}

/** The value as its schema parses it. @throws RuleError `invalid-request` with a pointer to each invalid field. */
export function parse<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
	from: "body" | "query" | "path",
): z.output<Schema> {
	const parsed = schema.safeParse(value, { error: fieldWords });
	if (parsed.success) return parsed.data;
	const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, from));
	const names = errors
		.map(({ pointer, detail }) => `${pointer === "" ? "The body" : pointer}: ${detail}`)
		.join("; ");
	throw new RuleError("invalid-request", `The request is not valid. ${names}`, { errors });
}

function fieldErrors(issue: z.core.$ZodIssue, from: "body" | "query" | "path"): FieldError[] {
	const path = issue.path.map(String);
	if (issue.code === "unrecognized_keys") {
		return issue.keys.map((key) => ({
			pointer: pointerTo([...path, key], from),
			detail: from === "query" ? "is not a known parameter" : "is not a known field",
		}));
	}
	if (issue.code === "invalid_union") {
		const inBranch = likeliestBranch(issue.errors);
		if (inBranch !== undefined) {
			return inBranch.flatMap((one) => fieldErrors({ ...one, path: [...issue.path, ...one.path] }, from));
		}
	}
	const detail = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
	return [{ pointer: pointerTo(path, from), detail: detail ?? issue.message }];
}

/** What is wrong with the one form that the value is closest to; undefined if it could be several. */
function likeliestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
	const isOtherKind = (issue: z.core.$ZodIssue) => issue.code === "invalid_type" && issue.path.length === 0;
	const mistakes = (issues: z.core.$ZodIssue[]) =>
		issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);
	const close = branches.filter((issues) => !issues.some(isOtherKind));
	const fewest = Math.min(...close.map(mistakes));
	const best = close.filter((issues) => mistakes(issues) === fewest);
	return best.length === 1 ? best[0] : undefined;
}

function pointerTo(path: readonly string[], from: "body" | "query" | "path"): string {
	if (from === "query") return `?${path.join(".")}`;
	return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Express and its body parser mark a client's mistake with a `type` or a `status`. */
function bodyProblem(error: unknown): Problem | undefined {
	if (!(error instanceof Error)) return undefined;
	const { type, status } = error as { type?: string; status?: number };
	if (type === "entity.too.large") return problemOf("body-too-large", "The body is larger than 64 KiB.");
	if (type === "encoding.unsupported" || type === "charset.unsupported") {
		return problemOf("media-type-unsupported", "Send JSON in UTF-8, without a content encoding.");
	}
	if (type === "entity.parse.failed") return problemOf("invalid-json", "The body must be a JSON object.");
	if (status !== undefined && status >= 400 && status < 500) {
		return problemOf("invalid-request", "The request could not be parsed.");
	}
	return undefined;
}
