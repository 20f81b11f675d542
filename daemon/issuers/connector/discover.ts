/**
 * Systems whose own OpenAPI document says how their tokens are managed, in a shape that differs between their versions
 * (JSON:API with a route that creates, lists and deletes). What the document does not say completely stays guided.
 */
import type { Connector } from "../../contract.ts";
import { ConnectorError } from "./connector-error.ts";
import { valueAt } from "./pointer.ts";
import { Session } from "./session.ts";
import type { Access, CallOptions, System } from "./system.ts";

/** A document can be hostile: so many paths are looked at, and so many schemas of one operation. */
const mostPaths = 2000;
const mostSchemas = 2000;
const mediaTypes = ["application/vnd.api+json", "application/json"];
const expiryName = /^(?:expir(?:y|es|ation)(?:[-_]?(?:at|on|date|time))?)$/i;
const secretName = /^(?:token|secret|key|api[-_]?key|value)$/i;

/**
 * The connector with the operations of the server's document; null if it has none that match.
 * @throws ConnectorError if the document can't be read.
 */
export async function discoverAt(
	system: System,
	access: Access,
	options?: CallOptions,
): Promise<Connector | null> {
	const { openapi } = system.connector;
	if (openapi === undefined) return null;
	const session = new Session(system, access, options);
	const answer = await session.send({ request: openapi.document }, session.values());
	if (answer.status === 404) return null;
	if (!session.isSuccess(answer)) throw session.refusal(answer);
	const operations = operationsIn(answer.body, openapi.tag);
	if (operations === undefined) return null;
	// A server's document is a stranger's: what was made of it is checked as any connector is.
	const { connector } = await import("../../contract.ts");
	const { guided: _, openapi: __, ...rest } = system.connector;
	const parsed = connector.safeParse({ ...rest, ...operations });
	if (!parsed.success)
		throw new ConnectorError(
			"not-supported",
			`${session.name} describes its API in a way that is not supported.`,
		);
	return parsed.data;
}

type Operations = Pick<Connector, "record" | "create" | "list" | "revoke">;

/** The operations of a tag that create, list and delete tokens; undefined unless all three are complete. */
function operationsIn(document: unknown, tag: string): Operations | undefined {
	const paths = Object.keys(asObject(valueAt(document, "/paths"))).slice(0, mostPaths);
	for (const path of paths) {
		const at = (method: string, other = path) => operationAt(document, other, method, tag);
		const [post, get] = [at("post"), at("get")];
		if (post === undefined || get === undefined || path.includes("{")) continue;
		const isOne = (other: string) =>
			other.startsWith(`${path}/`) && /^\{[^{}/]+\}$/.test(other.slice(path.length + 1));
		if (!paths.some((other) => isOne(other) && at("delete", other) !== undefined)) continue;
		const [sent, answered, listed] = [
			requestOf(document, post),
			answerOf(document, post),
			answerOf(document, get),
		];
		if (sent === undefined || answered === undefined || typeOf(listed, "data") !== "array") continue;
		return operationsAt(path, sent, answered);
	}
	return undefined;
}

function operationsAt(path: string, sent: Schema, answered: Schema): Operations | undefined {
	const type = constantOf(propertyOf(propertyOf(sent, "data"), "type"));
	const attributes = propertyOf(propertyOf(sent, "data"), "attributes");
	const [expiry, ...otherExpiries] = namesIn(attributes).filter((name) => expiryName.test(name));
	const [secret, ...otherSecrets] = namesIn(propertyOf(propertyOf(answered, "data"), "attributes")).filter(
		(name) => secretName.test(name),
	);
	const isKnown =
		type !== undefined &&
		expiry !== undefined &&
		secret !== undefined &&
		namesIn(attributes).includes("name");
	const isClear = otherExpiries.length === 0 && otherSecrets.length === 0;
	const needs = requiredOf(attributes).filter((name) => name !== "name" && name !== expiry);
	if (!isKnown || !isClear || needs.length > 0) return undefined;
	return {
		record: { id: "/id", name: "/attributes/name", expiry: `/attributes/${expiry}` },
		create: {
			request: `POST ${path}`,
			headers: { "Content-Type": "application/vnd.api+json" },
			body: { data: { type, attributes: { name: "{name}", [expiry]: "{expiry}" } } },
			at: "/data",
			secret: `/data/attributes/${secret}`,
		},
		list: { request: `GET ${path}`, items: "/data" },
		revoke: { request: `DELETE ${path}/{id}`, gone: [404] },
	};
}

type Schema = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): Schema =>
	typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};

const pointerPart = (text: string) => text.replaceAll("~", "~0").replaceAll("/", "~1");

function operationAt(document: unknown, path: string, method: string, tag: string): Schema | undefined {
	const operation = valueAt(document, `/paths/${pointerPart(path)}/${method}`);
	const tags = valueAt(operation, "/tags");
	return Array.isArray(tags) && tags.includes(tag) ? asObject(operation) : undefined;
}

function requestOf(document: unknown, operation: Schema): Schema | undefined {
	return schemaIn(document, resolved(document, operation.requestBody));
}

function answerOf(document: unknown, operation: Schema): Schema | undefined {
	const answers = asObject(operation.responses);
	const status = ["200", "201"].find((one) => Object.hasOwn(answers, one));
	return status === undefined ? undefined : schemaIn(document, resolved(document, answers[status]));
}

function schemaIn(document: unknown, holder: Schema): Schema | undefined {
	const content = asObject(holder.content);
	const type = mediaTypes.find((one) => Object.hasOwn(content, one));
	if (type === undefined) return undefined;
	return whole(document, asObject(content[type]).schema, { depth: 8, schemas: { left: mostSchemas } });
}

/** Follows a local reference, once. */
function resolved(document: unknown, value: unknown): Schema {
	const { $ref } = asObject(value);
	const isLocal = typeof $ref === "string" && $ref.startsWith("#/");
	return asObject(isLocal ? valueAt(document, $ref.slice(1)) : value);
}

interface Bounds {
	readonly depth: number;
	readonly schemas: { left: number };
}

/** With every reference in place, within bounds: a document can refer to itself. */
function whole(document: unknown, value: unknown, { depth, schemas }: Bounds): Schema {
	if (depth === 0 || schemas.left-- <= 0) return {};
	const within = (part: unknown) => whole(document, part, { depth: depth - 1, schemas });
	const schema = resolved(document, value);
	const parts = Array.isArray(schema.allOf) ? schema.allOf.slice(0, 20).map(within) : [];
	const properties = Object.entries(asObject(schema.properties)).slice(0, 200);
	return {
		...schema,
		properties: Object.assign(
			{},
			...parts.map((part) => part.properties),
			Object.fromEntries(properties.map(([name, one]) => [name, within(one)])),
		),
		required: [...parts.flatMap(requiredOf), ...requiredOf(schema)],
	};
}

const propertyOf = (schema: Schema | undefined, name: string) => asObject(asObject(schema?.properties)[name]);
const namesIn = (schema: Schema) => Object.keys(asObject(schema.properties));
const typeOf = (schema: Schema | undefined, name: string) => propertyOf(schema, name).type;

function requiredOf({ required }: Schema): string[] {
	return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

function constantOf({ const: constant, enum: values }: Schema): string | undefined {
	const only = Array.isArray(values) && values.length === 1 ? values[0] : constant;
	return typeof only === "string" ? only : undefined;
}
