/**
 * Answers one request by its route: authenticates the caller, validates the request against the route's schemas, calls
 * the handler and writes its reply or a problem. Shared by the direct handler and Express. Knows no Express.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import type { Problem } from "../contract.ts";
import { staleHeader } from "../facts.ts";
import type { Authority } from "../rules/authority.ts";
import type { Caller } from "../rules/callers.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { Store } from "../store/store.ts";
import { accessOf } from "./access.ts";
import type { AddressOf } from "./client-address.ts";
import { challenge, credentialsOf } from "./credentials.ts";
import type { Metrics } from "./metrics.ts";
import { recognize } from "./peers.ts";
import { ifMatchOf, isReadByVersion, replyIfChanged } from "./preconditions.ts";
import { parse, problemFrom, sendProblem } from "./problem.ts";
import type { RequestLines } from "./request-lines.ts";
import type { Route } from "./route.ts";
import type { StrangerLimit } from "./strangers.ts";

export interface AnswerOptions {
	authority: Authority;
	metrics: Metrics;
	addressOf: AddressOf;
	lines: RequestLines;
	strangers?: StrangerLimit | undefined;
	store: Pick<Store, "staleSeconds">;
}

/** A request that is being answered. */
export interface Exchange {
	readonly id: string;
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	/** The route's path template, for example `/v1/api-tokens/{id}`. */
	path: string;
}

/** The parts of a request that its handler has read, not yet validated. */
export interface RequestParts {
	query: unknown;
	/** Reads the body. Called only once the caller is authenticated, so that no body of a stranger is read. */
	body: () => Promise<unknown>;
	/** A path parameter, decoded. */
	param: (name: string) => string;
}

const emptyQuery = z.strictObject({});

export function begin(
	request: IncomingMessage,
	response: ServerResponse,
	options: AnswerOptions,
	path = "unknown",
): Exchange {
	const exchange: Exchange = { id: randomUUID(), request, response, path };
	response.once("finish", () => recordRequest(exchange, options));
	return exchange;
}

/** Rejects with the error for `answerError`. */
export async function answer(
	route: Route,
	parts: RequestParts,
	{ id, request, response }: Exchange,
	options: AnswerOptions,
): Promise<void> {
	const { param } = parts;
	if (route.isAnsweredStale) markStale(response, options.store);
	const identified = await callerFor(route, request, param, options);
	const caller = { ...identified, access: accessOf(request) };
	const query = parse(route.query ?? emptyQuery, parts.query, "query");
	const body =
		route.body === undefined ? undefined : parse(route.body, await bodyOf(parts, request, response), "body");
	const ifMatch = ifMatchOf(route, request);
	const reply = await route.handle({ caller, query, body, param, ifMatch, response });
	if (reply === undefined) return;
	const {
		status = 200,
		headers,
		body: replyBody,
	} = isReadByVersion(route) ? replyIfChanged(request, reply) : reply;
	const commonHeaders = { "X-Request-Id": id, "Cache-Control": "no-store", ...headers };
	if (replyBody === undefined) return void response.writeHead(status, commonHeaders).end();
	const text = JSON.stringify(replyBody);
	const contentHeaders = {
		"Content-Type": "application/json; charset=utf-8",
		"Content-Length": Buffer.byteLength(text),
	};
	response.writeHead(status, { ...contentHeaders, ...commonHeaders }).end(text);
}

function markStale(response: ServerResponse, store: AnswerOptions["store"]): void {
	const staleSeconds = store.staleSeconds();
	if (staleSeconds !== undefined) response.setHeader(staleHeader, String(staleSeconds));
}

/** A client that waits with its body sends it now. */
function bodyOf(parts: RequestParts, request: IncomingMessage, response: ServerResponse): Promise<unknown> {
	if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
	return parts.body();
}

export function answerError(error: unknown, exchange: Exchange, lines: RequestLines): void {
	const { id, request, response } = exchange;
	const oauth = request.url?.startsWith("/oauth2/") === true;
	const found = problemFrom(error);
	const problem = {
		...found,
		...instanceOf(exchange),
		...(oauth && oauthErrorOf(found.status, found.detail)),
	};
	// What another system answered is no failure of this daemon, and may be anything.
	if (problem.status >= 500 && !(error instanceof RuleError)) lines.failed({ err: error, request: id });
	if (response.headersSent) return void response.destroy();
	const authenticate = challengeOf(problem, request);
	const retryAfter = error instanceof RuleError ? error.retryAfterSeconds : undefined;
	sendProblem(response, problem, {
		...(authenticate !== undefined && { "WWW-Authenticate": authenticate }),
		...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
		// RFC 6749 section 5.2 requires this media type, and standard clients accept no other.
		...(oauth && { "Content-Type": "application/json" }),
	});
}

export function instanceOf({ id }: Exchange): { instance: string } {
	return { instance: `urn:uuid:${id}` };
}

async function callerFor(
	route: Route,
	request: IncomingMessage,
	param: RequestParts["param"],
	{ authority, addressOf, strangers }: AnswerOptions,
): Promise<Caller> {
	const credentials = credentialsOf(request, addressOf);
	// Where credentials are optional, wrong ones are still refused.
	if (route.caller === "none" && credentials.secret === undefined) return anonymous;
	const judgement = route.isAnsweredStale ? "stale-allowed" : "current";
	const caller = await (route.caller === "rotator"
		? authority.access.rotatorOf(credentials, param("id"))
		: authority.access.callerOf(credentials, route.caller === "none" ? "token" : route.caller, judgement));
	recognize(request, caller.token?.id ?? caller.administrator?.id ?? "owner");
	strangers?.know(credentials.address);
	return caller;
}

const anonymous: Caller = { user: { userId: "anonymous", userName: "anonymous" }, token: undefined };

/** RFC 6750 section 3; a caller that used HTTP Basic gets a Basic challenge (RFC 6749 section 5.2). */
function challengeOf({ status, code, detail }: Problem, request: IncomingMessage): string | undefined {
	const basic = request.headers.authorization?.toLowerCase().startsWith("basic ") === true;
	if (code === "permission-missing" && !basic) {
		return challenge({ error: "insufficient_scope", error_description: detail });
	}
	if (status !== 401) return undefined;
	if (basic) return 'Basic realm="tokensmith"';
	return code === "credentials-missing"
		? challenge()
		: challenge({ error: "invalid_token", error_description: detail });
}

/** RFC 6749 section 5.2, which RFC 7009 and RFC 7662 refer to. */
function oauthErrorOf(status: number, detail: string) {
	const error =
		status === 401 ? "invalid_client" : status === 403 ? "unauthorized_client" : "invalid_request";
	return { error: status >= 500 ? "server_error" : error, error_description: detail };
}

function recordRequest({ id, request, response, path }: Exchange, { metrics, lines }: AnswerOptions): void {
	const { method = "" } = request;
	metrics.countRequest(method, path, response.statusCode);
	// Reads change nothing and are too many to log.
	if (method === "GET" || method === "HEAD") return;
	lines.answered({ request: id, method, route: path, status: response.statusCode });
}
