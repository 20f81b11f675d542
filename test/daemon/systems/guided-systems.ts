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
