/**
 * The routes behind Express, which finds the one that is asked for, reads every body that may be sent, and has an answer
 * for what there is not.
 */
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { RuleError } from "../rules/rule-error.ts";
import { type AnswerOptions, answer, answerError, begin, type Exchange, instanceOf } from "./answer.ts";
import { problemOf, sendProblem } from "./problem.ts";
import { maximumBodyBytes, type Route } from "./route.ts";

export function behindExpress(routes: readonly Route[], options: AnswerOptions): Express {
	const app = express();
	app.disable("x-powered-by").disable("etag").set("query parser", "simple");
	app.use((request: Request, response: Response, next: NextFunction) => {
		const exchange = begin(request, response, options);
		// For those that write their answer themselves.
		response.setHeader("X-Request-Id", exchange.id);
		response.locals.exchange = exchange;
		next();
	});
	register(app, routes, options);
	app.use((_request: Request, response: Response) => {
		const detail = "There is no such route; /openapi.json names those that there are.";
		sendProblem(response, problemOf("not-found", detail, instanceOf(exchangeOf(response))));
	});
	app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
		answerError(error, exchangeOf(response), options.log);
	});
	return app;
}

/** Any method that a path lacks is answered with those that it has. */
function register(app: Express, routes: readonly Route[], options: AnswerOptions): void {
	const limits = { limit: maximumBodyBytes, inflate: false };
	const bodyParsers = [express.json(limits), express.urlencoded({ ...limits, extended: false })];
	for (const [path, same] of Map.groupBy(routes, (one) => one.path)) {
		const chain = app.route(path.replace(/\{(\w+)\}/g, ":$1"));
		// First, so that a body which can't be read is counted and logged by its route too.
		chain.all(
			(_request, response, next) => {
				exchangeOf(response).path = path;
				next();
			},
			...bodyParsers,
		);
		for (const one of same) chain[one.method]((request, response) => serve(one, request, response, options));
		const allow = same.map((one) => one.method.toUpperCase()).join(", ");
		chain.all((_request, response) => {
			const instance = instanceOf(exchangeOf(response));
			const problem = problemOf("method-not-allowed", `This path takes ${allow}.`, instance);
			sendProblem(response, problem, { Allow: allow });
		});
	}
}

function serve(route: Route, request: Request, response: Response, options: AnswerOptions): Promise<void> {
	const asked = {
		query: request.query,
		param: (name: string) => String(request.params[name]),
		body: () => bodyOf(route, request),
	};
	return answer(route, asked, exchangeOf(response), options);
}

function bodyOf(route: Route, request: Request): unknown {
	// `is` answers null without a body: then the schema says what is missing.
	if (request.is(route.accepts) === false) {
		throw new RuleError("media-type-unsupported", `Send the body as ${route.accepts}.`);
	}
	return request.body;
}

function exchangeOf(response: Response): Exchange {
	return response.locals.exchange;
}
