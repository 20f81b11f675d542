/** The error responses of the OpenAPI document: which problems each operation answers with, derived from its route. */
import { STATUS_CODES } from "node:http";
import { type ProblemCode, problemStatus } from "../../facts.ts";
import { isReadByVersion } from "../preconditions.ts";
import type { Route } from "../route.ts";
import { type Json, referTo } from "./components.ts";

export type ProblemSource = Pick<
	Route,
	"method" | "path" | "caller" | "body" | "accepts" | "access" | "ifMatch" | "problems" | "answers"
>;

const refusedToken = [
	"token-malformed",
	"token-unknown",
	"token-revoked",
	"token-disabled",
	"token-in-doubt",
	"token-expired",
	"address-not-allowed",
] as const;

const meanings: Readonly<Record<number, string>> = {
	400: "The request is not valid.",
	401: "The credentials are missing or not valid.",
	403: "The caller may not do this.",
	404: "The path or the filter matches nothing.",
	409: "The current state does not allow this.",
	412: "The token has another version than `If-Match`.",
	413: "The body is larger than 64 KiB.",
	415: "The body has an unsupported media type or encoding.",
	428: "`If-Match` is missing.",
	429: "There are too many for now; `Retry-After` says when to try again.",
	503: "A shared server can't reach its database; `Retry-After` says when to try again.",
	500: "An unexpected error. The daemon's log has the details.",
	502: "The other system refused, or could not be reached.",
	504: "The other system gave no answer, or a shared server lost its database in the middle of the change: what was requested may have been done.",
	507: "The daemon could not write to its disk.",
};

/** Paths of those who watch the daemon. */
const unlimited = ["/healthz", "/readyz"];

const refusedPage = ["host-not-allowed", "origin-not-allowed"] as const;

/** Every problem that the operation can answer with. */
export function problemsOf(route: ProblemSource): ProblemCode[] {
	const { caller, body, accepts, access, ifMatch, path } = route;
	// It reads no credentials, and containers call it by other names.
	if (path === "/v1/identity")
		return [
			"invalid-request",
			"internal-error",
			"origin-not-allowed",
			"too-many-requests",
			...route.problems,
		];
	const codes: ProblemCode[] = ["invalid-request", "internal-error", ...refusedToken, ...route.problems];
	// A credential has to be verified, also where none is needed.
	codes.push("database-unreachable");
	if (!unlimited.includes(path)) codes.push("too-many-requests");
	if (route.problems.includes("storage-failed")) codes.push("change-uncertain");
	// The endpoint of verifications accepts what proxies forward.
	if (path !== "/v1/verify") codes.push(...refusedPage);
	if (caller !== "none") codes.push("credentials-missing");
	if (caller === "owner") codes.push("owner-only");
	else if (caller !== "none" && caller !== "token") codes.push("permission-missing");
	if (body !== undefined) codes.push("body-too-large", "media-type-unsupported");
	if (body !== undefined && accepts === "application/json") codes.push("invalid-json");
	if (ifMatch !== "ignored" || isReadByVersion(route)) codes.push("version-stale");
	if (ifMatch === "needed") codes.push("version-missing");
	if (access !== "ignored") codes.push("credential-needed", "owner-only");
	return codes;
}

/** The operation's error responses by status, each with the codes that the operation can answer with. */
export function errorResponsesOf(route: ProblemSource): Json {
	const byStatus = Map.groupBy(problemsOf(route), (code) => problemStatus[code]);
	return Object.fromEntries(
		[...byStatus].map(([status, codes]) => [
			status,
			{
				...referTo("responses", (isOAuth(route) ? "OAuth" : "") + nameOf(status)),
				description: `${codes.length === 1 ? "Code" : "Codes"}: ${codes
					.sort()
					.map((code) => `\`${code}\``)
					.join(", ")}.`,
			},
		]),
	);
}

/** The document's `components.responses`: one for each status, and one for each status of the OAuth routes. */
export function errorResponses(routes: readonly ProblemSource[]): Json {
	const oauth = statusesOf(routes.filter(isOAuth));
	const others = statusesOf(routes.filter((route) => !isOAuth(route)));
	return Object.fromEntries([
		...others.map((status) => [nameOf(status), errorResponse(status, "problem")]),
		...oauth.map((status) => [`OAuth${nameOf(status)}`, errorResponse(status, "oauth")]),
	]);
}

function statusesOf(routes: readonly ProblemSource[]): number[] {
	const statuses = new Set(routes.flatMap(problemsOf).map((code) => problemStatus[code]));
	return [...statuses].sort();
}

function errorResponse(status: number, form: "problem" | "oauth"): Json {
	const codes = Object.keys(problemStatus).filter((code) => problemStatus[code as ProblemCode] === status);
	const narrowed = { properties: { code: { type: "string", enum: codes } } };
	const problem = { schema: { allOf: [referTo("schemas", "Problem"), narrowed] } };
	const oauthProblem = {
		schema: {
			allOf: [referTo("schemas", "Problem"), { ...narrowed, required: ["error", "error_description"] }],
		},
	};
	const challenged = status === 401 || status === 403;
	return {
		description: meanings[status],
		headers: {
			"X-Request-Id": referTo("headers", "X-Request-Id"),
			...((status === 429 || status === 503) && { "Retry-After": referTo("headers", "Retry-After") }),
			...(challenged && { "WWW-Authenticate": referTo("headers", "WWW-Authenticate") }),
		},
		content: {
			// RFC 6749 section 5.2 requires plain JSON. Web pages and targets that can't be read are refused before that, at
			// every route alike.
			...(form === "oauth" && { "application/json": oauthProblem }),
			...((form === "problem" || status === 400 || status === 403) && {
				"application/problem+json": problem,
			}),
		},
	};
}

function nameOf(status: number): string {
	return (STATUS_CODES[status] ?? String(status)).replace(/[^A-Za-z]/g, "");
}

function isOAuth({ path }: ProblemSource): boolean {
	return path.startsWith("/oauth2/");
}
