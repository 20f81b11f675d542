/**
 * The door for what is asked most: requests that are plain in every respect, for routes that are marked as busy. They are
 * read without Express, which would take half of a create's time. Whatever is out of the ordinary is left to Express.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import { RuleError } from "../rules/rule-error.ts";
import { type AnswerOptions, answer, answerError, begin } from "./answer.ts";
import { maximumBodyBytes, type Route } from "./route.ts";

export class DirectDoor {
	readonly #routes: ReadonlyMap<string, Route>;
	readonly #options: AnswerOptions;

	constructor(routes: readonly Route[], options: AnswerOptions) {
		const busy = routes.filter((route) => route.isBusy);
		this.#routes = new Map(busy.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route]));
		this.#options = options;
	}

	/** Answers the request, or leaves it as it is. */
	handle(request: IncomingMessage, response: ServerResponse): "answered" | "left" {
		const [path = "", query] = splitAt(request.url ?? "", "?");
		const route = this.#routes.get(`${request.method} ${path}`);
		if (route === undefined || !isPlain(route, request)) return "left";
		const exchange = begin(request, response, this.#options, path);
		const fail = (error: unknown) => answerError(error, exchange, this.#options.log);
		const serve = (body: unknown) => {
			const asked = { query: query === undefined ? {} : parseQuery(query), body: () => body, param: noParam };
			answer(route, asked, exchange, this.#options).catch(fail);
		};
		if (route.body === undefined) serve(undefined);
		else whenRead(request, (bytes) => serveObject(bytes, serve, fail));
		return "answered";
	}
}

const plainTypes = new Set(["application/json", "application/json; charset=utf-8"]);

/** Whether there is nothing to decide about the body: none, or JSON of a length that was said before. */
function isPlain(route: Route, { headers }: IncomingMessage): boolean {
	if (headers["transfer-encoding"] !== undefined || headers["content-encoding"] !== undefined) return false;
	const length = headers["content-length"];
	if (route.body === undefined) return length === undefined;
	const bytes = Number(length);
	return bytes > 0 && bytes <= maximumBodyBytes && plainTypes.has(headers["content-type"] ?? "");
}

/** A request that breaks off is never read whole, and nobody waits for its answer. */
function whenRead(request: IncomingMessage, then: (bytes: Buffer) => void): void {
	const parts: Buffer[] = [];
	let missing = Number(request.headers["content-length"]);
	request.on("data", (part: Buffer) => {
		parts.push(part);
		missing -= part.length;
		// Node's parser lets no more through than was said, and tells of the end only in a later turn.
		if (missing === 0) then(parts.length === 1 ? part : Buffer.concat(parts));
	});
}

function serveObject(bytes: Buffer, serve: (body: object) => void, fail: (error: unknown) => void): void {
	let value: unknown;
	try {
		value = JSON.parse(bytes.toString());
	} catch (cause) {
		return fail(cause instanceof SyntaxError ? notJson() : cause);
	}
	if (typeof value === "object" && value !== null) serve(value);
	else fail(notJson());
}

function notJson(): RuleError {
	return new RuleError("invalid-json", "The body is no JSON object.");
}

function noParam(name: string): never {
	throw new Error(`A busy route has no ${name} in its path.`);
}

function splitAt(text: string, mark: string): [string, string?] {
	const at = text.indexOf(mark);
	return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
