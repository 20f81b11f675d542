/** One small service in each framework, as its own users write one: `/orders` and `/stream` need a token. */
import { once } from "node:events";
import { createServer, Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import { cors } from "hono/cors";
import Koa from "koa";
import type { TokensmithClient } from "../../daemon/client/client.ts";
import { isPreflight } from "../../daemon/client/incoming.ts";
import { requireToken } from "../../daemon/client/require-token.ts";
import { tokenOf } from "../../daemon/client/token-of.ts";
import { verifyRequest } from "../../daemon/client/verify-request.ts";

export interface ServiceOptions {
	readonly client: TokensmithClient;
	readonly permission: string;
	/** Whether the service answers preflights. */
	readonly answersPreflights: boolean;
	/** Called by each handler. */
	readonly onHandled: () => void;
}

export interface Service {
	readonly protocol: "http" | "http2";
	readonly url: string;
	stop(): Promise<void>;
}

/** By what guards them. */
export const services: Record<string, (options: ServiceOptions) => Promise<Service>> = {
	"node:http with requireToken": ({ answersPreflights, onHandled, ...options }) => {
		const guard = requireToken({ ...options, preflight: answersPreflights ? "pass" : "refuse" });
		return listening(
			createServer((request, response) =>
				guard(request, response, () => {
					if (isPreflight(request)) return response.writeHead(204).end();
					onHandled();
					if (request.url === "/stream") return Readable.from(pieces()).pipe(response);
					return response.end(tokenOf(request).name);
				}),
			),
		);
	},
	"node:http2 with requireToken": ({ answersPreflights, onHandled, ...options }) => {
		const guard = requireToken({ ...options, preflight: answersPreflights ? "pass" : "refuse" });
		return listening(
			createHttp2Server((request, response) =>
				guard(request, response, () => {
					if (isPreflight(request)) return void response.writeHead(204).end();
					onHandled();
					if (request.url === "/stream") return Readable.from(pieces()).pipe(response);
					return response.end(tokenOf(request).name);
				}),
			),
		);
	},
	"Express with requireToken": ({ answersPreflights, onHandled, ...options }) => {
		const app = express();
		if (answersPreflights) app.options("/{*path}", (_request, response) => void response.sendStatus(204));
		app.use(requireToken(options));
		app.get("/orders", (request, response) => {
			onHandled();
			response.send(request.token === tokenOf(request) ? tokenOf(request).name : "another token");
		});
		app.get("/stream", (_request, response) => {
			onHandled();
			Readable.from(pieces()).pipe(response);
		});
		return listening(createServer(app));
	},
	"Fastify with requireToken": async ({ answersPreflights, onHandled, ...options }) => {
		const guard = requireToken({ ...options, preflight: answersPreflights ? "pass" : "refuse" });
		const app = fastify();
		app.addHook("onRequest", (request, reply, done) => void guard(request.raw, reply.raw, done));
		app.options("/*", (_request, reply) => reply.code(204).send());
		return fastifyService(app, onHandled);
	},
	"Fastify with verifyRequest": async ({ answersPreflights, onHandled, ...options }) => {
		const app = fastify();
		app.addHook("onRequest", async (request, reply) => {
			if (answersPreflights && isPreflight(request.raw)) return reply.code(204).send();
			const { response } = await verifyRequest(request.raw, { ...options, address: request.ip });
			if (response === undefined) return;
			// Not `send(response)`, which Fastify turns into a 500 for HEAD.
			reply.code(response.status).headers(Object.fromEntries(response.headers));
			return reply.send(await response.text());
		});
		app.options("/*", () => onHandled());
		return fastifyService(app, onHandled);
	},
	"Koa with requireToken": ({ answersPreflights, onHandled, ...options }) => {
		const guard = requireToken({ ...options, preflight: answersPreflights ? "pass" : "refuse" });
		const app = koa(onHandled, (ctx, next) => {
			ctx.respond = false;
			return guard(ctx.req, ctx.res, () => {
				ctx.respond = true;
				return next();
			});
		});
		return listening(createServer(app.callback()));
	},
	"Koa with verifyRequest": ({ answersPreflights, onHandled, ...options }) => {
		const app = koa(onHandled, guardOfKoa(answersPreflights, options));
		return listening(createServer(app.callback()));
	},
	"Koa on node:http2 with verifyRequest": ({ answersPreflights, onHandled, ...options }) => {
		const app = koa(onHandled, guardOfKoa(answersPreflights, options));
		return listening(createHttp2Server(app.callback()));
	},
	"Hono with verifyRequest": ({ answersPreflights, onHandled, ...options }) => {
		const app = new Hono<{ Bindings: HttpBindings }>();
		if (answersPreflights) app.use(cors());
		app.use(async (c, next) => {
			const address = c.env.incoming.socket.remoteAddress ?? "unknown";
			const { response } = await verifyRequest(c.req.raw, { ...options, address });
			return response ?? next();
		});
		app.get("/orders", (c) => {
			onHandled();
			return c.text(tokenOf(c.req.raw).name);
		});
		app.get("/stream", (c) => {
			onHandled();
			return c.body(ReadableStream.from(pieces()));
		});
		return listening(createAdaptorServer({ fetch: app.fetch }) as Server);
	},
	"a Fetch handler with verifyRequest": ({ answersPreflights, onHandled, ...options }) => {
		const fetch = async (request: Request, { incoming }: HttpBindings): Promise<Response> => {
			if (answersPreflights && isPreflight(request)) return new Response(null, { status: 204 });
			const address = incoming.socket.remoteAddress ?? "unknown";
			const { token, response } = await verifyRequest(request, { ...options, address });
			if (response) return response;
			onHandled();
			const { pathname } = new URL(request.url);
			return new Response(pathname === "/stream" ? ReadableStream.from(pieces()) : token.name);
		};
		return listening(createAdaptorServer({ fetch: fetch as never }) as Server);
	},
};

/** What both Fastify services serve to requests that their hook lets pass. */
async function fastifyService(app: FastifyInstance, onHandled: () => void): Promise<Service> {
	app.get("/orders", (request) => {
		onHandled();
		return tokenOf(request.raw).name;
	});
	app.get("/stream", (_request, reply) => {
		onHandled();
		return reply.send(Readable.from(pieces()));
	});
	await app.ready();
	return listening(app.server);
}

function koa(onHandled: () => void, guard: Koa.Middleware): Koa {
	return new Koa().use(guard).use((ctx) => {
		if (isPreflight(ctx.req)) {
			ctx.status = 204;
			return;
		}
		onHandled();
		ctx.body = ctx.path === "/stream" ? Readable.from(pieces()) : tokenOf(ctx.req).name;
	});
}

function guardOfKoa(
	answersPreflights: boolean,
	options: Pick<ServiceOptions, "client" | "permission">,
): Koa.Middleware {
	return async (ctx, next) => {
		if (answersPreflights && isPreflight(ctx.req)) return next();
		const { response } = await verifyRequest(ctx.req, { ...options, address: ctx.ip });
		if (response === undefined) return next();
		ctx.status = response.status;
		ctx.set(Object.fromEntries(response.headers));
		ctx.body = await response.text();
	};
}

function* pieces() {
	for (let count = 0; count < 100; count++) yield Buffer.alloc(1024, "x");
}

async function listening(server: Server | Http2Server): Promise<Service> {
	const sockets = new Set<{ destroy(): void }>();
	server.on("connection", (socket) => sockets.add(socket));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		protocol: server instanceof Server ? "http" : "http2",
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		async stop() {
			server.close();
			for (const socket of sockets) socket.destroy();
			await once(server, "close");
		},
	};
}
