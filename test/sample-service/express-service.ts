/** A small service on Express in which every route requires a token, as a reader of the README would write it. */
import express, { type Express, type Request } from "express";
import { requireToken, tokenOf } from "tokensmith";

export function expressService(url: string, onError: (error: unknown) => void = () => {}): Express {
	const app = express();
	app.disable("x-powered-by");

	app.get("/orders", requireToken({ url, permission: "orders.read", onError }), (request, response) => {
		response.json({ orders: [], seenBy: request.token?.name });
	});

	app.post(
		"/orders",
		requireToken({ url, anyPermission: ["orders.write", "orders.import"], onError }),
		(request, response) => {
			response.status(201).json({ createdBy: tokenOf(request).userId });
		},
	);

	app.get(
		"/channels/:channel",
		requireToken({
			url,
			permission: "orders.read",
			resource: (request: Request<{ channel: string }>) => `channel/${request.params.channel}`,
			onError,
		}),
		(request, response) => {
			response.json({ channel: request.params.channel, resources: tokenOf(request).resources });
		},
	);
	return app;
}
