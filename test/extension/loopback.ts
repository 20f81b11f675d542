/** Foreign servers on a port: small servers that answer as a test requires, and record what they were sent. */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface Loopback {
	url: string;
	port: number;
	/** Every request so far. */
	requests: IncomingMessage[];
	close(): void;
}

export async function loopback(answer: RequestListener): Promise<Loopback> {
	const requests: IncomingMessage[] = [];
	const server = createServer((request, response) => {
		requests.push(request);
		answer(request, response);
	});
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const { port } = server.address() as AddressInfo;
	const close = () => {
		server.close();
		server.closeAllConnections();
	};
	return { url: `http://127.0.0.1:${port}`, port, requests, close };
}
