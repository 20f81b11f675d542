/** A small system, for what goes wrong with its requests and answers. */
import type { Connector } from "../../../daemon/contract.ts";
import { bearer, type Handler, routes, unique } from "./fake-system.ts";

export const connector: Connector = {
	base: null,
	auth: { Authorization: "Bearer {credential}" },
	record: { id: "/id", name: "/name", expiry: "/expiry", permissions: "/permissions", partial: "/token" },
	create: {
		request: "POST /tokens",
		body: { name: "{name}", expiry: "{expiry}", permissions: "{permissions}" },
		secret: "/token",
	},
	list: { request: "GET /tokens", items: "/tokens", pages: { next: "/next" } },
	update: { request: "PATCH /tokens/{id}", changes: ["name"], body: { name: "{name}" } },
	revoke: { request: "DELETE /tokens/{id}", gone: [404] },
	verify: [{ request: "GET /me", live: [200], dead: [401] }],
	error: ["/error"],
};

export const credential = "admin-credential-0123456789";

export interface Token {
	id: string;
	name: string;
}

export function acme(tokens: Token[]): Handler {
	return routes({
		"GET /me": (request) => ({ status: bearer(request) === credential ? 200 : 401 }),
		"GET /tokens": () => ({ json: { tokens, next: null } }),
		"POST /tokens": ({ body }) => {
			const token = { id: unique("id-"), ...body };
			tokens.push(token);
			return { status: 201, json: { ...token, token: unique("acme-secret-") } };
		},
		"PATCH /tokens/{id}": ({ body }, id) => ({ json: { id, ...body } }),
		"DELETE /tokens/{id}": () => ({ status: 204 }),
	});
}
