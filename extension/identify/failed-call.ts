/**
 * Parses the response of a failed call: a status line, a `WWW-Authenticate` header (RFC 6750), a problem (RFC 9457), or
 * any of them in curl's output, even on a single line. Knows no VS Code.
 */
import { type ProblemCode, problemStatus, type RefusalReason } from "../../daemon/contract.ts";

export interface FailedCall {
	readonly status: number | undefined;
	/** Whether the response is from Tokensmith: its realm, or one of its codes. */
	readonly isOurs: boolean;
	readonly code: ProblemCode | undefined;
	/** Why the verification failed. */
	readonly reason: RefusalReason | undefined;
	/** Permissions or resources. */
	readonly missing: readonly string[];
	/** The response's own explanation. */
	readonly detail: string | undefined;
	/** The error code of RFC 6750 section 3.1. */
	readonly bearerError: string | undefined;
}

const reasonOfCode: Partial<Record<ProblemCode, RefusalReason>> = {
	"token-malformed": "malformed",
	"token-unknown": "unknown",
	"token-revoked": "revoked",
	"token-disabled": "disabled",
	"token-expired": "expired",
	"address-not-allowed": "address",
	"permission-missing": "permission",
	"resource-not-granted": "resource",
};

/** undefined: the text contains no failed call. */
export function readFailedCall(text: string): FailedCall | undefined {
	const body = readBody(text);
	const challenge = readChallenge(text);
	const code =
		typeof body?.code === "string" && Object.hasOwn(problemStatus, body.code) ? body.code : undefined;
	const status =
		statusOf(text, body, code as ProblemCode | undefined) ?? (challenge === undefined ? undefined : 401);
	const isTold = code !== undefined || challenge !== undefined;
	if (!isTold && (status === undefined || status < 400)) return undefined;
	return {
		...{ status, code: code as ProblemCode | undefined },
		isOurs: code !== undefined || challenge?.realm === "tokensmith",
		reason: reasonOf(body, code as ProblemCode | undefined, challenge),
		missing: missingOf(body, challenge),
		detail: detailOf(body, challenge),
		bearerError: challenge?.error,
	};
}

function statusOf(
	text: string,
	body: Record<string, unknown> | undefined,
	code: ProblemCode | undefined,
): number | undefined {
	// The last status counts: earlier ones may come from a proxy.
	const line = [...text.matchAll(/\bHTTP\/\d(?:\.\d)?\s+(\d{3})/g)].at(-1)?.[1];
	if (line !== undefined) return Number(line);
	const shapes = [
		/^\s*([45]\d\d)\s*(?:$|[A-Z])/,
		/\bstatus(?:[ _]?code)?["':= ]{1,5}([45]\d\d)\b/i,
		/\b(?:error|code|returned|answered|failed with)[: ]{1,3}([45]\d\d)\b/i,
		/\b(401|403) (?:Unauthorized|Forbidden)\b/i,
	];
	for (const shape of shapes) {
		const found = shape.exec(text)?.[1];
		if (found !== undefined) return Number(found);
	}
	if (code !== undefined) return problemStatus[code];
	return typeof body?.status === "number" ? body.status : undefined;
}

/** The first JSON object in the text. */
function readBody(text: string): Record<string, unknown> | undefined {
	const start = text.indexOf("{");
	const end = text.lastIndexOf("}");
	if (start === -1 || end < start) return undefined;
	try {
		const body: unknown = JSON.parse(text.slice(start, end + 1));
		return typeof body === "object" && body !== null ? { ...body } : undefined;
	} catch (error) {
		// Not every text with braces is JSON. The parser's message would quote it.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function readChallenge(text: string): Record<string, string> | undefined {
	const found =
		/(?:www-authenticate:[ \t]*|^[ \t]*)(bearer|basic)\b(\s+\w+="[^"]*"(?:\s*,\s*\w+="[^"]*")*)?/im.exec(
			text,
		);
	if (found === null || (!/www-authenticate/i.test(found[0]) && found[2] === undefined)) return undefined;
	const parts = [...(found[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)];
	return Object.fromEntries(parts.map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}

const reasons: readonly string[] = Object.values(reasonOfCode);

function reasonOf(
	body: Record<string, unknown> | undefined,
	code: ProblemCode | undefined,
	challenge: Record<string, string> | undefined,
): RefusalReason | undefined {
	if (typeof body?.reason === "string" && reasons.includes(body.reason)) return body.reason as RefusalReason;
	if (code !== undefined) return reasonOfCode[code];
	// Without a body there is only the scope, which is sent if a permission is missing.
	if (challenge?.error === "insufficient_scope" && challenge.scope) return "permission";
	return undefined;
}

function missingOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string[] {
	if (Array.isArray(body?.missing)) return body.missing.filter((one) => typeof one === "string").slice(0, 50);
	return (challenge?.scope ?? "").split(" ").filter((one) => one !== "");
}

function detailOf(
	body: Record<string, unknown> | undefined,
	challenge: Record<string, string> | undefined,
): string | undefined {
	const texts = [
		body?.detail,
		body?.error_description,
		body?.message,
		challenge?.error_description,
		body?.error,
	];
	return texts.find((text) => typeof text === "string" && text !== "") as string | undefined;
}
