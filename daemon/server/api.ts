/** The routes: what each asks of its caller and of its request, and which rule answers. Decides nothing itself. */
import { createHmac } from "node:crypto";
import express, {
	type Express,
	type NextFunction,
	type Request,
	type RequestHandler,
	type Response,
} from "express";
import * as z from "zod";
import {
	apiPermissions,
	createTokenRequest,
	type Health,
	listTokensQuery,
	type Notice,
	policy,
	protocol,
	revokeTokenQuery,
} from "../contract.ts";
import type { Authority, Caller } from "../rules/authority.ts";
import { RuleError } from "../rules/rule-error.ts";
import type { EventStream } from "./events.ts";
import { parse, problemFrom, problemOf, sendProblem } from "./problem.ts";
import { bearerOf, challenge } from "./verify-door.ts";

export interface ApiOptions {
	authority: Authority;
	events: EventStream;
	ownerKey: string;
	version: string;
	notices: readonly Notice[];
	/** Told of what is no client's fault. */
	onError: (error: unknown, instance: string) => void;
	/** Asked for by the owner. */
	onShutdown: () => void;
}

const maximumBodyBytes = 64 * 1024;
const noQuery = z.strictObject({});
const healthQuery = z.strictObject({ challenge: z.string().min(1).max(200).optional() });

export function createApi(options: ApiOptions): Express {
	const { authority, events, version } = options;
	const app = express();
	app.disable("x-powered-by").disable("etag").set("query parser", "simple");
	app.use(express.json({ limit: maximumBodyBytes, inflate: false }));

	route(app, "/healthz", {
		get: (request, response) => {
			const query = parse(healthQuery, request.query, "query");
			response.json(healthOf(options, query.challenge));
		},
	});
	route(app, "/v1/api-tokens", {
		get: async (request, response) => {
			callerOf(request, apiPermissions.read);
			response.json(await authority.list(parse(listTokensQuery, request.query, "query")));
		},
		post: async (request, response) => {
			const caller = callerOf(request, apiPermissions.write);
			const created = await authority.create(caller, body(createTokenRequest, request));
			response
				.status(201)
				.location(`/v1/api-tokens/${created.id}`)
				.set("ETag", etagOf(created))
				.json(created);
		},
	});
	route(app, "/v1/api-tokens/current", {
		get: (request, response) => {
			const { token } = callerOf(request, "any");
			if (token === undefined) throw new RuleError("not-found", "The owner key is no token.");
			const record = authority.get(token.id);
			response.set("ETag", etagOf(record)).json(record);
		},
	});
	route(app, "/v1/api-tokens/:id", {
		get: (request, response) => {
			callerOf(request, apiPermissions.read);
			const record = authority.get(idOf(request));
			response.set("ETag", etagOf(record)).json(record);
		},
		delete: async (request, response) => {
			const caller = callerOf(request, apiPermissions.delete);
			const { reason } = parse(revokeTokenQuery, request.query, "query");
			const record = await authority.revoke(caller, idOf(request), reason);
			response.set("ETag", etagOf(record)).json(record);
		},
	});
	route(app, "/v1/profiles", {
		get: (request, response) => {
			callerOf(request, apiPermissions.read);
			parse(noQuery, request.query, "query");
			response.json({ profiles: authority.profiles() });
		},
	});
	route(app, "/v1/policy", {
		put: async (request, response) => {
			callerOf(request, "owner");
			await authority.setPolicy(body(policy, request));
			response.status(204).end();
		},
	});
	route(app, "/v1/events", {
		get: (request, response) => {
			callerOf(request, apiPermissions.read);
			events.attach(response, { version, protocol, notices: [...options.notices] });
		},
	});
	route(app, "/v1/shutdown", {
		post: (request, response) => {
			callerOf(request, "owner");
			response.status(202).end();
			options.onShutdown();
		},
	});
	app.use((_request: Request, response: Response) => {
		sendProblem(
			response,
			problemOf("not-found", "There is no such route; see the README for those that are."),
		);
	});
	app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
		const problem = problemFrom(error);
		if (problem.status >= 500) options.onError(error, problem.instance);
		sendProblem(response, problem, problem.status === 401 ? { "WWW-Authenticate": challenge() } : {});
	});
	return app;

	function callerOf(request: Request, permission: string): Caller {
		const secret = bearerOf(request.headers.authorization);
		return authority.callerOf(secret, request.socket.remoteAddress ?? "", permission);
	}
}

type Method = "get" | "post" | "put" | "delete";

/** Registers a path's methods; any other method is answered with those that there are. */
function route(app: Express, path: string, handlers: Partial<Record<Method, RequestHandler>>): void {
	const methods = Object.keys(handlers) as Method[];
	const chain = app.route(path);
	for (const method of methods) {
		const handler = handlers[method];
		if (handler !== undefined) chain[method](handler);
	}
	const allow = methods.map((method) => method.toUpperCase()).join(", ");
	chain.all((_request, response) => {
		sendProblem(response, problemOf("method-not-allowed", `This path takes ${allow}.`), { Allow: allow });
	});
}

function body<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
	// `is` answers null without a body: then the schema says what is missing.
	if (request.is("application/json") === false) {
		throw new RuleError("media-type-unsupported", "Send the body as application/json.");
	}
	return parse(schema, request.body, "body");
}

function healthOf(options: ApiOptions, asked: string | undefined): Health {
	const health: Health = { status: "ok", version: options.version, protocol };
	// Only the daemon that wrote daemon.json knows the owner key, so this tells it from a stranger on its port.
	if (asked !== undefined) health.proof = createHmac("sha256", options.ownerKey).update(asked).digest("hex");
	return health;
}

function idOf(request: Request): string {
	return String(request.params.id);
}

function etagOf(record: { version: number }): string {
	return `"${record.version}"`;
}
