/** Polarity and EclecticIQ, as far as a secret can be tested there. */
import { bearer, type FakeAnswer, type FakeRequest, FakeSystem, routes } from "./fake-system.ts";

/** @param hasKeyRoute older servers lack `/api/api-keys/me`. */
export async function startPolarity({ hasKeyRoute = true } = {}) {
	const live = new Set(["pol-live"]);
	const withoutGrants = new Set(["pol-bare"]);
	const status = (request: FakeRequest): FakeAnswer => {
		if (request.headers.accept !== "application/vnd.api+json") return { status: 406 };
		if (live.has(bearer(request))) return { json: { data: [] } };
		const nested = { meta: { errors: [{ detail: "The key is not valid." }] }, detail: "Refused" };
		return { status: withoutGrants.has(bearer(request)) ? 403 : 401, json: { errors: [nested] } };
	};
	const system = await FakeSystem.start(
		routes({
			...(hasKeyRoute ? { "GET /api/api-keys/me": status } : {}),
			"GET /api/integrations": status,
		}),
	);
	return { system, live };
}

/**
 * @param version the only version of the API that there is.
 * @param slash whether it redirects to a path with a slash at its end.
 */
export async function startEclecticIq(
	{ version = "v2", slash = false } = {},
	tls?: { key: string; cert: string },
) {
	const live = new Set(["eiq-live"]);
	const restricted = new Set(["eiq-restricted"]);
	const self = (request: FakeRequest): FakeAnswer => {
		if (live.has(bearer(request))) return { json: { data: { id: 1, permissions: [] } } };
		if (restricted.has(bearer(request)))
			return { status: 403, json: { errors: [{ detail: "Missing permission." }] } };
		return { status: 401, json: { errors: [{ detail: "Invalid token." }] } };
	};
	const path = `/api/${version}/users/self`;
	const redirect = (): FakeAnswer => ({ status: 301, headers: { location: `${path}/` } });
	const system = await FakeSystem.start(
		routes(slash ? { [`GET ${path}`]: redirect, [`GET ${path}/`]: self } : { [`GET ${path}`]: self }),
		tls,
	);
	return { system, live };
}

const keys = "/api/api-keys";
const jsonApi = (schema: object) => ({ content: { "application/vnd.api+json": { schema } } });
const resource = (attributes: object, more: object = {}) => ({
	type: "object",
	properties: {
		data: {
			type: "object",
			properties: { type: { enum: ["api-key"] }, attributes: { type: "object", ...attributes }, ...more },
		},
	},
});

/** A document as Polarity serves one; whether its operations are like these is not published. */
export function polarityDocument(): Record<string, unknown> {
	const tags = ["API Keys"];
	return {
		openapi: "3.0.0",
		paths: {
			[keys]: {
				get: { tags, responses: { 200: jsonApi({ properties: { data: { type: "array" } } }) } },
				post: {
					tags,
					requestBody: { $ref: "#/components/requestBodies/NewKey" },
					responses: {
						201: jsonApi(
							resource({
								allOf: [{ $ref: "#/components/schemas/Key" }, { properties: { token: { type: "string" } } }],
							}),
						),
					},
				},
			},
			[`${keys}/{id}`]: { delete: { tags, responses: { 204: {} } } },
			[`${keys}/me`]: { get: { tags } },
		},
		components: {
			schemas: {
				Key: {
					properties: { name: { type: "string" }, expiration: { type: "string" } },
					required: ["name", "expiration"],
				},
			},
			requestBodies: { NewKey: jsonApi(resource({ $ref: "#/components/schemas/Key" })) },
		},
	};
}

/** A Polarity server that manages its keys by the operations of its document. */
export async function startPolarityWithApi(document: unknown) {
	const live = new Map<string, { id: string; secret: string; attributes: Record<string, string> }>();
	const system = await FakeSystem.start(
		routes({
			"GET /api/openapi": () => (document === undefined ? { status: 404 } : { json: document }),
			[`GET ${keys}/me`]: (request) => {
				const isLive =
					bearer(request) === "pol-admin" ||
					[...live.values()].some(({ secret }) => secret === bearer(request));
				return { status: isLive ? 200 : 401, json: {} };
			},
			[`POST ${keys}`]: ({ body, headers }) => {
				if (headers["content-type"] !== "application/vnd.api+json") return { status: 415 };
				const id = String(live.size + 1);
				const key = { id, secret: `pol-secret-${id}`, attributes: body.data.attributes };
				live.set(id, key);
				return {
					status: 201,
					json: { data: { type: "api-key", id, attributes: { ...key.attributes, token: key.secret } } },
				};
			},
			[`GET ${keys}`]: () => ({ json: { data: [...live.values()].map(({ secret: _, ...rest }) => rest) } }),
			[`DELETE ${keys}/{id}`]: (_, id) => ({ status: live.delete(id ?? "") ? 204 : 404 }),
		}),
	);
	return { system, live };
}
