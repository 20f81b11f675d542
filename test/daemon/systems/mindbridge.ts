/** MindBridge's API of tokens, as its documentation and its own client describe it. */
import { isIP } from "node:net";
import { bearer, type FakeAnswer, type FakeRequest, FakeSystem, routes, unique } from "./fake-system.ts";

interface Token {
	id: string;
	version: number;
	name: string;
	expiry: string;
	permissions: string[];
	allowedAddresses: string[];
	creationDate: string;
	lastModifiedDate: string;
	partialToken: string;
	userId: string;
}

export const pageSize = 2;

export async function startMindBridge(tls?: { key: string; cert: string }) {
	const tokens = new Map<string, { token: Token; secret: string }>();
	const admin = unique("mb-admin-secret-");
	const isLive = (secret: string) =>
		secret === admin || [...tokens.values()].some((one) => one.secret === secret);
	/** Every route but the user's own needs a live token. */
	const guarded =
		(answer: (request: FakeRequest, id: string) => FakeAnswer) =>
		(request: FakeRequest, id = ""): FakeAnswer =>
			isLive(bearer(request)) ? answer(request, id) : failure(401, []);
	const system = await FakeSystem.start(
		routes({
			"GET /api/v1/users/current": guarded(() => ({ json: { id: "user-1", serviceAccount: true } })),
			"POST /api/v1/api-tokens": guarded(({ body }) => {
				const problems = problemsOf(
					body,
					[...tokens.values()].map((one) => one.token.name),
				);
				if (problems.length > 0) return failure(400, problems);
				const secret = unique("mb-secret-");
				const token = newToken(body, secret);
				tokens.set(token.id, { token, secret });
				return { status: 201, json: { ...token, token: secret } };
			}),
			"GET /api/v1/api-tokens/{id}": guarded((_, id) => {
				const found = tokens.get(id);
				return found === undefined ? failure(404, []) : { json: found.token };
			}),
			"POST /api/v1/api-tokens/query": guarded(({ query }) => {
				const page = Number(query.get("page") ?? 0);
				const all = [...tokens.values()].map((one) => one.token);
				const content = all.slice(page * pageSize, (page + 1) * pageSize);
				return { json: { content, number: page, totalElements: all.length, empty: content.length === 0 } };
			}),
			"PUT /api/v1/api-tokens/{id}": guarded(({ body }, id) => {
				const found = tokens.get(id);
				if (found === undefined) return failure(404, []);
				if (body.version !== found.token.version)
					return failure(409, [problem("ILLEGAL_ARGUMENT", "version", "is stale")]);
				// Expiry and permissions are accepted and ignored.
				Object.assign(found.token, { name: body.name, version: found.token.version + 1 });
				return { json: found.token };
			}),
			"DELETE /api/v1/api-tokens/{id}": guarded((_, id) =>
				tokens.delete(id) ? { status: 204 } : failure(404, []),
			),
		}),
		tls,
	);
	return { system, admin, tokens };
}

function newToken(body: Partial<Token>, secret: string): Token {
	const now = new Date().toISOString();
	return {
		id: unique("4b8360d0000000000000"),
		version: 1,
		name: body.name ?? "",
		expiry: body.expiry ?? "",
		permissions: body.permissions ?? [],
		allowedAddresses: body.allowedAddresses ?? [],
		creationDate: now,
		lastModifiedDate: now,
		partialToken: `${secret.slice(0, 3)}***`,
		userId: unique("user-"),
	};
}

type Problem = ReturnType<typeof problem>;

const problem = (problemType: string, identifier: string, reason: string) => ({
	problemType,
	identifier,
	reason,
	severity: "ERROR",
});

const known = ["name", "expiry", "permissions", "allowedAddresses"];
const twoYears = 2 * 366 * 86_400_000;

// biome-ignore lint/suspicious/noExplicitAny: a body of a stranger
function problemsOf(body: any, names: string[]): Problem[] {
	const left = Date.parse(body.expiry) - Date.now();
	return [
		...Object.keys(body)
			.filter((key) => !known.includes(key))
			.map((key) => problem("ILLEGAL_ARGUMENT", key, "is not a property")),
		...(/\S/.test(body.name ?? "") ? [] : [problem("ILLEGAL_ARGUMENT", "name", "must not be blank")]),
		...(names.includes(body.name) ? [problem("NON_UNIQUE_VALUE", "name", "is in use")] : []),
		...(left > 0 && left < twoYears
			? []
			: [problem("GREATER_VALUE_REQUIRED", "expiry", "must be within two years")]),
		...(body.permissions?.length > 0
			? []
			: [problem("ILLEGAL_ARGUMENT", "permissions", "must not be empty")]),
		...(body.allowedAddresses ?? [])
			.filter((address: string) => isIP(address.split("/")[0] ?? "") === 0)
			.map(() => problem("ILLEGAL_ARGUMENT", "allowedAddresses", "has no address")),
	];
}

function failure(status: number, problems: Problem[]): FakeAnswer {
	return {
		status,
		json: { title: `Status ${status}`, status, instance: "r-1", problemCount: problems.length, problems },
	};
}
