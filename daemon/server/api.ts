/** All routes, served directly where that is possible and otherwise by Express, which the first such request loads. */
import type { Express } from "express";
import * as z from "zod";
import type { AnswerOptions } from "./answer.ts";
import { DirectHandler } from "./direct.ts";
import { oauthRoutes } from "./oauth.ts";
import { problemFrom, sendProblem } from "./problem.ts";
import { RequestLines, type RequestLog } from "./request-lines.ts";
import { type Route, route } from "./route.ts";
import { apiRoutes, type RouteParts } from "./routes.ts";
import type { Handler } from "./server.ts";

export interface ApiOptions extends RouteParts, Omit<AnswerOptions, "lines" | "store"> {
	log: RequestLog;
	/** The daemon's base URL; known once it listens. */
	url: () => string;
}

export function createApi(options: ApiOptions): Handler {
	const { authority, events } = options;
	events.onWorkspaceClosed = (workspace) => authority.rulebook.leave(workspace);
	const routes = allRoutes(options);
	const answering = { ...options, lines: new RequestLines(options.log) };
	const direct = new DirectHandler(routes, answering);
	let app: Promise<Express> | undefined;
	return (request, response) => {
		if (direct.handle(request, response) === "answered") return;
		app ??= import("./express.ts").then(({ behindExpress }) => behindExpress(routes, answering));
		app
			.then((handle) => handle(request, response))
			.catch((err) => {
				answering.lines.failed({ err });
				if (!response.headersSent) sendProblem(response, problemFrom(err));
			});
	};
}

/** Every route, including the one that serves the OpenAPI document of them all. */
export function allRoutes(options: ApiOptions): Route[] {
	const routes = [...apiRoutes(options), ...oauthRoutes(options.authority, options.url)];
	let document: object | undefined;
	const openApi = route({
		method: "get",
		path: "/openapi.json",
		operationId: "getOpenApiDocument",
		tag: "Daemon",
		summary: "Get this document",
		caller: "none",
		answers: { status: 200, description: "The document in OpenAPI 3.1", schema: z.looseObject({}) },
		handle: async () => {
			document ??= await documentOf([...routes, openApi], options);
			return { body: document };
		},
	});
	return [...routes, openApi];
}

/** Loads the document's texts when they are first requested. */
async function documentOf(routes: readonly Route[], { version, url }: ApiOptions): Promise<object> {
	const { openApiOf } = await import("./openapi/document.ts");
	return openApiOf(routes, { version, url: url() });
}
