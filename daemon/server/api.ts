/** All routes: the busy ones served directly where that is possible, and all by Express, which the first such request loads. */
import type { Express } from "express";
import type { AnswerOptions } from "./answer.ts";
import { DirectHandler } from "./direct.ts";
import { problemFrom, sendProblem } from "./problem.ts";
import { RequestLines, type RequestLog } from "./request-lines.ts";
import { busyRoutes } from "./routes/busy.ts";
import type { RouteParts } from "./routes/parts.ts";
import type { Handler } from "./server.ts";

export interface ApiOptions extends RouteParts, Omit<AnswerOptions, "lines" | "store"> {
	log: RequestLog;
}

export function createApi(options: ApiOptions): Handler {
	const { authority, events } = options;
	events.onWorkspaceClosed = (workspace) => authority.rulebook.leave(workspace);
	const answering = { ...options, lines: new RequestLines(options.log) };
	const direct = new DirectHandler(busyRoutes(options), answering);
	let app: Promise<Express> | undefined;
	return (request, response) => {
		if (direct.handle(request, response) === "answered") return;
		app ??= loadExpress(options, answering);
		app
			.then((handle) => handle(request, response))
			.catch((err) => {
				answering.lines.failed({ err });
				if (!response.headersSent) sendProblem(response, problemFrom(err));
			});
	};
}

async function loadExpress(parts: RouteParts, answering: AnswerOptions): Promise<Express> {
	const [{ behindExpress }, { allRoutes }] = await Promise.all([
		import("./express.ts"),
		import("./routes.ts"),
	]);
	return behindExpress(allRoutes(parts), answering);
}
