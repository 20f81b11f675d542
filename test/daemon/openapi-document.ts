/** What the tests of the OpenAPI document take from it, and compare with the daemon's real answers. */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { AnswerOptions } from "../../daemon/server/answer.ts";
import { behindExpress } from "../../daemon/server/express.ts";
import type { RouteParts } from "../../daemon/server/routes/parts.ts";
import { allRoutes } from "../../daemon/server/routes.ts";
import type { Answer } from "./harness.ts";

interface Parameter {
	in?: string;
	name: string;
	description?: string;
	required?: boolean;
}

interface Reference {
	$ref: string;
}

interface Operation {
	operationId: string;
	tags: string[];
	summary: string;
	description: string;
	security: object[];
	parameters: (Parameter | Reference)[];
	requestBody?: Body;
	responses: Record<string, Body & { $ref?: string; headers?: Record<string, object> }>;
}

interface Body {
	content?: Record<string, { schema: Reference | { properties?: object } }>;
}

export type OpenApi = {
	tags: { name: string }[];
	paths: Record<string, Record<string, Operation>>;
	components: {
		schemas: Record<string, { description?: string; properties?: Record<string, { description?: string }> }>;
		parameters: Record<string, Parameter>;
	};
};

export function resolve<Component>(
	components: Record<string, Component>,
	used: Component | Reference,
): Component {
	if (!(used instanceof Object && "$ref" in used)) return used;
	const found = components[used.$ref.split("/").at(-1) ?? ""];
	assert.ok(found !== undefined, used.$ref);
	return found;
}

/** Every header that the document promises is in the answer, except those that depend on the token. */
export function assertHeaders(operation: Operation | undefined, { status, headers }: Answer): void {
	const promised = Object.keys(operation?.responses[status]?.headers ?? {});
	const optional = ["Tokensmith-Stale", "X-Token-Default-Source", "X-Token-Expiry", "X-Token-Truncated"];
	for (const name of promised) assert.ok(headers.has(name) || optional.includes(name), name);
}

export function operationsOf({
	paths,
}: Pick<OpenApi, "paths">): { operation: string; described: Operation }[] {
	return Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, described]) => ({
			operation: `${method.toUpperCase()} ${path}`,
			described,
		})),
	);
}

export function operationNamed({ paths }: OpenApi, operation: string): Operation | undefined {
	const [method = "", path = ""] = operation.split(" ");
	return paths[path]?.[method.toLowerCase()];
}

/** The routes that Express serves. */
export function servedByExpress(): string[] {
	// Building the table of routes uses none of the parts that answer them.
	const routes = allRoutes({} as RouteParts);
	const { stack } = behindExpress(routes, {} as AnswerOptions).router;
	return stack.flatMap(({ route }) => {
		const methods = new Set(
			route?.stack.map((layer) => layer.method).filter((method) => method !== undefined),
		);
		const path = String(route?.path).replace(/:(\w+)/g, "{$1}");
		return [...methods].map((method) => `${method.toUpperCase()} ${path}`);
	});
}

export function schemasOf(document: OpenApi): Ajv2020 {
	// Strict mode would reject OpenAPI's own keywords around the schemas.
	const ajv = new Ajv2020({ strict: false, allErrors: true });
	formats.default(ajv);
	return ajv.addSchema(document, "openapi.json");
}

export function schemaAt(ajv: Ajv2020, operation: string, where: readonly string[]): ValidateFunction {
	const [method = "", path = ""] = operation.split(" ");
	return schemaIn(ajv, ["paths", path, method.toLowerCase(), ...where]);
}

export function schemaIn(ajv: Ajv2020, where: readonly string[]): ValidateFunction {
	const parts = [...where, "schema"];
	const pointer = parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
	const found = ajv.getSchema(`openapi.json#/${pointer.join("/")}`);
	assert.ok(found !== undefined, `the document has no ${parts.join(" ")}`);
	return found;
}

export function assertValid(validate: ValidateFunction, value: unknown): void {
	assert.ok(validate(value), JSON.stringify({ errors: validate.errors, value }, null, "\t"));
}
