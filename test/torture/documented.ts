/** What the daemon's own OpenAPI document promises: the operations to try, and what is wrong with an answer. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { JsonSchema, Target } from "../daemon/malformed-requests.ts";

export interface Reply {
	status: number;
	headers: Readonly<Record<string, string | string[] | undefined>>;
	text: string;
}

interface Response {
	$ref?: string;
	description: string;
	headers?: Record<string, object>;
	content?: Record<string, object>;
}

interface Operation {
	parameters?: object[];
	requestBody?: { content: Record<string, { schema: object }> };
	responses: Record<string, Response>;
}

interface OpenApi {
	paths: Record<string, Record<string, Operation>>;
}

interface Parameter {
	name: string;
	in: string;
	schema: JsonSchema;
}

/** An operation, and where it is in the document. */
interface Reached {
	operation: Operation;
	pointer: readonly string[];
}

/** A request can be refused so before it has reached an operation. */
const refusedBefore = [400, 408, 413, 415, 417, 431];
/** Failures of another system, or of the disk. */
const documentedFailures = [502, 503, 504, 507];
/** What only some answers have: by the token, and where credentials or a permission are missing. */
const optionalHeaders = [
	...[
		"X-Token-Default-Source",
		"X-Token-Expiry",
		"X-Token-Truncated",
		"WWW-Authenticate",
		"Tokensmith-Stale",
	],
];
const mostHeaderBytes = 2048;

export class DocumentedApi {
	readonly targets: readonly Target[];
	/** The paths that answer with JSON about everything there is of a kind. */
	readonly lists: readonly string[];
	readonly #document: OpenApi;
	readonly #ajv = new Ajv2020({ strict: false });

	constructor(document: OpenApi) {
		this.#document = document;
		formats.default(this.#ajv);
		this.#ajv.addSchema(document, "openapi.json");
		this.targets = Object.entries(document.paths).flatMap(([path, operations]) =>
			Object.entries(operations).map(([method, operation]) => this.#targetOf(method, path, operation)),
		);
		this.lists = Object.entries(document.paths).flatMap(([path, { get }]) =>
			path.startsWith("/v1/") &&
			!path.includes("{") &&
			"application/json" in (get?.responses[200]?.content ?? {})
				? [path]
				: [],
		);
	}

	/** What is wrong with the answer to a request; undefined: nothing. */
	faultOf(method: string, path: string, reply: Reply): string | undefined {
		const { status, headers } = reply;
		if (bytesOf(headers) > mostHeaderBytes) return `headers of ${bytesOf(headers)} bytes`;
		const reached = this.#reached(method, path);
		const response = reached?.operation.responses[status];
		if (status >= 500 && (response === undefined || !documentedFailures.includes(status))) return "a failure";
		if (reached === undefined || response === undefined) {
			if (reached !== undefined && !refusedBefore.includes(status)) return "a status that is not documented";
			return this.#faultOfRefusal(method, reply);
		}
		return this.#faultOfAnswer(method, reply, reached, response);
	}

	#targetOf(method: string, path: string, { parameters = [], requestBody }: Operation): Target {
		const known = parameters.map((one) => this.#inlined(one) as Parameter);
		const query = known.filter((one) => one.in === "query").map(({ name, schema }) => [name, schema]);
		const [accepts, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
		return {
			...{ method, path, query: { properties: Object.fromEntries(query) } },
			...(content !== undefined && { body: this.#inlined(content.schema) as JsonSchema }),
			...(accepts !== undefined && { accepts }),
		};
	}

	/** With what its references name. A schema within itself becomes any value. */
	#inlined(value: unknown, within: readonly string[] = []): unknown {
		if (Array.isArray(value)) return value.map((one) => this.#inlined(one, within));
		if (!(value instanceof Object)) return value;
		const { $ref } = value as { $ref?: unknown };
		if (typeof $ref !== "string")
			return Object.fromEntries(
				Object.entries(value).map(([name, one]) => [name, this.#inlined(one, within)]),
			);
		return within.includes($ref) ? {} : this.#inlined(this.#at(partsOf($ref)), [...within, $ref]);
	}

	#at(parts: readonly string[]): unknown {
		return parts.reduce((value: unknown, part) => Object(value)[part], this.#document);
	}

	/** The operation that a path belongs to, by its literal words first. */
	#reached(method: string, path: string): Reached | undefined {
		const words = (path.split("?")[0] ?? "").split("/");
		const [template = ""] = Object.keys(this.#document.paths)
			.filter((one) => fits(one.split("/"), words))
			.toSorted((one, other) => one.split("{").length - other.split("{").length);
		const name = (method === "HEAD" ? "GET" : method).toLowerCase();
		const operation = this.#document.paths[template]?.[name];
		return operation && { operation, pointer: ["paths", template, name] };
	}

	#faultOfRefusal(method: string, { status, headers, text }: Reply): string | undefined {
		if (status < 400) return "an answer of no documented operation";
		// Node itself answers an unknown Expect.
		if (status === 417 || method === "HEAD") return undefined;
		if (!typeOf(headers).endsWith("json")) return "a refusal without words";
		return this.#faultOfJson(["components", "schemas", "Problem"], text);
	}

	#faultOfAnswer(
		method: string,
		{ status, headers, text }: Reply,
		{ pointer }: Reached,
		response: Response,
	): string | undefined {
		const { $ref, description } = response;
		const at = $ref === undefined ? [...pointer, "responses", String(status)] : partsOf($ref);
		const { headers: promised = {}, content } = this.#at(at) as Response;
		const missing = Object.keys(promised).filter((name) => !(name.toLowerCase() in headers));
		const [first] = missing.filter(
			(name) => !optionalHeaders.includes(name) || (status === 401 && name === "WWW-Authenticate"),
		);
		if (first !== undefined) return `no header ${first}`;
		if (method === "HEAD") return undefined;
		if (content === undefined) return text === "" ? undefined : "a body where none is documented";
		const type = typeOf(headers);
		if (!(type in content)) return `a body of type ${type}, which is not documented`;
		if (!type.endsWith("json")) return undefined;
		const fault = this.#faultOfJson([...at, "content", type, "schema"], text);
		return fault ?? (type === "application/problem+json" ? codeFault(description, text) : undefined);
	}

	#faultOfJson(at: readonly string[], text: string): string | undefined {
		const parts = at.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
		const validate = this.#ajv.getSchema(`openapi.json#/${parts.join("/")}`);
		if (validate === undefined) throw new Error(`The document has no ${at.join(" ")}.`);
		if (validate(parsed(text))) return undefined;
		return `a body that its schema does not allow: ${this.#ajv.errorsText(validate.errors)}`;
	}
}

function fits(template: readonly string[], words: readonly string[]): boolean {
	return (
		template.length === words.length &&
		template.every((part, at) => (part.startsWith("{") ? words[at] !== "" : part === words[at]))
	);
}

function partsOf($ref: string): string[] {
	return $ref.replace("#/", "").split("/");
}

/** The description of an operation's problem lists the codes in quotes. */
function codeFault(description: string, text: string): string | undefined {
	const { code } = parsed(text) as { code: string };
	const isListed = !description.includes("`") || description.includes(`\`${code}\``);
	return isListed ? undefined : `the code ${code}, which is not documented`;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function typeOf(headers: Reply["headers"]): string {
	return String(headers["content-type"] ?? "").split(";")[0] ?? "";
}

function bytesOf(headers: Reply["headers"]): number {
	return Object.entries(headers).reduce(
		(sum, [name, value]) => sum + name.length + String(value).length + 4,
		0,
	);
}
