/**
 * A named schema of the OpenAPI document, with a description of every field. A field of the contract that is not described
 * does not compile.
 */
import type * as z from "zod";

export interface NamedSchema {
	schema: z.ZodType;
	description: string;
	fields: Readonly<Record<string, string>>;
	/** A request is described as a client sends it, before defaults are filled in. */
	io: "input" | "output";
}

export type NamedSchemas = Readonly<Record<string, NamedSchema>>;

export function answer<Shape extends z.ZodRawShape>(
	schema: z.ZodObject<Shape>,
	description: string,
	fields: Record<keyof Shape & string, string>,
): NamedSchema {
	return { schema, description, fields, io: "output" };
}

export function request<Shape extends z.ZodRawShape>(
	schema: z.ZodObject<Shape>,
	description: string,
	fields: Record<keyof Shape & string, string>,
): NamedSchema {
	return { schema, description, fields, io: "input" };
}

/** A schema without fields of its own. */
export function value(schema: z.ZodType, description: string): NamedSchema {
	return { schema, description, fields: {}, io: "output" };
}
