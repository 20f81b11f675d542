/** An answer as it came over the wire: to give the same one elsewhere, and to show that two servers answer alike. */
import assert from "node:assert/strict";
import { type RequestOptions, request } from "node:http";
import { text } from "node:stream/consumers";

const longestMilliseconds = 60_000;

export interface Answer {
	status: number;
	/** Name, value, name, value. */
	headers: string[];
	body: string;
}

export function sendRequest(url: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
	const { promise, resolve, reject } = Promise.withResolvers<Answer>();
	request(url, { signal: AbortSignal.timeout(longestMilliseconds), ...options }, (response) => {
		const { statusCode: status = 0, rawHeaders: headers } = response;
		text(response).then((body) => resolve({ status, headers, body }), reject);
	})
		.once("error", reject)
		.end(body);
	return promise;
}

/** What a peer needs to give the same answer; `node:http` adds the other headers by itself. */
export function withoutOwnHeaders(answer: Answer): Answer {
	return {
		...answer,
		headers: only(answer.headers, (name) => !/^(date|connection|keep-alive)$/i.test(name)),
	};
}

/** Throws unless the two are the same, byte for byte except the time of day. */
export function assertSame(ours: Answer, peers: Answer): void {
	const timeless = (answer: Answer) => ({
		...answer,
		headers: only(answer.headers, (name) => name !== "Date"),
	});
	assert.deepEqual(timeless(peers), timeless(ours), "The peer's answer differs from the daemon's.");
}

/** Throws unless the two have the same status, headers and members, in any order, whatever their values. */
export function assertSameShape(ours: Answer, peers: Answer): void {
	const shapeOf = ({ status, headers, body }: Answer) => ({
		status,
		headers: headers.filter((_, index) => index % 2 === 0).sort(),
		members: Object.keys(JSON.parse(body)).sort(),
	});
	assert.deepEqual(shapeOf(peers), shapeOf(ours), "The peer's answer differs from the daemon's.");
}

function only(headers: readonly string[], keep: (name: string) => boolean): string[] {
	return headers.filter((_, index) => keep(headers[index - (index % 2)] ?? ""));
}
