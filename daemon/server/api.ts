/** Puts the routes behind Express: reads each request as its route says, lets the rule answer, and says what went wrong. */
import { randomUUID } from "node:crypto";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import * as z from "zod";
import type { Problem } from "../contract.ts";
import type { IfMatch } from "../rules/authority.ts";
import type { Caller } from "../rules/callers.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { AddressOf } from "./client-address.ts";
import { challenge, credentialsOf } from "./credentials.ts";
import { oauthRoutes } from "./oauth.ts";
import { openApiOf } from "./openapi.ts";
import { parse, problemFrom, problemOf, sendProblem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { apiRoutes, type RouteParts } from "./routes.ts";

export interface ApiOptions extends RouteParts {
	/** Where the daemon is reached; known once it listens. */
	url: () => string;
	addressOf: AddressOf;
	log: RequestLog;
}

/** What is told of requests. Never a header, a query or a body: each may hold a secret. */
export interface RequestLog {
	info: (facts: object, message: string) => void;
	error: (facts: object, message: string) => void;
}

const maximumBodyBytes = 64 * 1024;
const nothing = z.strictObject({});

export function createApi(options: ApiOptions): Express {
	const app = express();
	app.disable("x-powered-by").disable("etag").set("query parser", "simple");
	app.use((request: Request, response: Response, next: NextFunction) => {
		response.locals.requestId = randomUUID();
		response.set("X-Request-Id", response.locals.requestId);
		response.once("finish", () => tell(options, request, response));
		next();
	});
	register(app, allRoutes(options), options);
	app.use((_request: Request, response: Response) => {
		const detail = "There is no such route; /openapi.json names those that there are.";
		sendProblem(response, problemOf("not-found", detail, instanceOf(response)));
	});
	app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
		answerError(error, request, response, options.log);
	});
	return app;
}

function allRoutes(options: ApiOptions): Route[] {
	const routes = [...apiRoutes(options), ...oauthRoutes(options.authority, options.url)];
	let document: object | undefined;
	const openApi = route({
		method: "get",
		path: "/openapi.json",
		summary: "This document.",
		caller: "none",
		answers: { status: 200, description: "OpenAPI 3.1", schema: z.looseObject({}) },
		handle: () => {
			document ??= openApiOf([...routes, openApi], { version: options.version, url: options.url() });
			return { body: document };
		},
	});
	return [...routes, openApi];
}

/** Any method that a path lacks is answered with those that it has. */
function register(app: Express, routes: readonly Route[], options: ApiOptions): void {
	const limits = { limit: maximumBodyBytes, inflate: false };
	const bodyParsers = [express.json(limits), express.urlencoded({ ...limits, extended: false })];
	for (const [path, same] of Map.groupBy(routes, (one) => one.path)) {
		const chain = app.route(path.replace(/\{(\w+)\}/g, ":$1"));
		// First, so that a body which can't be read is counted and logged by its route too.
		chain.all(
			(_request, response, next) => {
				response.locals.path = path;
				next();
			},
			...bodyParsers,
		);
		for (const one of same) chain[one.method]((request, response) => serve(one, request, response, options));
		const allow = same.map((one) => one.method.toUpperCase()).join(", ");
		chain.all((_request, response) => {
			const problem = problemOf("method-not-allowed", `This path takes ${allow}.`, instanceOf(response));
			sendProblem(response, problem, { Allow: allow });
		});
	}
}

async function serve(route: Route, request: Request, response: Response, options: ApiOptions): Promise<void> {
	const caller = callerFor(route, request, options);
	const query = parse(route.query ?? nothing, request.query, "query");
	const body = route.body === undefined ? undefined : parse(route.body, bodyOf(route, request), "body");
	const ifMatch = ifMatchOf(route, request);
	const param = (name: string) => String(request.params[name]);
	const reply = await route.handle({ caller, query, body, param, ifMatch, request, response });
	if (reply === undefined) return;
	const { status = 200, headers, body: answer } = reply;
	const common = { "Cache-Control": "no-store", ...headers };
	if (answer === undefined) return void response.writeHead(status, common).end();
	// Express's own `json` looks at settings and headers that say nothing here, and takes three times as long.
	const text = JSON.stringify(answer);
	const described = {
		"Content-Type": "application/json; charset=utf-8",
		"Content-Length": Buffer.byteLength(text),
	};
	response.writeHead(status, { ...described, ...common }).end(text);
}

function callerFor(route: Route, request: Request, { authority, addressOf }: ApiOptions): Caller {
	const credentials = credentialsOf(request, addressOf);
	if (route.caller === "rotator") return authority.rotatorOf(credentials, String(request.params.id));
	// Shown where none are needed, they still have to be right.
	if (route.caller === "none" && credentials.secret === undefined) return nobody;
	return authority.callerOf(credentials, route.caller === "none" ? "token" : route.caller);
}

const nobody: Caller = { user: { userId: "nobody", userName: "nobody" }, token: undefined };

function bodyOf(route: Route, request: Request): unknown {
	// `is` answers null without a body: then the schema says what is missing.
	if (request.is(route.accepts) === false) {
		throw new RuleError("media-type-unsupported", `Send the body as ${route.accepts}.`);
	}
	return request.body;
}

/** RFC 9110 section 13.1.1, of which a list of tags is of no use here. */
function ifMatchOf(route: Route, request: Request): IfMatch {
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

function answerError(error: unknown, request: Request, response: Response, log: RequestLog): void {
	const oauth = request.path.startsWith("/oauth2/");
	const found = problemFrom(error);
	const problem = {
		...found,
		...instanceOf(response),
		...(oauth && oauthErrorOf(found.status, found.detail)),
	};
	if (problem.status >= 500)
		log.error({ err: error, request: response.locals.requestId }, "a request failed");
	if (response.headersSent) return void response.destroy();
	const asked = challengeOf(problem, request);
	sendProblem(response, problem, {
		...(asked !== undefined && { "WWW-Authenticate": asked }),
		// RFC 6749 section 5.2 wants this media type, and standard clients read no other.
		...(oauth && { "Content-Type": "application/json" }),
	});
}

/** RFC 6750 section 3; whoever came with HTTP Basic is asked in the same way (RFC 6749 section 5.2). */
function challengeOf({ status, code, detail }: Problem, request: Request): string | undefined {
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

function instanceOf(response: Response): { instance: string } {
	return { instance: `urn:uuid:${response.locals.requestId}` };
}

function tell({ metrics, log }: ApiOptions, request: Request, response: Response): void {
	const { requestId, path = "unknown" } = response.locals;
	metrics.countRequest(request.method, path, response.statusCode);
	// Who reads changes nothing, and there is much of it.
	if (request.method === "GET" || request.method === "HEAD") return;
	log.info(
		{ request: requestId, method: request.method, route: path, status: response.statusCode },
		"request",
	);
}
