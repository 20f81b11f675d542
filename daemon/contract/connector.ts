/**
 * The language of connectors: how a system's API for tokens is called, as data in a profile. docs/connectors.md explains
 * it. Only the shapes stand here: `../connector-text.ts` checks single strings, `../connector-checks.ts` what they refer to.
 */
import * as z from "zod";
import { connectorIssues } from "../connector-checks.ts";
import {
	baseIssue,
	cookieIssue,
	headerIssue,
	linkIssue,
	patternIssue,
	pointerIssue,
	requestIssue,
	templateIssue,
} from "../connector-text.ts";
import { tokenFields } from "../facts.ts";

/** A string that a check accepts; the check answers what is wrong, to read on from the field's name. */
const checked = (issueOf: (text: string) => string | undefined, longest = 500) =>
	z
		.string()
		.max(longest)
		.superRefine((text, context) => {
			const message = issueOf(text);
			if (message !== undefined) context.addIssue({ code: "custom", message });
		});

const label = z
	.string()
	.min(1)
	.max(300)
	.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "must not contain control characters or line breaks");
const template = label.max(1000);
const pointer = checked(pointerIssue);
const link = checked(linkIssue, 1000);
const fieldName = z
	.string()
	.regex(/^[A-Za-z][A-Za-z0-9_]{0,49}$/, "must be letters, digits and underscores, a letter first");
const scalar = z.union([z.string().max(500), z.number(), z.boolean(), z.null()]);
const status = z.int().min(100).max(599);
const jsonValue = z.unknown().refine((value) => isShallow(value), "must not be nested more than 20 deep");
const headers = z.record(checked(headerIssue, 100), template);

const simpleCondition = {
	/** The value that `is`, `in` are compared with. */
	at: pointer.exactOptional(),
	is: scalar.exactOptional(),
	in: z.array(scalar).min(1).max(50).exactOptional(),
	/** A pointer at which there must be a value other than null and the empty string. */
	has: pointer.exactOptional(),
	lacks: pointer.exactOptional(),
};
const conditionParts = {
	...simpleCondition,
	/** A condition that must not be met. */
	not: z.strictObject(simpleCondition).exactOptional(),
};
const condition = z.strictObject(conditionParts);
export type Condition = z.output<typeof condition>;

/** An HTTP status, alone or with what the answer's body must be like. */
const outcome = z.union([status, z.strictObject({ status, ...conditionParts })]);
export type Outcome = z.output<typeof outcome>;
const outcomes = z.array(outcome).max(50);

const dateField = z.union([
	pointer,
	z.strictObject({
		at: pointer,
		/** `instant` RFC 3339, `date` YYYY-MM-DD, `seconds` or `milliseconds` since 1970. Default: `instant`. */
		as: z.enum(["instant", "date", "seconds", "milliseconds"]).exactOptional(),
		/** Values that mean "never", in addition to null and the empty string. */
		never: z.array(scalar).min(1).max(10).exactOptional(),
	}),
]);
export type DateField = z.output<typeof dateField>;

const listPart = z.strictObject({
	at: pointer,
	/**
	 * What each entry becomes: `{resource}:{access}` of its properties, `{item}` of a string. An object's entries are its
	 * fields, whose names are `{key}`.
	 */
	each: template.exactOptional(),
	/** The separator of a list that is one string. */
	split: z.string().min(1).max(10).exactOptional(),
	/** The entry that the value `true` stands for. */
	flag: label.exactOptional(),
});
const listField = z.union([pointer, listPart, z.array(listPart).min(1).max(50)]);
export type ListField = z.output<typeof listField>;

/** Where our fields stand in a token of the system's. */
const record = z.strictObject({
	id: pointer.exactOptional(),
	name: pointer.exactOptional(),
	description: pointer.exactOptional(),
	created: dateField.exactOptional(),
	expiry: dateField.exactOptional(),
	permissions: listField.exactOptional(),
	resources: listField.exactOptional(),
	allowedAddresses: listField.exactOptional(),
	defaultSource: pointer.exactOptional(),
	partial: pointer.exactOptional(),
	lastUsed: dateField.exactOptional(),
	dead: condition.exactOptional(),
	/** Where a list shows the secret itself. It is hashed at once. */
	secret: pointer.exactOptional(),
	/** Where the values of options stand, by the options' names. */
	options: z.record(fieldName, pointer).exactOptional(),
	/** What an update must send back, for example a version: available in its templates by these names. */
	keep: z.record(fieldName, pointer).exactOptional(),
});
export type RecordFields = z.output<typeof record>;

/** How the caller authenticates: headers, or HTTP Basic authentication. */
const auth = z.union([
	z.strictObject({ basic: z.strictObject({ user: template, password: z.union([template, z.literal("")]) }) }),
	headers.refine((map) => !Object.hasOwn(map, "basic"), "basic needs user and password"),
]);

/** One request. Its address contains no credential and no answer to `ask`. */
const call = z.strictObject({
	/** Method and path: `POST /tokens/{id}{?page}`. */
	request: checked(requestIssue, 1000),
	/** Further names for the templates of this request. */
	with: z.record(fieldName, jsonValue).exactOptional(),
	/** A JSON body. */
	body: jsonValue.exactOptional(),
	/** The fields of a form body (`application/x-www-form-urlencoded`). */
	form: z.record(z.string().min(1).max(100), jsonValue).exactOptional(),
	/** In addition to the connector's headers, or instead of them. */
	headers: headers.exactOptional(),
	/** Instead of the connector's `auth`. */
	auth: auth.exactOptional(),
});
export type Call = z.output<typeof call>;

const header = z.strictObject({ header: checked(headerIssue, 100) });

/** Where a value stands in an answer: in its JSON, a header, or a cookie that it sets. */
const taken = z.union([pointer, header, z.strictObject({ cookie: checked(cookieIssue, 100) })]);
export type Taken = z.output<typeof taken>;

/** A request before all others of an operation, whose answer has what they authenticate with. */
const login = call.extend({
	/** Further names, by where the answer has their values. */
	take: z
		.record(fieldName, taken)
		.refine((map) => Object.keys(map).length > 0, "must name what the answer has"),
	/** The answers that mean: the credential does not work. Default: status 401. */
	dead: outcomes.exactOptional(),
});
export type Login = z.output<typeof login>;

/** A request whose answer is a token. */
const tokenCall = call.extend({
	/** Where the token's record stands in the answer. Default: the whole answer. */
	at: pointer.exactOptional(),
	/** Fields that stand elsewhere in this answer than `record` says. */
	record: record.exactOptional(),
});

const pages = z.union([
	/** A page number. Ends with an empty page, or with the page whose number is at `last`. */
	z.strictObject({ number: fieldName, first: z.int().min(0).max(1), last: pointer.exactOptional() }),
	/** The number of tokens to skip. Ends with an empty page, or when `total` are read. */
	z.strictObject({ offset: fieldName, total: pointer.exactOptional() }),
	/** The answer's header `Link`, by its relation. */
	z.strictObject({ link: z.literal("next") }),
	/** The next page's address, in the answer. */
	z.strictObject({ next: pointer }),
	/** A cursor in the answer, in its body or a header, which the next request sends. */
	z.strictObject({ cursor: fieldName, at: z.union([pointer, header]) }),
	/** A field of a page's last item, which the next request sends. Ends with an empty page. */
	z.strictObject({ after: fieldName, item: pointer }),
]);
export type Pages = z.output<typeof pages>;

const probe = call.extend({
	live: outcomes.min(1),
	dead: outcomes.min(1),
	/** When the next probe decides. */
	next: outcomes.exactOptional(),
	at: pointer.exactOptional(),
	/** What the answer tells about the token: the connector's record, or fields of its own. */
	record: z.union([z.literal(true), record]).exactOptional(),
});
export type Probe = z.output<typeof probe>;
const probes = z.array(probe).min(1).max(5);

const guide = z.strictObject({
	/** The page to open: an https address, or `{base}/…`. */
	open: template,
	/** What to do there, one step each; `profile`: the profile's own steps. */
	steps: z.union([z.literal("profile"), z.array(z.string().min(1).max(1000)).min(1).max(30)]),
	/** What is asked of the user then. */
	collect: z.array(z.enum([...tokenFields, "id", "secret"])).exactOptional(),
	/** `verify`: a probe confirms the step. */
	confirm: z.literal("verify").exactOptional(),
});
export type Guide = z.output<typeof guide>;

const variable = z.strictObject({
	name: fieldName,
	title: label,
	/** A regular expression that must match the value as a whole. */
	pattern: checked(patternIssue),
	example: label.exactOptional(),
});

const option = z.strictObject({
	name: fieldName,
	title: label,
	/** The values to choose from, with their titles. Without: free text. */
	values: z.record(z.string().max(200), label).exactOptional(),
	pattern: checked(patternIssue).exactOptional(),
	/** How it is sent; `list`: several, separated by commas. Default: `text`. */
	as: z.enum(["text", "number", "boolean", "list"]).exactOptional(),
	/** Without a default, the field may stay empty and is left out then. */
	default: z.string().max(200).exactOptional(),
	required: z.boolean().exactOptional(),
});
export type ConnectorOption = z.output<typeof option>;

export const connector = z
	.strictObject({
		/** The API's address, to which `{variable}` can belong; null: the user is asked. */
		base: checked(baseIssue).nullable(),
		variables: z.array(variable).max(10).exactOptional(),
		/** What to paste as the connection's credential, and where to get it. */
		credential: z.strictObject({ title: label, link: link.exactOptional() }).exactOptional(),
		/** What is asked of the user for one call and kept nowhere: a password, a one-time code. */
		ask: z
			.array(z.strictObject({ name: fieldName, title: label }))
			.max(5)
			.exactOptional(),
		/** Further fields of a creation. */
		options: z.array(option).max(20).exactOptional(),
		auth,
		/** What is requested first, once an operation: the names that it takes are known to `auth` and all other requests. */
		login: z.array(login).min(1).max(3).exactOptional(),
		/** The last request of an operation that has logged in. Its answer does not matter. */
		logout: call.exactOptional(),
		/** Further headers of every request. */
		headers: headers.exactOptional(),
		record: record.exactOptional(),
		create: tokenCall
			.extend({
				/** The id is the last part of the address in the answer's header `Location`. */
				location: z.literal(true).exactOptional(),
				/** A second request, whose answer has the secret. It knows the token's id. */
				reveal: call.exactOptional(),
				/**
				 * Where the secret stands in the answer, or a text of several parts: `{/key}.{/token}`. `generated`: the daemon
				 * makes it, with so many letters and digits, and the request sends it as `{secret}`.
				 */
				secret: z.union([
					pointer,
					z.strictObject({ text: checked(templateIssue, 1000) }),
					z.strictObject({ generated: z.int().min(20).max(128) }),
				]),
				/** A list or a read after the creation completes what its answer does not tell. */
				complete: z.enum(["list", "read"]).exactOptional(),
				/** `jwt`: the secret is a JWT that tells its own expiry. */
				expiry: z.literal("jwt").exactOptional(),
			})
			.exactOptional(),
		list: call
			.extend({
				/** Where the list stands in the answer. */
				items: pointer,
				/** The list is an object: each of its fields becomes `{ "key", "value" }`. */
				entries: z.literal(true).exactOptional(),
				record: record.exactOptional(),
				/** Which items are tokens. Default: all. */
				where: condition.exactOptional(),
				pages: pages.exactOptional(),
			})
			.exactOptional(),
		read: tokenCall.exactOptional(),
		update: tokenCall
			.extend({
				/** The fields that can be changed. */
				changes: z.array(z.enum(tokenFields)).min(1),
				/** Read the token first, so that the templates have all its fields and what `keep` names. */
				fresh: z.literal(true).exactOptional(),
				/** `none`: the answer is no token. */
				answer: z.literal("none").exactOptional(),
			})
			.exactOptional(),
		revoke: call
			.extend({
				/** The answers that mean: there is no such token any more. */
				gone: outcomes.exactOptional(),
				/** Read the token first, so that the request has all its fields and what `keep` names. */
				fresh: z.literal(true).exactOptional(),
			})
			.exactOptional(),
		/** Probes of a token's secret, in order. */
		verify: probes.exactOptional(),
		/** Probes of the connection's credential, where it is of another kind than the tokens. */
		verifyCredential: probes.exactOptional(),
		/** What a successful answer is like, where the status alone does not tell. */
		success: condition.exactOptional(),
		/** Where an error's text stands: the first pointer that finds one. */
		error: z.array(pointer).max(10).exactOptional(),
		/** After status 429: the header with the seconds to wait, and the seconds without it. */
		limit: z
			.strictObject({
				seconds: checked(headerIssue, 100).exactOptional(),
				otherwise: z.int().min(1).max(86_400).exactOptional(),
			})
			.exactOptional(),
		/** How long a revoked token may still work. */
		lagSeconds: z.int().min(1).max(3600).exactOptional(),
		/** Whether a redirect of a GET to the same path with a slash at its end is followed. */
		slash: z.literal(true).exactOptional(),
		/**
		 * Where the server's own OpenAPI document is, and the tag of the operations that manage its tokens. If they create,
		 * list and delete them in the manner of JSON:API, they take the place of `guided`.
		 */
		openapi: z.strictObject({ document: checked(requestIssue, 1000), tag: label }).exactOptional(),
		/** What the user does on the system's own pages. */
		guided: z.strictObject({ create: guide.exactOptional(), revoke: guide.exactOptional() }).exactOptional(),
	})
	.superRefine((value, context) => {
		for (const { path, message } of connectorIssues(value as Connector)) {
			context.addIssue({ code: "custom", path: [...path], message });
		}
	});

export type Connector = z.output<typeof connector>;

function isShallow(value: unknown, depth = 20): boolean {
	if (typeof value !== "object" || value === null) return true;
	return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}
