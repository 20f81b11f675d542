/** GitLab's project access tokens, Grafana's service account tokens and Cloudflare's user tokens. */
import { bearer, type FakeAnswer, type FakeRequest, FakeSystem, routes, unique } from "./fake-system.ts";

// biome-ignore lint/suspicious/noExplicitAny: records of three systems
type Tokens = Map<string, { token: any; secret: string }>;

const secretsOf = (tokens: Tokens) => [...tokens.values()].map((one) => one.secret);
const listOf = (tokens: Tokens) => [...tokens.values()].map((one) => one.token);

export async function startGitLab() {
	const tokens: Tokens = new Map();
	const admin = unique("glpat-admin-");
	const secretIn = ({ headers }: FakeRequest) => String(headers["private-token"] ?? "");
	const managing =
		(answer: (request: FakeRequest, project: string, id: string) => FakeAnswer) =>
		(request: FakeRequest, project = "", id = ""): FakeAnswer => {
			if (secretIn(request) === admin) return answer(request, project, id);
			return secretsOf(tokens).includes(secretIn(request))
				? { status: 403, json: { message: "403 Forbidden" } }
				: { status: 401, json: { message: "401 Unauthorized" } };
		};
	const base = "/api/v4/projects/{project}/access_tokens";
	const system: FakeSystem = await FakeSystem.start(
		routes({
			"GET /api/v4/personal_access_tokens/self": (request) => {
				const held = [...tokens.values()].find((one) => one.secret === secretIn(request));
				if (held !== undefined) return { json: held.token };
				if (secretIn(request) === admin)
					return { json: { id: 1, name: "admin", active: true, expires_at: null } };
				return { status: 401, json: { message: "401 Unauthorized" } };
			},
			[`POST ${base}`]: managing(({ body }, project) => {
				if (body.scopes?.[0] === "nonsense")
					return { status: 400, json: { message: { scopes: ["can only contain available scopes"] } } };
				const secret = unique("glpat-");
				const token = {
					id: Number(unique("9")),
					...body,
					project,
					created_at: new Date().toISOString(),
					active: true,
					revoked: false,
					last_used_at: null,
				};
				tokens.set(String(token.id), { token, secret });
				return { status: 201, json: { ...token, token: secret } };
			}),
			[`GET ${base}`]: managing(({ query, path }) => {
				const [page, size] = [Number(query.get("page") ?? 1), 2];
				const all = listOf(tokens);
				const more = page * size < all.length;
				const link = `<${system.url}${path}?page=1&per_page=100>; rel="first", <${system.url}${path}?page=${page + 1}&per_page=100>; rel="next"`;
				return { json: all.slice((page - 1) * size, page * size), headers: more ? { link } : {} };
			}),
			[`GET ${base}/{id}`]: managing((_, _project, id) => {
				const found = tokens.get(id);
				return found === undefined
					? { status: 404, json: { message: "404 Not found" } }
					: { json: found.token };
			}),
			[`DELETE ${base}/{id}`]: managing((_, _project, id) => ({ status: tokens.delete(id) ? 204 : 404 })),
		}),
	);
	return { system, admin, tokens };
}

export async function startGrafana() {
	const tokens: Tokens = new Map();
	const admin = unique("glsa_admin_");
	const managing =
		(answer: (request: FakeRequest, id: string) => FakeAnswer) =>
		(request: FakeRequest, id = ""): FakeAnswer =>
			bearer(request) === admin ? answer(request, id) : { status: 401, json: { message: "Invalid API key" } };
	const system = await FakeSystem.start(
		routes({
			"GET /api/access-control/user/permissions": (request) =>
				[admin, ...secretsOf(tokens)].includes(bearer(request))
					? { json: {} }
					: { status: 401, json: { message: "Invalid API key" } },
			"POST /api/serviceaccounts/3/tokens": managing(({ body }) => {
				if (listOf(tokens).some(({ name }) => name === body.name))
					return { status: 400, json: { message: "service account token with given name already exists" } };
				const secret = unique("glsa_");
				const id = Number(unique("1"));
				const expiration = body.secondsToLive
					? new Date(Date.now() + body.secondsToLive * 1000).toISOString()
					: null;
				tokens.set(String(id), {
					token: { id, name: body.name, created: new Date().toISOString(), expiration, hasExpired: false },
					secret,
				});
				return { json: { id, name: body.name, key: secret } };
			}),
			"GET /api/serviceaccounts/3/tokens": managing(() => ({ json: listOf(tokens) })),
			"DELETE /api/serviceaccounts/3/tokens/{id}": managing((_, id) =>
				tokens.delete(id)
					? { json: { message: "Service account token deleted" } }
					: { status: 404, json: { message: "not found" } },
			),
		}),
	);
	return { system, admin, tokens };
}

export async function startCloudflare() {
	const tokens: Tokens = new Map();
	const admin = unique("cf-admin-");
	const failure = (status: number, code: number, message: string): FakeAnswer => ({
		status,
		json: { success: false, errors: [{ code, message }], result: null },
	});
	const success = (result: unknown, more = {}): FakeAnswer => ({
		json: { success: true, errors: [], result, ...more },
	});
	const managing =
		(answer: (request: FakeRequest, id: string) => FakeAnswer) =>
		(request: FakeRequest, id = ""): FakeAnswer =>
			bearer(request) === admin
				? answer(request, id)
				: failure(403, 9109, "Unauthorized to access requested resource");
	const base = "/client/v4/user/tokens";
	const system = await FakeSystem.start(
		routes({
			[`GET ${base}/verify`]: (request) => {
				const held = [...tokens.values()].find((one) => one.secret === bearer(request));
				if (held !== undefined)
					return success({ id: held.token.id, status: held.token.status, expires_on: held.token.expires_on });
				return bearer(request) === admin
					? success({ id: "admin", status: "active" })
					: failure(401, 1000, "Invalid API Token");
			},
			[`POST ${base}`]: managing(({ body }) => {
				const secret = unique("cf-secret-");
				const token = {
					id: unique("ed17574386854bf78a67040be0"),
					status: "active",
					issued_on: new Date().toISOString(),
					...body,
				};
				tokens.set(token.id, { token, secret });
				return success({ ...token, value: secret });
			}),
			[`GET ${base}`]: managing(({ query }) => {
				const [page, size] = [Number(query.get("page")), 2];
				const all = listOf(tokens);
				return success(all.slice((page - 1) * size, page * size), {
					result_info: { page, total_pages: Math.ceil(all.length / size) },
				});
			}),
			[`GET ${base}/{id}`]: managing((_, id) => {
				const found = tokens.get(id);
				return found === undefined ? failure(404, 1003, "Token not found") : success(found.token);
			}),
			[`PUT ${base}/{id}`]: managing(({ body }, id) => {
				const found = tokens.get(id);
				if (found === undefined) return failure(404, 1003, "Token not found");
				if (body.policies === undefined) return failure(400, 1001, "policies are missing");
				// What is not sent is removed.
				found.token = { id, issued_on: found.token.issued_on, ...body };
				return success(found.token);
			}),
			[`DELETE ${base}/{id}`]: managing((_, id) =>
				tokens.delete(id) ? success({ id }) : failure(404, 1003, "Token not found"),
			),
		}),
	);
	return { system, admin, tokens };
}
