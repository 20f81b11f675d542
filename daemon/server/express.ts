/**
 * Serves the routes with Express, which matches paths, reads bodies of every permitted form, and answers unknown paths
 * and methods.
 */
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { RuleError } from "../rules/rule-error.ts";
import { type AnswerOptions, answer, answerError, begin, type Exchange, instanceOf } from "./answer.ts";
import { problemOf, sendProblem } from "./problem.ts";
import { maximumBodyBytes, type Route } from "./route.ts";

export function behindExpress(routes: readonly Route[], options: AnswerOptions): Express {
	const app = express();
	app.disable("x-powered-by").disable("etag").set("query parser", "simple");
	// A path has one spelling, so that a proxy's rule for it can't be passed by with another.
	app.enable("case sensitive routing").enable("strict routing");
	app.use((request: Request, response: Response, next: NextFunction) => {
		const exchange = begin(request, response, options);
		// Here for handlers that write their own response.
		response.setHeader("X-Request-Id", exchange.id);
		response.locals.exchange = exchange;
		next();
	});
	register(app, routes, options);
	app.use((_request: Request, response: Response) => {
		const detail = "This route does not exist; /openapi.json lists all routes.";
		sendProblem(response, problemOf("not-found", detail, instanceOf(exchangeOf(response))));
	});
	app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
		answerError(error, exchangeOf(response), options.lines);
	});
	return app;
}

const limits = { limit: maximumBodyBytes, inflate: false };
const bodyParsers = {
	"application/json": express.json(limits),
	"application/x-www-form-urlencoded": express.urlencoded({ ...limits, extended: false }),
};

/** A method that a path does not support is answered with 405 and the methods that it does. */
function register(app: Express, routes: readonly Route[], options: AnswerOptions): void {
	for (const [path, same] of Map.groupBy(routes, (one) => one.path)) {
		const chain = app.route(path.replace(/\{(\w+)\}/g, ":$1"));
		// First, so that a refused request is also counted and logged by its route.
		chain.all((_request, response, next) => {
			exchangeOf(response).path = path;
			next();
		});
		for (const one of same) chain[one.method]((request, response) => serve(one, request, response, options));
		const allow = same.map((one) => one.method.toUpperCase()).join(", ");
		chain.all((_request, response) => {
			const instance = instanceOf(exchangeOf(response));
			const problem = problemOf("method-not-allowed", `This path supports ${allow}.`, instance);
			sendProblem(response, problem, { Allow: allow });
		});
	}
}

function serve(route: Route, request: Request, response: Response, options: AnswerOptions): Promise<void> {
	const parts = {
		query: request.query,
		param: (name: string) => String(request.params[name]),
		body: () => readBody(route, request, response),
	};
	return answer(route, parts, exchangeOf(response), options);
}

async function readBody(route: Route, request: Request, response: Response): Promise<unknown> {
	// `is` returns null without a body; then the schema reports what is missing.
	if (request.is(route.accepts) === false) {
		throw new RuleError("media-type-unsupported", `Send the body as ${route.accepts}.`);
	}
	await new Promise<void>((resolve, reject) => {
		bodyParsers[route.accepts](request, response, (error?: unknown) =>
			error === undefined ? resolve() : reject(error),
		);
	});
	return request.body;
}

function exchangeOf(response: Response): Exchange {
	return response.locals.exchange;
}
