/**
 * Generates nearly valid and malformed requests for a route: what unknown and broken clients and proxies may send. Bodies
 * and queries come from the route's own schemas, with odd values in place of some parts.
 */
import { METHODS } from "node:http";
import fc from "fast-check";
import * as z from "zod";
import type { Route } from "../../daemon/server/route.ts";

export interface Target {
	method: string;
	path: string;
	/** An object with a member for each parameter. */
	query?: JsonSchema;
	body?: JsonSchema;
	/** Of the body; JSON unless told otherwise. */
	accepts?: string;
}

export interface Sketch {
	method: string;
	/** With the placeholders `‹id›` and `‹secret›` for those of an existing token, and `‹owner›` for the owner key. */
	path: string;
	headers: Record<string, string>;
	body: string | Buffer | undefined;
}

export interface JsonSchema {
	type?: string | string[];
	properties?: Record<string, JsonSchema>;
	required?: string[];
	items?: JsonSchema;
	anyOf?: JsonSchema[];
	enum?: unknown[];
	const?: unknown;
}

export function targetOf({ method, path, query, body, accepts }: Route): Target {
	return {
		...{ method, path },
		...(query !== undefined && { query: schemaOf(query) }),
		...(body !== undefined && { body: schemaOf(body) }),
		...(accepts !== undefined && { accepts }),
	};
}

export function schemaOf(schema: z.ZodType): JsonSchema {
	return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

export function sketchOf(target: Target): fc.Arbitrary<Sketch> {
	const parts = {
		method: methodsOf(target),
		path: pathsOf(target),
		query: queriesOf(target),
		type: contentTypesOf(target),
		authorization: mostly(8, authorizations),
		ifMatch: mostly(8, ifMatch),
		more: rarely(12, moreHeaders),
		body: bodiesOf(target),
	};
	return fc.record(parts).map(({ method, path, query, type, authorization, ifMatch, more, body }) => ({
		method,
		path: path + query,
		headers: {
			"content-type": type,
			...(authorization !== undefined && { authorization }),
			...(ifMatch !== undefined && { "if-match": ifMatch }),
			...more,
		},
		body,
	}));
}

function mostly<Value>(times: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
	return fc.option(arbitrary, { nil: undefined, freq: times });
}

function rarely<Value>(times: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
	return weighted<Value | undefined>([times, fc.constant(undefined)], [1, arbitrary]);
}

function weighted<Value>(
	...choices: [weight: number, arbitrary: fc.Arbitrary<Value>][]
): fc.Arbitrary<Value> {
	return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** One of the words of a text. */
function words(text: string): fc.Arbitrary<string> {
	return fc.constantFrom(...text.split(" "));
}

/** The unit "binary" would do, but takes seconds for a table of all characters. */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

const oddText = fc.oneof(
	fc.string({ unit: anyCharacter }),
	fc.string(),
	fc.constantFrom(
		"\0",
		"\ud800",
		"a\udfffb",
		"\u202e",
		"\u2028",
		"\r\nX-Injected: 1",
		"'; --",
		"a\tb",
		"",
		" ",
	),
	words("__proto__ constructor prototype hasOwnProperty toString ../../etc/passwd {{x}} % _ null NaN"),
	fc.constantFrom(50, 200, 500, 5000, 60_000).map((length) => "x".repeat(length)),
);

const oddNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, -1, 1e308, 2 ** 53, 5e-324));

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
	fc.jsonValue({ maxDepth: 3 }),
	fc.constantFrom(null, true, false, [], {}, [[]], [null], { toString: 1 }),
	fc.dictionary(oddText, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 }),
	oddNumber,
	oddText,
);

const days =
	"2026-04-01T00:00:00Z 2026-03-10T12:00:00.001Z 2027-02-28T23:59:59+14:00 9999-12-31T23:59:59.999Z";

/** Typical values of a member with this name. */
const usual: Record<string, fc.Arbitrary<string>> = {
	permissions: words("orders.read orders.write orders.* * api.api-tokens.read"),
	resources: words("channel/soc integration/x a/../b channel/%00 x/*"),
	resource: words("channel/soc channel/* x"),
	allowedAddresses: words("127.0.0.1 10.0.0.0/8 ::1 2001:db8::/32 ::ffff:127.0.0.1 0.0.0.0/0"),
	expiry: words(days),
	expiresBefore: words(days),
	unusedSince: words(days),
	since: words(days),
	until: words(days),
	from: words("2026-03-10 0000-01-01 9999-12-31"),
	to: words("2026-03-10 0000-01-01 9999-12-31"),
	profile: words("local polarity eclecticiq mindbridge narrative"),
	ids: words("‹id› x"),
	tokenId: words("‹id› x"),
	token: words("‹secret› ‹owner› ‹id› tks_00000000000000000000000000000000000000"),
	hashes: fc.constantFrom(`sha256:${"0".repeat(64)}`, `sha256:${"a".repeat(64)}`),
	client_address: words("127.0.0.1 ::1 ::ffff:1.2.3.4 1.2.3 x"),
	secretPrefix: words("tks abc"),
	pattern: fc.constantFrom("^[a-z.]+$", "(a+)+$", "(", "", "\\p{L}"),
	url: words("https://example.com/ http://[::1]/ x"),
	id: words("mine local x-1"),
	limit: words("1 2 1000 0 -1 1e3 0x10"),
	cursor: words("bnVsbA W10 e30 x"),
};

/** Mostly values that the schema is likely to accept, and a few odd ones. */
function nearly(schema: JsonSchema, name = ""): fc.Arbitrary<unknown> {
	return weighted([40, likely(schema, name)], [1, oddValue]);
}

function likely(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
	const { anyOf, properties, items } = schema;
	if (anyOf !== undefined) return fc.oneof(...anyOf.map((one) => nearly(one, name)));
	if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
	if ("const" in schema) return fc.constant(schema.const);
	if (properties !== undefined) {
		const known = membersOf(properties, schema.required ?? []);
		return weighted<unknown>([9, known], [1, withMore(known)]);
	}
	if (items !== undefined) return fc.uniqueArray(nearly(items, name), { maxLength: 4 });
	return fc.oneof(...[schema.type].flat().map((type) => valuesOf(type, name)));
}

function membersOf(properties: Record<string, JsonSchema>, requiredKeys: string[]): fc.Arbitrary<object> {
	const members = Object.entries(properties).map(([name, schema]) => [name, nearly(schema, name)] as const);
	const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(members);
	return fc.record(model, { requiredKeys });
}

function valuesOf(type: string | undefined, name: string): fc.Arbitrary<unknown> {
	if (type === "integer") return weighted<unknown>([4, fc.integer({ min: 0, max: 400 })], [1, oddNumber]);
	if (type === "boolean") return fc.boolean();
	if (type === "null") return fc.constant(null);
	if (type === "string" || type === undefined) return textsOf(name);
	return oddValue;
}

function textsOf(name: string): fc.Arbitrary<string> {
	const own = Object.hasOwn(usual, name) ? usual[name] : undefined;
	return own === undefined
		? weighted([3, words("x ada name")], [1, oddText])
		: weighted([20, own], [1, oddText]);
}

/** The object with an additional own key that the schema does not have. */
function withMore(known: fc.Arbitrary<object>): fc.Arbitrary<object> {
	const key = fc.constantFrom("__proto__", "constructor", "id", "status", "token", "a/b~c", "\0", "");
	return fc.tuple(known, key, oddValue).map(([object, name, value]) => {
		const grown = { ...object };
		Object.defineProperty(grown, name, { value, enumerable: true });
		return grown;
	});
}

function bodiesOf(target: Target): fc.Arbitrary<Sketch["body"]> {
	const value = nearly(target.body ?? { properties: {} });
	const json = value.map((one) => JSON.stringify(one) ?? "undefined");
	const form = value.map((one) =>
		new URLSearchParams(
			Object.entries(Object(one)).map(([name, value]): [string, string] => [name, textOf(value)]),
		).toString(),
	);
	const isForm = target.accepts === "application/x-www-form-urlencoded";
	return weighted<Sketch["body"]>(
		[16, isForm ? form : json],
		[2, isForm ? json : form],
		[2, oddValue.map((one) => JSON.stringify(one))],
		[1, fc.tuple(json, fc.nat(200)).map(([text, length]) => text.slice(0, length))],
		[1, fc.tuple(json, oddText).map(([text, more]) => text + more)],
		[1, fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
		[1, fc.tuple(fc.constantFrom("[", '{"a":', "[{"), fc.nat(12_000)).map(nested)],
		[1, fc.constantFrom(undefined, "", "null", "0", '"', `"${"x".repeat(65_530)}"`)],
	);
}

function textOf(value: unknown): string {
	return typeof value === "string" ? value : JSON.stringify(value);
}

function nested([opening, depth]: [string, number]): string {
	return opening.repeat(depth);
}

function queriesOf(target: Target): fc.Arbitrary<string> {
	const known = Object.entries(target.query?.properties ?? {}).map(([name, schema]) =>
		nearly(schema, name).map((value) => `${name}=${encoded(textOf(value))}`),
	);
	const unknown = fc
		.tuple(words("x __proto__ constructor[prototype] a[b] token"), oddText)
		.map(([name, value]) => `${name}=${encoded(value)}`);
	const rubbish = words("% %zz %ff=1 %00 %c0%af [] && = a=b=c ? #");
	const pairs = fc.array(weighted([6, fc.oneof(...known, unknown)], [1, fc.oneof(unknown, rubbish)]), {
		maxLength: 4,
	});
	return weighted([2, fc.constant("")], [known.length > 0 ? 6 : 1, pairs.map((all) => `?${all.join("&")}`)]);
}

function encoded(text: string): string {
	return encodeURIComponent(text.toWellFormed().slice(0, 2000)).replace(
		/%E2%80%(B9|BA)/g,
		decodeURIComponent,
	);
}

function pathsOf({ path }: Target): fc.Arbitrary<string> {
	const odd = fc.oneof(words("% %zz %00 %ff %2e%2e ..%2f __proto__ current ;"), oddText.map(encoded));
	const parts = fc.array(weighted([4, words("‹id› ‹id› channel soc")], [1, odd]), {
		minLength: 3,
		maxLength: 3,
	});
	const whole = parts.map((three) => {
		const left = [...three];
		return path.replace(/\{\w+\}/g, () => left.pop() ?? "");
	});
	const bent = fc.tuple(whole, words("/ // /. /%2e ;x % %00 %20 /x")).map((both) => both.join(""));
	const upper = whole.map((text) => text.replace(/\/[a-z]/, (start) => start.toUpperCase()));
	return weighted([14, whole], [1, bent], [1, upper]);
}

function methodsOf(target: Target): fc.Arbitrary<string> {
	// Node closes the connection on CONNECT, which only proxies support.
	const others = METHODS.filter((method) => method !== "CONNECT");
	const own = fc.constant(target.method.toUpperCase());
	return weighted([20, own], [1, fc.constant("HEAD")], [1, fc.constantFrom(...others)]);
}

const latin1 = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code));
const headerValue = fc.string({ unit: latin1 }).map((text) => text.replaceAll("\x7f", "").trim());

const authorizations = weighted(
	[24, fc.constant("Bearer ‹owner›")],
	[3, fc.constant("Bearer ‹secret›")],
	[
		1,
		fc.constantFrom(
			"Bearer",
			"Bearer ",
			"bearer ‹owner›",
			"Bearer ‹owner›, Bearer ‹secret›",
			"Basic ‹secret›",
		),
	],
	[1, fc.constantFrom("x:y", ":", "%:%", "\0:\0", "owner:x").map((text) => `Basic ${btoa(text)}`)],
	[1, headerValue.map((text) => `Bearer ${text}`)],
	[1, headerValue],
);

const ifMatch = weighted(
	[8, fc.constantFrom("*", '"1"')],
	[2, fc.constantFrom('"2"', 'W/"1"', '""', '"1", "2"', `"${"9".repeat(30)}"`, '"-1"', "1")],
	[1, headerValue],
);

const moreHeaders = fc.record(
	{
		"content-encoding": fc.oneof(words("gzip identity br x"), headerValue),
		"x-forwarded-for": fc.oneof(words("10.0.0.1 ,,, :: unknown"), headerValue),
		"x-http-method-override": words("DELETE PUT"),
		accept: headerValue,
		cookie: headerValue,
		expect: words("100-continue nonsense"),
		host: words("example.com localhost"),
		origin: words("null https://example.com"),
	},
	{ requiredKeys: [] },
);

function contentTypesOf({ accepts = "application/json" }: Target): fc.Arbitrary<string> {
	return weighted(
		[20, fc.constant<string>(accepts)],
		[
			2,
			words("application/json application/x-www-form-urlencoded text/plain */* json ; multipart/form-data"),
		],
		[1, words("utf-16 x utf-8;x=y").map((charset) => `application/json; charset=${charset}`)],
		[1, headerValue],
	);
}
