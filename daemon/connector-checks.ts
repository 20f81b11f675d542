/** Checks what the strings of a connector refer to: names, formats, parts that need each other. */
import { namesInRequest, placeholdersOf, templateIssue } from "./connector-text.ts";
import { tokenFields } from "./facts.ts";

interface Issue {
	readonly path: readonly (string | number)[];
	readonly message: string;
}

interface CallParts {
	readonly request: string;
	readonly with?: Readonly<Record<string, unknown>>;
	readonly body?: unknown;
	readonly form?: Readonly<Record<string, unknown>>;
	readonly headers?: Readonly<Record<string, string>>;
	readonly auth?: unknown;
}

interface RecordParts {
	readonly id?: string;
	readonly secret?: string;
	readonly options?: Readonly<Record<string, string>>;
	readonly keep?: Readonly<Record<string, string>>;
}

interface RecordingCall extends CallParts {
	readonly record?: RecordParts;
}

interface ProbeParts extends CallParts {
	readonly record?: true | RecordParts;
}

/** What the checks need to know of a connector. */
export interface ConnectorParts {
	readonly base: string | null;
	readonly variables?: readonly { readonly name: string }[];
	readonly ask?: readonly { readonly name: string }[];
	readonly options?: readonly {
		readonly name: string;
		readonly values?: Readonly<Record<string, string>>;
		readonly default?: string;
	}[];
	readonly auth: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	readonly record?: RecordParts;
	readonly create?: RecordingCall & {
		readonly at?: string;
		readonly secret: string | { readonly text: string };
		readonly complete?: string;
	};
	readonly list?: RecordingCall & { readonly pages?: object };
	readonly read?: RecordingCall;
	readonly update?: RecordingCall & { readonly changes: readonly string[]; readonly fresh?: true };
	readonly revoke?: CallParts;
	readonly verify?: readonly ProbeParts[];
	readonly verifyCredential?: readonly ProbeParts[];
	readonly openapi?: { readonly document: string };
	readonly guided?: { readonly create?: GuideParts; readonly revoke?: GuideParts };
}

interface GuideParts {
	readonly open: string;
	readonly steps: "profile" | readonly string[];
	readonly confirm?: "verify";
}

const reserved = [...tokenFields, "credential", "id", "secret", "base", "now", "item"];

export function connectorIssues(connector: ConnectorParts): Issue[] {
	return [
		...nameIssues(connector),
		...optionIssues(connector),
		...recordedOptionIssues(connector),
		...baseIssues(connector),
		...partIssues(connector),
		...callIssues(connector),
		...unsentIssues(connector),
		...guideIssues(connector),
		...documentIssues(connector),
	];
}

const namesOf = (list: readonly { readonly name: string }[] | undefined) =>
	(list ?? []).map(({ name }) => name);

function keptNames({ record }: ConnectorParts): string[] {
	return Object.keys(record?.keep ?? {});
}

/** Variables, questions and options share one space of names with the fields of a token. */
function nameIssues(connector: ConnectorParts): Issue[] {
	const seen = new Set(reserved);
	return (["variables", "ask", "options"] as const).flatMap((part) =>
		namesOf(connector[part]).flatMap((name, index) => {
			const taken = seen.has(name);
			seen.add(name);
			return taken ? [{ path: [part, index, "name"], message: `${name} is taken; choose another name` }] : [];
		}),
	);
}

function optionIssues({ options = [] }: ConnectorParts): Issue[] {
	return options.flatMap((option, index) => {
		const isUnknown =
			option.values !== undefined &&
			option.default !== undefined &&
			!Object.hasOwn(option.values, option.default);
		return isUnknown ? [{ path: ["options", index, "default"], message: "must be one of the values" }] : [];
	});
}

/** A record can tell the value of an option only if there is one. */
function recordedOptionIssues(connector: ConnectorParts): Issue[] {
	const known = namesOf(connector.options);
	const message = `is the name of no option; ${known.length === 0 ? "there is none" : `known are ${known.join(", ")}`}`;
	return recordsOf(connector).flatMap(([path, { options = {} }]) =>
		Object.keys(options)
			.filter((name) => !known.includes(name))
			.map((name) => ({ path: [...path, "options", name], message })),
	);
}

function recordsOf(connector: ConnectorParts): [path: (string | number)[], record: RecordParts][] {
	const calls = (["create", "list", "read", "update"] as const).map(
		(part) => [[part], connector[part]?.record] as const,
	);
	const probes = (["verify", "verifyCredential"] as const).flatMap((part) =>
		(connector[part] ?? []).map(({ record }, index) => [[part, index], record] as const),
	);
	return [[[], connector.record] as const, ...calls, ...probes].flatMap(([path, record]) =>
		typeof record === "object" ? [[[...path, "record"], record]] : [],
	);
}

function baseIssues({ base, variables }: ConnectorParts): Issue[] {
	return base === null ? [] : unknownNames(["base"], placeholdersOf(base), namesOf(variables));
}

function partIssues(connector: ConnectorParts): Issue[] {
	const { create, list, read, update, revoke, record, verify, guided } = connector;
	const issue = (path: (string | number)[], message: string) => [{ path, message }];
	const manages = create ?? list ?? read ?? update ?? revoke;
	const hasId = [record, create?.record, list?.record].some(
		(one) => one?.id !== undefined || one?.secret !== undefined,
	);
	return [
		...(create !== undefined && isSecret(record, create)
			? issue(["record", "id"], "is the secret: leave it out, and name the secret in record.secret")
			: []),
		...(manages !== undefined && !hasId ? issue(["record"], "must say where the id of a token stands") : []),
		...(create?.complete === "list" && list === undefined ? issue(["create", "complete"], "needs list") : []),
		...(create?.complete === "read" && read === undefined ? issue(["create", "complete"], "needs read") : []),
		...(update?.fresh && read === undefined && list === undefined
			? issue(["update", "fresh"], "needs read or list")
			: []),
		...(["create", "revoke"] as const).flatMap((verb) =>
			guided?.[verb]?.confirm === "verify" && verify === undefined
				? issue(["guided", verb, "confirm"], "needs verify")
				: [],
		),
		...(create === undefined && guided?.create === undefined && verify === undefined && list === undefined
			? issue([], "must have create, list, verify or guided")
			: []),
	];
}

/** The id would store the secret. */
function isSecret(
	record: RecordParts | undefined,
	{ at = "", secret, ...create }: NonNullable<ConnectorParts["create"]>,
) {
	const id = create.record?.id ?? record?.id;
	return id !== undefined && at + id === secret;
}

function callIssues(connector: ConnectorParts): Issue[] {
	const { create, list, read, update, revoke } = connector;
	const options = namesOf(connector.options);
	const one = ["id", "secret"];
	const calls: [path: (string | number)[], call: CallParts | undefined, names: readonly string[]][] = [
		[["create"], create, [...tokenFields, ...options]],
		[["list"], list, []],
		[["read"], read, one],
		[["update"], update, [...one, ...namesWhenUpdating(connector)]],
		[["revoke"], revoke, [...one, "name"]],
		...probesOf(connector, "verify"),
		...probesOf(connector, "verifyCredential"),
	];
	return calls.flatMap(([path, call, names]) =>
		call === undefined ? [] : issuesOfCall(connector, path, call, names),
	);
}

/** Only a fresh read knows the fields that are not changed. */
function namesWhenUpdating(connector: ConnectorParts): readonly string[] {
	const { update } = connector;
	if (update === undefined) return [];
	return update.fresh ? [...tokenFields, ...keptNames(connector)] : update.changes;
}

function probesOf(connector: ConnectorParts, part: "verify" | "verifyCredential") {
	return (connector[part] ?? []).map((probe, index): [(string | number)[], CallParts, string[]] => [
		[part, index],
		probe,
		[],
	]);
}

function issuesOfCall(
	connector: ConnectorParts,
	path: (string | number)[],
	call: CallParts,
	operationNames: readonly string[],
): Issue[] {
	const { list, variables, ask, auth, headers } = connector;
	const isProbe = path.length > 1;
	const isList = path[0] === "list";
	const answers = isProbe ? [] : namesOf(ask);
	const pages = pageNames(isList ? list?.pages : undefined);
	const known = ["credential", "now", ...namesOf(variables), ...answers, ...operationNames, ...pages];
	const withOwn = [...known, ...Object.keys(call.with ?? {})];
	const inRequest = namesInRequest(call.request).map((name) => ({ name }));
	return [
		...formIssues(path, call, isProbe),
		...unknownNames([...path, "request"], inRequest, withOwn),
		...addressIssues(connector, path, call),
		...valueIssues([...path, "with"], call.with, known),
		...(["body", "form"] as const).flatMap((part) => valueIssues([...path, part], call[part], withOwn)),
		...authIssues([...path, "headers"], call.headers, withOwn),
		...authIssues(call.auth === undefined ? ["auth"] : [...path, "auth"], call.auth ?? auth, withOwn),
		...authIssues(["headers"], headers, withOwn),
		...(isList ? pageIssues(list) : []),
	];
}

/** Servers and proxies log addresses. The token's own secret is there where its system knows it by nothing else. */
function addressIssues(connector: ConnectorParts, path: (string | number)[], call: CallParts): Issue[] {
	const secrets = ["credential", ...namesOf(connector.ask)];
	const named = namesInRequest(call.request);
	const message = (name: string) =>
		`puts {${name}} into the address, which servers and proxies log; send it in a header or the body`;
	const direct = secrets
		.filter((name) => named.includes(name))
		.map((name) => ({ path: [...path, "request"], message: message(name) }));
	const indirect = Object.entries(call.with ?? {})
		.filter(([name]) => named.includes(name))
		.flatMap(([name, value]) => {
			const secret = secrets.find((one) => namesIn(value).includes(one));
			return secret === undefined ? [] : [{ path: [...path, "with", name], message: message(secret) }];
		});
	return [...direct, ...indirect];
}

/** What a method can send. */
function formIssues(
	path: (string | number)[],
	{ request, body, form }: CallParts,
	isProbe: boolean,
): Issue[] {
	const isWritten = body !== undefined || form !== undefined;
	const at = [...path, "request"];
	return [
		...(isProbe && !/^(?:GET|POST) /.test(request)
			? [{ path: at, message: "must use GET or POST, since a probe changes nothing" }]
			: []),
		...(body !== undefined && form !== undefined
			? [{ path: [...path, "form"], message: "can't be combined with body" }]
			: []),
		...(request.startsWith("GET ") && isWritten
			? [{ path: at, message: "must not be GET with a body" }]
			: []),
	];
}

/** What a connector promises, and no request sends: a `DELETE /tokens` without an id might delete all of them. */
function unsentIssues(connector: ConnectorParts): Issue[] {
	const { auth, ask = [], options = [], create, list, read, update, revoke, verify = [] } = connector;
	const calls = [create, list, read, update, revoke, ...verify, ...(connector.verifyCredential ?? [])];
	const used = new Set([...namesIn([auth, connector.headers]), ...calls.flatMap(namesSent)]);
	const unsent = (part: "ask" | "options", { name }: { name: string }, index: number) =>
		used.has(name)
			? []
			: [
					{
						path: [part, index, "name"],
						message: `is sent by no request: write {${name}} into one, or leave it out`,
					},
				];
	return [
		...(namesIn(auth).includes("credential")
			? []
			: [{ path: ["auth"], message: "must send {credential}, for example as Bearer {credential}" }]),
		...ask.flatMap((question, index) => unsent("ask", question, index)),
		...options.flatMap((option, index) => unsent("options", option, index)),
		...(["read", "update", "revoke"] as const).flatMap((verb) =>
			namesSent(connector[verb]).some((name) => ["id", "secret", "name"].includes(name)) ||
			connector[verb] === undefined
				? []
				: [
						{
							path: [verb, "request"],
							message: "must say which token is meant, for example by /tokens/{id}",
						},
					],
		),
		...(update?.changes ?? []).flatMap((field, index) =>
			namesSent(update).includes(field)
				? []
				: [{ path: ["update", "changes", index], message: `is not sent: write {${field}} into the request` }],
		),
	];
}

function namesSent(call: CallParts | undefined): string[] {
	if (call === undefined) return [];
	const { request, body, form, headers, auth } = call;
	return [...namesInRequest(request), ...namesIn([call.with, body, form, headers, auth])];
}

const namesIn = (value: unknown) => placeholdersOf(JSON.stringify(value)).map(({ name }) => name);

function pageNames(pages: object | undefined): string[] {
	const { number, offset, cursor } = (pages ?? {}) as Record<string, string | undefined>;
	return [number, offset, cursor].filter((name) => name !== undefined);
}

/** A page's parameter that no request sends would read the first page for ever. */
function pageIssues(list: ConnectorParts["list"]): Issue[] {
	const sent = namesSent(list);
	return pageNames(list?.pages)
		.filter((name) => !sent.includes(name))
		.map((name) => ({ path: ["list", "pages"], message: `names ${name}, which the request does not send` }));
}

function documentIssues({ openapi, variables }: ConnectorParts): Issue[] {
	const named = namesInRequest(openapi?.document ?? "").map((name) => ({ name }));
	return unknownNames(["openapi", "document"], named, namesOf(variables));
}

function authIssues(path: (string | number)[], auth: unknown, known: readonly string[]): Issue[] {
	return templatesIn(path, auth).flatMap(([at, text]) => templateIssues(at, text, known));
}

function guideIssues({ guided, variables }: ConnectorParts): Issue[] {
	const known = ["base", "id", ...tokenFields, ...namesOf(variables)];
	return (["create", "revoke"] as const).flatMap((verb) => {
		const guide = guided?.[verb];
		if (guide === undefined) return [];
		const isLink = /^(?:\{base\}|https:\/\/[^/{}?#@]+)(?:[/?#]|$)/.test(guide.open);
		return [
			...(isLink
				? []
				: [{ path: ["guided", verb, "open"], message: "must be an https address or begin with {base}/" }]),
			...templateIssues(["guided", verb, "open"], guide.open, known),
			...(guide.steps === "profile" ? [] : valueIssues(["guided", verb, "steps"], guide.steps, known)),
		];
	});
}

/** The keys by which an object in a body is more than itself. */
const directives = {
	each: ["each", "split", "as"],
	join: ["join", "with"],
	has: ["has", "in"],
	value: ["value", "otherwise"],
};

function valueIssues(path: (string | number)[], value: unknown, known: readonly string[]): Issue[] {
	if (typeof value === "string") return templateIssues(path, value, known);
	if (typeof value !== "object" || value === null) return [];
	const entries = Object.entries(value);
	const directive = directiveOf(value);
	const isPart = directive !== undefined && !Array.isArray(value);
	return [
		...(isPart ? directiveIssues(path, directive, Object.keys(value)) : []),
		...entries.flatMap(([key, item]) => {
			const at = [...path, Array.isArray(value) ? Number(key) : key];
			const isEntry = directive === "each" && key === "as";
			return [
				...(Array.isArray(value) ? [] : templateIssues(at, key, known)),
				...valueIssues(at, item, isEntry ? [...known, "item", "1", "2", "3", "4", "5"] : known),
			];
		}),
	];
}

/** `{ each, as }`, `{ join, with }`, `{ has, in }` and `{ value, otherwise }`: both keys together make the directive. */
export function directiveOf(value: object): keyof typeof directives | undefined {
	const has = (key: string) => Object.hasOwn(value, key);
	if (has("each") && has("as")) return "each";
	if (has("join") && has("with")) return "join";
	if (has("has") && has("in")) return "has";
	return has("value") && has("otherwise") ? "value" : undefined;
}

function directiveIssues(
	path: (string | number)[],
	directive: keyof typeof directives,
	keys: string[],
): Issue[] {
	const unknown = keys.filter((key) => !directives[directive].includes(key));
	return unknown.length === 0 ? [] : [{ path, message: `has unknown fields: ${unknown.join(", ")}` }];
}

function templatesIn(path: (string | number)[], value: unknown): [path: (string | number)[], text: string][] {
	if (typeof value === "string") return [[path, value]];
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, item]) => templatesIn([...path, key], item));
}

function templateIssues(path: (string | number)[], text: string, known: readonly string[]): Issue[] {
	const message = templateIssue(text);
	return message === undefined ? unknownNames(path, placeholdersOf(text), known) : [{ path, message }];
}

function unknownNames(
	path: (string | number)[],
	used: readonly { readonly name: string }[],
	known: readonly string[],
): Issue[] {
	const unknown = used.find(({ name }) => !known.includes(name));
	if (unknown === undefined) return [];
	const others = known.length === 0 ? "no name is" : `known are ${known.join(", ")}`;
	const message = `uses {${unknown.name}}, which is not known here; ${others}`;
	return [{ path, message }];
}
