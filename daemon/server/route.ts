/**
 * A route: what it requires of its caller and its request, and what it answers. One table of routes registers them,
 * validates their requests and generates the OpenAPI document, so that the three can't disagree.
 */
import type { ServerResponse } from "node:http";
import type * as z from "zod";
import type { ProblemCode } from "../facts.ts";
import type { Caller, Demand } from "../rules/callers.ts";
import type { IfMatch } from "../rules/carry-out.ts";

/** The largest body that any route accepts. */
export const maximumBodyBytes = 64 * 1024;

/** The groups of operations in the OpenAPI document. */
export type Tag =
	| "Tokens"
	| "Rotation"
	| "Verification"
	| "OAuth"
	| "Incidents"
	| "Resources"
	| "Profiles"
	| "Connections"
	| "Audit"
	| "Daemon";

/** The headers of an answer that are worth documenting. */
export type ResponseHeader = "ETag" | "Location" | "Tokensmith-Stale" | `X-Token-${VerifiedFact}`;
type VerifiedFact =
	| "Id"
	| "Name"
	| "User-Id"
	| "User-Name"
	| "Permissions"
	| "Resources"
	| "Default-Source"
	| "Expiry"
	| "Truncated";

export type Method = "get" | "post" | "put" | "patch" | "delete";

export interface Context<Query, Body> {
	caller: Caller;
	query: Query;
	body: Body;
	/** A path parameter, decoded. */
	param: (name: string) => string;
	ifMatch: IfMatch;
	response: ServerResponse;
}

/** undefined: the handler writes the response itself. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown } | undefined;

export interface Route {
	method: Method;
	/** In OpenAPI's notation, `/v1/api-tokens/{id}`. */
	path: string;
	/** Names the operation in the OpenAPI document and in generated clients. */
	operationId: string;
	tag: Tag;
	/** One line without a full stop. */
	summary: string;
	/** What the summary leaves open, in sentences. */
	description: string | undefined;
	/** `rotator`: a caller that may rotate the token in the path. */
	caller: Demand | "none" | "rotator";
	query: z.ZodType | undefined;
	body: z.ZodType | undefined;
	/** The media type of the body. */
	accepts: "application/json" | "application/x-www-form-urlencoded";
	/** The media type of a body that the handler reads itself, since it can be of any size. */
	upload: string | undefined;
	/** `needed`: a request without `If-Match` is refused. */
	ifMatch: "needed" | "optional" | "ignored";
	/** Whether the request carries the access to another system: always, where its token has a connection, or never. */
	access: "needed" | "optional" | "ignored";
	/** Whether a shared server answers it without its database, where its operator allows old knowledge. It changes nothing. */
	isAnsweredStale: boolean;
	/** The problems of the rules behind the route. Those that follow from its other fields are added. */
	problems: readonly ProblemCode[];
	answers: Answers;
	handle: (context: Context<unknown, unknown>) => Reply | Promise<Reply>;
}

interface Answers {
	status: number;
	description: string;
	schema?: z.ZodType;
	/** A media type other than JSON. */
	type?: string;
	headers?: readonly ResponseHeader[];
}

type Given<Query extends z.ZodType, Body extends z.ZodType> = Pick<
	Route,
	"method" | "path" | "operationId" | "tag" | "summary" | "caller" | "answers"
> &
	Partial<
		Pick<Route, "accepts" | "upload" | "description" | "access" | "ifMatch" | "isAnsweredStale" | "problems">
	> & {
		query?: Query;
		body?: Body;
		handle: (context: Context<z.output<Query>, z.output<Body>>) => Reply | Promise<Reply>;
	};

export function route<Query extends z.ZodType, Body extends z.ZodType>(given: Given<Query, Body>): Route {
	return {
		accepts: "application/json",
		description: undefined,
		upload: undefined,
		access: "ignored",
		ifMatch: "ignored",
		isAnsweredStale: false,
		problems: [],
		...given,
		query: given.query,
		body: given.body,
		handle: given.handle as Route["handle"],
	};
}
