/**
 * What a route is: what it asks of its caller and of its request, and what it answers. The same table registers the
 * routes, checks their requests and makes the OpenAPI document, so that none of them can say something else.
 */
import type { ServerResponse } from "node:http";
import type * as z from "zod";
import type { IfMatch } from "../rules/authority.ts";
import type { Caller, Demand } from "../rules/callers.ts";

/** The largest body that any route takes. */
export const maximumBodyBytes = 64 * 1024;

export type Method = "get" | "post" | "put" | "patch" | "delete";

export interface Context<Query, Body> {
	caller: Caller;
	query: Query;
	body: Body;
	/** A part of the path, decoded. */
	param: (name: string) => string;
	ifMatch: IfMatch;
	response: ServerResponse;
}

/** undefined: the handler has answered, or will, by itself. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown } | undefined;

export interface Route {
	method: Method;
	/** As OpenAPI writes it, `/v1/api-tokens/{id}`. */
	path: string;
	summary: string;
	/** `rotator`: whoever may rotate the token of the path. */
	caller: Demand | "none" | "rotator";
	query: z.ZodType | undefined;
	body: z.ZodType | undefined;
	/** The media type of the body. */
	accepts: "application/json" | "application/x-www-form-urlencoded";
	/** `needed`: without `If-Match` the request is refused. */
	ifMatch: "needed" | "optional" | "ignored";
	/** Whether it is asked so often that plain requests for it are read without Express; its path has no parts. */
	isBusy: boolean;
	answers: Answers;
	handle: (context: Context<unknown, unknown>) => Reply | Promise<Reply>;
}

interface Answers {
	status: number;
	description: string;
	schema?: z.ZodType;
	/** Other than JSON. */
	type?: string;
}

type Given<Query extends z.ZodType, Body extends z.ZodType> = Pick<
	Route,
	"method" | "path" | "summary" | "caller" | "answers"
> &
	Partial<Pick<Route, "accepts" | "ifMatch" | "isBusy">> & {
		query?: Query;
		body?: Body;
		handle: (context: Context<z.output<Query>, z.output<Body>>) => Reply | Promise<Reply>;
	};

export function route<Query extends z.ZodType, Body extends z.ZodType>(given: Given<Query, Body>): Route {
	return {
		accepts: "application/json",
		ifMatch: "ignored",
		isBusy: false,
		...given,
		query: given.query,
		body: given.body,
		handle: given.handle as Route["handle"],
	};
}
