/** Converts zod schemas to the JSON Schema of OpenAPI 3.1, in which every named schema is a reference. */
import * as z from "zod";
import { namedSchemas } from "./schemas.ts";

export type Json = Record<string, unknown>;

const ids: ReadonlyMap<z.core.$ZodType, string> = new Map(
	Object.entries(namedSchemas).map(([id, { schema }]) => [schema, id]),
);

/** The document's `components.schemas`. */
export function schemaComponents(): Record<string, Json> {
	const conversions = { input: convertAll("input"), output: convertAll("output") };
	return Object.fromEntries(
		Object.entries(namedSchemas).map(([id, { io, description, fields }]) => {
			const { properties, ...schema } = conversions[io][id] ?? {};
			if (properties === undefined) return [id, { description, ...schema }];
			const described = Object.entries(describe(properties as Json, fields));
			const fieldSchemas = described.map(([name, field]) => [name, withoutDefault(field)]);
			return [id, { description, ...schema, properties: Object.fromEntries(fieldSchemas) }];
		}),
	);
}

/** A reference to the named schema, or the conversion of one without a name. */
export function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
	const id = ids.get(schema);
	if (id !== undefined) return referTo("schemas", id);
	const override = (context: Conversion) => {
		const nested = ids.get(context.zodSchema);
		if (nested !== undefined) replace(context.jsonSchema, referTo("schemas", nested));
		else simplify(context);
	};
	const { $schema: _, ...converted } = z.toJSONSchema(schema, { io, unrepresentable: "any", override });
	return converted;
}

export function referTo(
	kind: "schemas" | "responses" | "parameters" | "headers",
	id: string,
): { $ref: string } {
	return { $ref: `#/components/${kind}/${id}` };
}

/** The properties with their descriptions. */
export function describe(
	properties: Json,
	descriptions: Readonly<Record<string, string>>,
): Record<string, Json> {
	return Object.fromEntries(
		Object.entries(properties).map(([name, schema]) => [
			name,
			{ description: descriptions[name], ...(schema as Json) },
		]),
	);
}

/** States the default in words: generators of typed clients would make a field with a `default` required. */
function withoutDefault({ default: value, description, ...schema }: Json): Json {
	if (value === undefined) return { description, ...schema };
	return { description: `${description} Default: \`${JSON.stringify(value)}\`.`, ...schema };
}

function convertAll(io: "input" | "output"): Record<string, Json> {
	const registry = z.registry<{ id: string }>();
	for (const [id, { schema }] of Object.entries(namedSchemas)) registry.add(schema, { id });
	const uri = (id: string) => referTo("schemas", id).$ref;
	const { schemas } = z.toJSONSchema(registry, { io, unrepresentable: "any", uri, override: simplify });
	return Object.fromEntries(
		Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema as Json]),
	);
}

type Conversion = Parameters<NonNullable<z.core.ToJSONSchemaParams["override"]>>[0];

/**
 * Removes what other keywords already say: the patterns of dates, the range of integers, the type of keys. Several
 * patterns of one string are left to its description, for generators of typed clients turn them into intersections.
 */
function simplify({ jsonSchema }: Conversion): void {
	if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
	if (jsonSchema.allOf?.every((part) => Object.keys(part).join() === "pattern")) delete jsonSchema.allOf;
	delete jsonSchema.propertyNames;
	if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
	if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function replace(target: object, source: object): void {
	for (const key of Object.keys(target)) delete (target as Json)[key];
	Object.assign(target, source);
}
