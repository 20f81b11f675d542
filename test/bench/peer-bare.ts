/** The least that a Node process can do to answer: one fixed answer, from `node:http` alone. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer } from "./answer.ts";

const { status, headers, body }: Answer = JSON.parse(process.argv[2] ?? "");

// The daemon's timeout: it appears in a header of every answer.
const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
	response.writeHead(status, headers);
	// A string is sent in one piece with the head, which is quicker than a Buffer.
	response.end(body);
});
server.listen(0, "127.0.0.1", () => {
	const { port } = server.address() as AddressInfo;
	process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
