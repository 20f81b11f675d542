/**
 * Requests that a client sends before it has the answers to earlier ones (RFC 9112 section 9.3.2) are answered one after
 * the other, and only so many wait: a client that reads no answer must not fill the memory with them.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

const mostWaiting = 100;

const waiting = Symbol("how many requests of the connection wait");

type Waited = Socket & { [waiting]?: number };

/** Calls back once the earlier requests of the connection are answered. */
export function inTurn(request: IncomingMessage, response: ServerResponse, receive: () => void): void {
	// A response has its connection from its turn on.
	if (response.socket !== null) return receive();
	const socket = request.socket as Waited;
	const { [waiting]: before = 0 } = socket;
	if (before >= mostWaiting) return void socket.destroy();
	socket[waiting] = before + 1;
	response.once("socket", () => {
		socket[waiting] = (socket[waiting] ?? 1) - 1;
		receive();
	});
}
