import assert from "node:assert/strict";
import { z } from "zod";
import * as contract from "../../daemon/contract.ts";
import { fieldWords } from "../../daemon/field-words.ts";

const junk: readonly unknown[] = [
	...[undefined, null, Number.NaN, 1.5, -1, 1e12, true, "", " ", "x".repeat(5000)],
	...[[], [5], [""], Array(2000).fill("x"), {}, { strange: 1 }],
];

/** The messages about a value. */
function messagesOf(schema: z.ZodType, value: unknown): string[] {
	const { error } = schema.safeParse(value, { error: fieldWords });
	return error?.issues.map(({ message }) => message) ?? [];
}

describe("the message about an invalid field", () => {
	const list = z.array(z.string().min(2)).min(1).max(2);
	const cases: [schema: z.ZodType, value: unknown, words: string][] = [
		[z.string(), undefined, "is missing"],
		[z.string(), 5, "must be a string"],
		[z.int(), 1.5, "must be a whole number"],
		[z.coerce.number(), "x", "must be a number"],
		[z.int().max(36500), 99999, "must be at most 36500"],
		[z.number().gt(1), 1, "must be more than 1"],
		[z.string().min(1), "", "must not be empty"],
		[z.string().max(3), "long", "must be at most 3 characters long"],
		[list, [], "must have at least 1 entry"],
		[list, ["aa", "bb", "cc"], "must have at most 2 entries"],
		[z.enum(["active", "expired"]), "x", "must be one of active, expired"],
		[z.literal(true), "yes", "must be true"],
		[z.union([z.number(), z.strictObject({})]), "x", "must be a number, or must be an object"],
		[z.union([z.number(), z.string()]), undefined, "is missing"],
		[z.strictObject({}), { a: 1, b: 2 }, "has unknown fields: a, b"],
		[z.string().regex(/a/, "must hold an a"), "b", "must hold an a"],
	];
	for (const [schema, value, words] of cases)
		it(`says that it ${words}`, () => assert.deepEqual(messagesOf(schema, value), [words]));

	it("is never zod's own for any shape of the contract", () => {
		let count = 0;
		for (const [name, schema] of Object.entries(contract)) {
			if (!(schema instanceof z.ZodType)) continue;
			const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
			const values = [...junk, ...fields.flatMap((field) => junk.map((value) => ({ [field]: value })))];
			for (const words of values.flatMap((value) => messagesOf(schema, value))) {
				count++;
				assert.doesNotMatch(words, /^(?:Invalid|Too|Unrecognized)|received|expected/, `${name}: ${words}`);
			}
		}
		assert.ok(count > 1000, `${count} messages`);
	});
});
