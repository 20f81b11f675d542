/** The same on plain `node:http`: the middleware responds to refused requests, and calls the handler for the others. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { requireToken, tokenOf } from "tokensmith";

export function httpService(url: string, onError: (error: unknown) => void = () => {}): Server {
	const mayRead = requireToken({ url, permission: "orders.read", onError });
	return createServer((request, response) => {
		mayRead(request, response, () => {
			sendJson(response, { orders: [], seenBy: tokenOf(request).name });
		});
	});
}

function sendJson(response: ServerResponse, body: unknown): void {
	response.writeHead(200, { "Content-Type": "application/json" });
	response.end(JSON.stringify(body));
}
