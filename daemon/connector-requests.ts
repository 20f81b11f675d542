/** Checks the requests of a connector: which names each knows, what it sends, and that no address contains a credential. */
import {
	type CallParts,
	type ConnectorParts,
	type Issue,
	isGenerated,
	namesOf,
	namesTaken,
} from "./connector-parts.ts";
import { namesInRequest } from "./connector-text.ts";
import { namesIn, templateIssues, templatesIn, unknownNames, valueIssues } from "./connector-values.ts";
import { tokenFields } from "./facts.ts";

export function callIssues(connector: ConnectorParts): Issue[] {
	const { create, list, read, update, revoke } = connector;
	const options = namesOf(connector.options);
	const one = ["id", "secret"];
	const asked = [...tokenFields, ...options];
	const taken = namesTaken(connector);
	const calls: [path: (string | number)[], call: CallParts | undefined, names: readonly string[]][] = [
		[["create"], create, [...asked, ...(isGenerated(connector) ? ["secret"] : []), ...taken]],
		[["create", "reveal"], create?.reveal, [...asked, "id", ...taken]],
		[["list"], list, taken],
		[["read"], read, [...one, ...taken]],
		[["update"], update, [...one, ...namesWhenUpdating(connector), ...taken]],
		[["revoke"], revoke, [...one, ...(revoke?.fresh ? freshNames(connector) : ["name"]), ...taken]],
		[["logout"], connector.logout, taken],
		...loginsOf(connector),
		...probesOf(connector, "verify", []),
		...probesOf(connector, "verifyCredential", taken),
	];
	return calls.flatMap(([path, call, names]) =>
		call === undefined ? [] : issuesOfCall(connector, path, call, names),
	);
}

/** Only a fresh read knows the fields that are not changed. */
function namesWhenUpdating(connector: ConnectorParts): readonly string[] {
	const { update } = connector;
	if (update === undefined) return [];
	return update.fresh ? freshNames(connector) : update.changes;
}

function freshNames({ record }: ConnectorParts): string[] {
	return [...tokenFields, ...Object.keys(record?.keep ?? {})];
}

type NamedCall = [path: (string | number)[], call: CallParts, names: readonly string[]];

function probesOf(
	connector: ConnectorParts,
	part: "verify" | "verifyCredential",
	names: readonly string[],
): NamedCall[] {
	return (connector[part] ?? []).map((probe, index) => [[part, index], probe, names]);
}

/** Each knows what those before it have taken, and has no other authentication than its own. */
function loginsOf(connector: ConnectorParts): NamedCall[] {
	return (connector.login ?? []).map((login, index) => [
		["login", index],
		{ ...login, auth: login.auth ?? {} },
		namesTaken(connector, index),
	]);
}

function issuesOfCall(
	connector: ConnectorParts,
	path: (string | number)[],
	call: CallParts,
	operationNames: readonly string[],
): Issue[] {
	const { list, variables, ask, auth, headers } = connector;
	const isProbe = path[0] === "verify" || path[0] === "verifyCredential";
	const isList = path[0] === "list";
	// The connection is also tested without the user.
	const answers = isProbe || path[0] === "login" ? [] : namesOf(ask);
	const lacksLogin = path[0] === "verify" && call.auth === undefined && usesLogin(auth, connector);
	const pages = pageNames(isList ? list?.pages : undefined);
	const known = [
		"credential",
		"now",
		"origin",
		...namesOf(variables),
		...answers,
		...operationNames,
		...pages,
	];
	const withOwn = [...known, ...Object.keys(call.with ?? {})];
	const inRequest = namesInRequest(call.request).map((name) => ({ name }));
	return [
		...formIssues(path, call, isProbe),
		...unknownNames([...path, "request"], inRequest, withOwn),
		...addressIssues(connector, path, call),
		...valueIssues([...path, "with"], call.with, known),
		...(["body", "form"] as const).flatMap((part) => valueIssues([...path, part], call[part], withOwn)),
		...authIssues([...path, "headers"], call.headers, withOwn),
		...(lacksLogin
			? [{ path, message: "needs an auth of its own, with {credential}: login is for the connection" }]
			: [
					...authIssues(call.auth === undefined ? ["auth"] : [...path, "auth"], call.auth ?? auth, withOwn),
					...authenticationIssues(connector, path, call),
				]),
		...authIssues(["headers"], headers, [...withOwn, ...namesTaken(connector)]),
		...(isList ? pageIssues(list) : []),
	];
}

/** Servers and proxies log addresses. The token's own secret is there where its system knows it by nothing else. */
function addressIssues(connector: ConnectorParts, path: (string | number)[], call: CallParts): Issue[] {
	const own = path[0] === "create" ? ["secret"] : [];
	const secrets = ["credential", ...namesOf(connector.ask), ...namesTaken(connector), ...own];
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
export function unsentIssues(connector: ConnectorParts): Issue[] {
	const { auth, ask = [], options = [], create, list, read, update, revoke, verify = [] } = connector;
	const { login = [], logout, verifyCredential = [] } = connector;
	const operations = [create, create?.reveal, list, read, update, revoke, ...verify, ...verifyCredential];
	const calls = [...operations, ...login, logout];
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
		...credentialIssues(connector),
		...(create !== undefined && isGenerated(connector) && !namesSent(create).includes("secret")
			? [{ path: ["create", "secret"], message: "is not sent: write {secret} into the body" }]
			: []),
		...login.flatMap(({ take }, index) =>
			Object.keys(take)
				.filter((name) => !used.has(name))
				.map((name) => ({
					path: ["login", index, "take", name],
					message: `is sent by no request: write {${name}} into auth, or leave it out`,
				})),
		),
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

/** A request that nothing authenticates would get an answer without the credential's permissions, or none. */
function credentialIssues(connector: ConnectorParts): Issue[] {
	const { auth, login } = connector;
	if (login === undefined) {
		const message = "must send {credential}, for example as Bearer {credential}";
		return namesIn(auth).includes("credential") ? [] : [{ path: ["auth"], message }];
	}
	const isSent = login.some((one) => namesSent(one).includes("credential"));
	return isSent ? [] : [{ path: ["login"], message: "must send {credential}" }];
}

/** Each request is authenticated: by the credential itself, or by what a login has taken. */
function authenticationIssues(
	connector: ConnectorParts,
	path: (string | number)[],
	call: CallParts,
): Issue[] {
	const { auth, headers } = connector;
	const sent = [...namesSent(call), ...namesIn([call.auth ?? auth, headers])];
	if (path[0] === "verify" && !sent.includes("credential"))
		return [{ path, message: "must send {credential}, which is the secret to test" }];
	const taken = namesTaken(connector);
	if (
		taken.length === 0 ||
		path[0] === "login" ||
		["credential", ...taken].some((name) => sent.includes(name))
	)
		return [];
	return [{ path, message: `sends nothing that login takes: write {${taken[0]}} into auth or the body` }];
}

function usesLogin(auth: unknown, connector: ConnectorParts): boolean {
	const taken = namesTaken(connector);
	return namesIn(auth).some((name) => taken.includes(name));
}

function namesSent(call: CallParts | undefined): string[] {
	if (call === undefined) return [];
	const { request, body, form, headers, auth } = call;
	return [...namesInRequest(request), ...namesIn([call.with, body, form, headers, auth])];
}

function pageNames(pages: object | undefined): string[] {
	const { number, offset, cursor, after } = (pages ?? {}) as Record<string, string | undefined>;
	return [number, offset, cursor, after].filter((name) => name !== undefined);
}

/** A page's parameter that no request sends would read the first page for ever. */
function pageIssues(list: ConnectorParts["list"]): Issue[] {
	const sent = namesSent(list);
	return pageNames(list?.pages)
		.filter((name) => !sent.includes(name))
		.map((name) => ({ path: ["list", "pages"], message: `names ${name}, which the request does not send` }));
}

function authIssues(path: (string | number)[], auth: unknown, known: readonly string[]): Issue[] {
	return templatesIn(path, auth).flatMap(([at, text]) => templateIssues(at, text, known));
}
