/** What is read from a service's request, in each of its kinds. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import {
	authorizationsOf,
	type Incoming,
	isFetch,
	isIncoming,
	isOfNode,
	isPreflight,
	remoteAddressOf,
} from "../../daemon/client/incoming.ts";

/** One of node:http with these headers as they were sent. */
function received(rawHeaders: string[], more: object = {}): IncomingMessage {
	const headers: Record<string, string> = {};
	for (const [index, name] of rawHeaders.entries())
		if (index % 2 === 0) headers[name.toLowerCase()] ??= rawHeaders[index + 1] ?? "";
	return Object.assign(new IncomingMessage(new Socket()), { rawHeaders, headers, ...more });
}

const ofFetch = (headers: Record<string, string>, method = "GET") =>
	new Request("http://service.example", { method, headers });

describe("a request to a service", () => {
	it("is of Fetch, or of node:http, and nothing else is one", () => {
		assert.deepEqual(
			[isFetch(ofFetch({})), isOfNode(ofFetch({})), isIncoming(ofFetch({}))],
			[true, false, true],
		);
		assert.deepEqual(
			[isFetch(received([])), isOfNode(received([])), isIncoming(received([]))],
			[false, true, true],
		);
		for (const other of [undefined, null, {}, { headers: {} }, { rawHeaders: "x" }, "text"])
			assert.equal(isIncoming(other as unknown as Incoming), false);
	});

	it("has all Authorization headers that were sent, in any case, and none of other names", () => {
		assert.deepEqual(authorizationsOf(received(["Host", "authorization"])), []);
		assert.deepEqual(authorizationsOf(received(["AUTHORIZATION", "Bearer a", "X", "Bearer x"])), [
			"Bearer a",
		]);
		const two = received(["authorization", "Bearer a", "X", "x", "Authorization", "Bearer b"]);
		assert.deepEqual(authorizationsOf(two), ["Bearer a", "Bearer b"]);
		assert.deepEqual(authorizationsOf(ofFetch({ authorization: "Bearer a" })), ["Bearer a"]);
		assert.deepEqual(authorizationsOf(ofFetch({})), []);
	});

	it("has the one that a middleware before has put in the place of what was sent", () => {
		const headers = { authorization: "Bearer of a cookie" };
		for (const sent of [[], ["Authorization", "Basic x"]])
			assert.deepEqual(authorizationsOf(received(sent, { headers })), ["Bearer of a cookie"]);
	});

	it("has the address that Express takes for the caller's, else that of the connection", () => {
		const socket = { remoteAddress: "192.0.2.1" };
		assert.equal(remoteAddressOf(received([], { socket })), "192.0.2.1");
		assert.equal(remoteAddressOf(received([], { socket, ip: "192.0.2.2" })), "192.0.2.2");
		assert.equal(remoteAddressOf(received([], { socket: {} })), undefined);
		assert.equal(remoteAddressOf(ofFetch({})), undefined);
	});

	it("is a preflight only with all that a browser sends with one", () => {
		const sent = ["Origin", "http://a.example", "Access-Control-Request-Method", "PUT"];
		assert.equal(isPreflight(received(sent, { method: "OPTIONS" })), true);
		assert.equal(isPreflight(received(sent, { method: "GET" })), false);
		for (const part of [sent.slice(0, 2), sent.slice(2), []])
			assert.equal(isPreflight(received(part, { method: "OPTIONS" })), false);
	});
});
