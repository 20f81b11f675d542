/** Foreign servers on a port: small servers that answer as a test requires, and record what they were sent. */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface Loopback {
	url: string;
	port: number;
	/** Every request so far, except those that were answered with a proof. */
	requests: IncomingMessage[];
	close(): void;
}

/** `ownerKey`: proves to hold it, as the daemon does. */
export async function loopback(answer: RequestListener, ownerKey?: string): Promise<Loopback> {
	const requests: IncomingMessage[] = [];
	const server = createServer((request, response) => {
		const challenge = new URL(request.url ?? "", "http://daemon").searchParams.get("challenge");
		if (ownerKey !== undefined && challenge !== null) {
			const proof = createHmac("sha256", ownerKey).update(challenge).digest("hex");
			return response.end(JSON.stringify({ status: "ok", version: "1.0.0", protocol: 1, proof }));
		}
		requests.push(request);
		return answer(request, response);
	});
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const { port } = server.address() as AddressInfo;
	const close = () => {
		server.close();
		server.closeAllConnections();
	};
	return { url: `http://127.0.0.1:${port}`, port, requests, close };
}
