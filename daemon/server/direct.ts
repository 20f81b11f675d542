/**
 * Handles plain requests to the busiest routes without Express, which would take half of a create's time. Every other
 * request is left to Express.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import { RuleError } from "../rules/rule-error.ts";
import { type AnswerOptions, answer, answerError, begin } from "./answer.ts";
import { maximumBodyBytes, type Route } from "./route.ts";

export class DirectHandler {
	readonly #routes: ReadonlyMap<string, Route>;
	readonly #options: AnswerOptions;

	constructor(routes: readonly Route[], options: AnswerOptions) {
		this.#routes = new Map(routes.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route]));
		this.#options = options;
	}

	/** Answers the request, or leaves it untouched. */
	handle(request: IncomingMessage, response: ServerResponse): "answered" | "left" {
		const [path = "", query] = splitAt(request.url ?? "", "?");
		const route = this.#routes.get(`${request.method} ${path}`);
		if (route === undefined || !isPlain(route, request)) return "left";
		const exchange = begin(request, response, this.#options, path);
		const parts = {
			query: query === undefined ? {} : parseQuery(query),
			body: async () => objectIn(await readBody(request)),
			param: noParam,
		};
		answer(route, parts, exchange, this.#options).catch((error) =>
			answerError(error, exchange, this.#options.lines),
		);
		return "answered";
	}
}

const plainTypes = new Set(["application/json", "application/json; charset=utf-8"]);

/** Whether the request has no body, or plain JSON with a `Content-Length` within the limit. */
function isPlain(route: Route, { headers }: IncomingMessage): boolean {
	if (headers["transfer-encoding"] !== undefined || headers["content-encoding"] !== undefined) return false;
	const length = headers["content-length"];
	if (route.body === undefined) return length === undefined;
	const bytes = Number(length);
	return bytes > 0 && bytes <= maximumBodyBytes && plainTypes.has(headers["content-type"] ?? "");
}

/** Stays pending for a request that breaks off: no client waits for its answer. */
function readBody(request: IncomingMessage): Promise<Buffer> {
	const parts: Buffer[] = [];
	let missing = Number(request.headers["content-length"]);
	return new Promise((resolve) => {
		request.on("data", (part: Buffer) => {
			parts.push(part);
			missing -= part.length;
			// Node's parser passes on no more than Content-Length, and emits `end` only in a later turn.
			if (missing === 0) resolve(parts.length === 1 ? part : Buffer.concat(parts));
		});
	});
}

function objectIn(bytes: Buffer): object {
	let value: unknown;
	try {
		value = JSON.parse(bytes.toString());
	} catch (cause) {
		throw cause instanceof SyntaxError ? notJson() : cause;
	}
	if (typeof value === "object" && value !== null) return value;
	throw notJson();
}

function notJson(): RuleError {
	return new RuleError("invalid-json", "The body must be a JSON object.");
}

function noParam(name: string): never {
	throw new Error(`A busy route has no path parameter ${name}.`);
}

function splitAt(text: string, separator: string): [string, string?] {
	const at = text.indexOf(separator);
	return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
