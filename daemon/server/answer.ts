/**
 * One request and its route: who asks, whether what is asked has the route's shape, what the rule answers, and what is
 * said when something is wrong. The same whichever door has read the request. Knows no Express.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import type { Problem } from "../contract.ts";
import type { Authority, IfMatch } from "../rules/authority.ts";
import type { Caller } from "../rules/callers.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { AddressOf } from "./client-address.ts";
import { challenge, credentialsOf } from "./credentials.ts";
import type { Metrics } from "./metrics.ts";
import { parse, problemFrom, sendProblem } from "./problem.ts";
import type { Route } from "./route.ts";

export interface AnswerOptions {
	authority: Authority;
	metrics: Metrics;
	addressOf: AddressOf;
	log: RequestLog;
}

/** What is told of requests. Never a header, a query or a body: each may hold a secret. */
export interface RequestLog {
	info: (facts: object, message: string) => void;
	error: (facts: object, message: string) => void;
}

/** A request that is being answered. */
export interface Exchange {
	readonly id: string;
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	/** As the table of routes writes it. */
	path: string;
}

/** What a door has read of a request. */
export interface Asked {
	query: unknown;
	/** Read only once it is known who asks. */
	body: () => unknown;
	/** A part of the path, decoded. */
	param: (name: string) => string;
}

const nothing = z.strictObject({});

export function begin(
	request: IncomingMessage,
	response: ServerResponse,
	options: AnswerOptions,
	path = "unknown",
): Exchange {
	const exchange: Exchange = { id: randomUUID(), request, response, path };
	response.once("finish", () => tell(exchange, options));
	return exchange;
}

/** Rejects with what is to be told by `answerError`. */
export async function answer(
	route: Route,
	asked: Asked,
	{ id, request, response }: Exchange,
	options: AnswerOptions,
): Promise<void> {
	const { param } = asked;
	const caller = callerFor(route, request, param, options);
	const query = parse(route.query ?? nothing, asked.query, "query");
	const body = route.body === undefined ? undefined : parse(route.body, asked.body(), "body");
	const ifMatch = ifMatchOf(route, request);
	const reply = await route.handle({ caller, query, body, param, ifMatch, response });
	if (reply === undefined) return;
	const { status = 200, headers, body: answered } = reply;
	const common = { "X-Request-Id": id, "Cache-Control": "no-store", ...headers };
	if (answered === undefined) return void response.writeHead(status, common).end();
	const text = JSON.stringify(answered);
	const described = {
		"Content-Type": "application/json; charset=utf-8",
		"Content-Length": Buffer.byteLength(text),
	};
	response.writeHead(status, { ...described, ...common }).end(text);
}

export function answerError(error: unknown, exchange: Exchange, log: RequestLog): void {
	const { id, request, response } = exchange;
	const oauth = request.url?.startsWith("/oauth2/") === true;
	const found = problemFrom(error);
	const problem = {
		...found,
		...instanceOf(exchange),
		...(oauth && oauthErrorOf(found.status, found.detail)),
	};
	if (problem.status >= 500) log.error({ err: error, request: id }, "a request failed");
	if (response.headersSent) return void response.destroy();
	const asked = challengeOf(problem, request);
	sendProblem(response, problem, {
		...(asked !== undefined && { "WWW-Authenticate": asked }),
		// RFC 6749 section 5.2 wants this media type, and standard clients read no other.
		...(oauth && { "Content-Type": "application/json" }),
	});
}

export function instanceOf({ id }: Exchange): { instance: string } {
	return { instance: `urn:uuid:${id}` };
}

function callerFor(
	route: Route,
	request: IncomingMessage,
	param: Asked["param"],
	{ authority, addressOf }: AnswerOptions,
): Caller {
	const credentials = credentialsOf(request, addressOf);
	if (route.caller === "rotator") return authority.rotatorOf(credentials, param("id"));
	// Shown where none are needed, they still have to be right.
	if (route.caller === "none" && credentials.secret === undefined) return nobody;
	return authority.callerOf(credentials, route.caller === "none" ? "token" : route.caller);
}

const nobody: Caller = { user: { userId: "nobody", userName: "nobody" }, token: undefined };

/** RFC 9110 section 13.1.1, of which a list of tags is of no use here. */
function ifMatchOf(route: Route, request: IncomingMessage): IfMatch {
	const header = request.headers["if-match"];
	if (route.ifMatch === "ignored") return "any";
	if (header === undefined) {
		if (route.ifMatch === "optional") return "any";
		throw new RuleError("version-missing", "Send If-Match with the ETag of the version that you have seen.");
	}
	if (header.trim() === "*") return "any";
	const version = /^\s*"(\d+)"\s*$/.exec(header)?.[1];
	if (version !== undefined) return Number(version);
	throw new RuleError(
		"version-stale",
		'If-Match has to hold an ETag that this daemon gave, for example "3".',
	);
}

/** RFC 6750 section 3; whoever came with HTTP Basic is asked in the same way (RFC 6749 section 5.2). */
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

function tell({ id, request, response, path }: Exchange, { metrics, log }: AnswerOptions): void {
	const { method = "" } = request;
	metrics.countRequest(method, path, response.statusCode);
	// Who reads changes nothing, and there is much of it.
	if (method === "GET" || method === "HEAD") return;
	log.info({ request: id, method, route: path, status: response.statusCode }, "request");
}
