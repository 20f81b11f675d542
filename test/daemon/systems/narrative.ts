/** Narrative's API of access tokens, with the two statuses that its documents give for a missing permission. */
import { bearer, type FakeAnswer, type FakeRequest, FakeSystem, routes, unique } from "./fake-system.ts";

interface Token {
	id: string;
	name: string;
	permissions: { resource: string; access: string }[];
	expires_at: string;
}

/** @param forbidden the status for a token without the permission AccessTokens. */
export async function startNarrative({ forbidden = 403, tellsExpiry = true } = {}) {
	const tokens = new Map<string, { token: Token; secret: string }>();
	const admin = unique("nar-admin-secret-");
	const holder = (request: FakeRequest) => [...tokens.values()].find((one) => one.secret === bearer(request));
	const managing =
		(answer: (request: FakeRequest, id: string) => FakeAnswer) =>
		(request: FakeRequest, id = ""): FakeAnswer => {
			if (bearer(request) === admin) return answer(request, id);
			return holder(request) === undefined ? failure(401) : failure(forbidden);
		};
	const system = await FakeSystem.start(
		routes({
			"GET /whoami": (request) => {
				const held = holder(request);
				if (held === undefined && bearer(request) !== admin) return failure(401);
				const access_token = { expires_at: held?.token.expires_at ?? null };
				return { json: { user_id: 1, name: "acme", ...(tellsExpiry ? { access_token } : {}) } };
			},
			"POST /access-tokens/tokens": managing(({ body }) => {
				if (!/\S/.test(body.name ?? "")) return failure(400);
				const expires = new Date(body.expires_at ?? Date.now() + 30 * 86_400_000);
				const token = {
					id: unique("00000000-0000-4000-8000-000000"),
					name: body.name,
					permissions: body.permissions ?? [],
					expires_at: expires.toISOString(),
				};
				const secret = unique("nar-secret-");
				tokens.set(token.id, { token, secret });
				return { json: { ...token, access_token: secret } };
			}),
			"GET /access-tokens/tokens": managing(() => ({
				json: { records: [...tokens.values()].map((one) => one.token) },
			})),
			"GET /access-tokens/tokens/{id}": managing((_, id) => {
				const found = tokens.get(id);
				return found === undefined ? { status: 404 } : { json: { record: found.token } };
			}),
			"PUT /access-tokens/tokens/{id}": managing(({ body }, id) => {
				const found = tokens.get(id);
				if (found === undefined) return { status: 404 };
				if (Object.keys(body).length === 0) return failure(400);
				Object.assign(found.token, body);
				return { json: found.token };
			}),
			"DELETE /access-tokens/tokens/{id}": managing((_, id) => ({ status: tokens.delete(id) ? 200 : 404 })),
		}),
	);
	return { system, admin, tokens };
}

function failure(status: number): FakeAnswer {
	const words =
		status === 401
			? ["Unauthorized", "You are not authorized to use this endpoint."]
			: ["Refused", "The request was refused."];
	return { status, json: { error: words[0], error_description: words[1] } };
}
