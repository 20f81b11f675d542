/**
 * Systems that are not built in, each said as data alone: what the language must cover. Each fake behaves as its system's
 * documentation says, in the parts that differ from others.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { capabilitiesOf, needsSecret } from "../../daemon/contract.ts";
import { createAt, listAt, readAt, revokeAt, updateAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { accessWith, builtIn, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { bearer, type FakeRequest, FakeSystem, type Handler, routes, unique } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const inHours = (hours: number) =>
	new Date(Math.floor(Date.now() / 1000) * 1000 + hours * 3_600_000).toISOString();

describe("the language of connectors says", () => {
	afterEach(() => fake.stop());

	it("Gitea: a password by Basic authentication, tokens in a scheme of their own, ids that are numbers", async () => {
		const tokens = new Map<string, { id: number; name: string; scopes: string[]; sha1: string }>();
		const basic = `Basic ${Buffer.from("ada:pass word").toString("base64")}`;
		const managed =
			(answer: (request: FakeRequest, id: string) => object) =>
			(request: FakeRequest, id = "") =>
				request.headers.authorization === basic
					? answer(request, id)
					: { status: 401, json: { message: "user does not exist" } };
		await start(
			routes({
				"GET /api/v1/user": (request) => {
					const held = [...tokens.values()].some(({ sha1 }) => sha1 === bearer(request, "token"));
					return held || request.headers.authorization === basic
						? { json: { id: 1 } }
						: { status: 401, json: { message: "no" } };
				},
				"POST /api/v1/users/ada/tokens": managed(({ body }) => {
					const token = { id: tokens.size + 1, name: body.name, scopes: body.scopes, sha1: unique("gitea") };
					tokens.set(String(token.id), token);
					return { status: 201, json: token };
				}),
				"GET /api/v1/users/ada/tokens": managed(({ query }) => {
					const page = Number(query.get("page"));
					return {
						json: [...tokens.values()].slice((page - 1) * 2, page * 2).map(({ sha1: _, ...rest }) => rest),
					};
				}),
				"DELETE /api/v1/users/ada/tokens/{id}": managed((_, id) => ({
					status: tokens.delete(id) ? 204 : 404,
				})),
			}),
		);
		// The whole example of the documentation.
		const text = readFileSync(new URL("../../docs/connectors.md", import.meta.url), "utf8");
		const { connector: gitea } = builtIn(JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? ""));
		assert.ok(gitea !== undefined);
		const system = systemWith(gitea, fake.url, { variables: { user: "ada" } });
		const access = accessWith("pass word");
		const made = [];
		for (const name of ["a", "b", "c"])
			made.push(await createAt(system, access, wanted({ name, permissions: ["read:user"] })));
		const [first] = made;
		assert.ok(first !== undefined);
		assert.deepEqual([first.token.id, first.token.permissions], ["1", ["read:user"]]);
		assert.deepEqual(
			(await listAt(system, access)).map(({ id }) => id),
			["1", "2", "3"],
		);
		assert.equal((await probeAt(system, accessWith(first.secret))).outcome, "live");
		assert.equal((await probeAt(system, access, "credential")).outcome, "live");
		assert.equal(await revokeAt(system, access, "1"), "revoked");
		assert.equal((await probeAt(system, accessWith(first.secret))).outcome, "dead");
		assert.equal((await rejection(listAt(system, accessWith("wrong")))).code, "credential-dead");
	});

	it("Unleash: the secret is the id in the URL, and the list shows every secret", async () => {
		const tokens = new Map<string, { secret: string; tokenName: string; expiresAt: string | null }>();
		const managed =
			(answer: (request: FakeRequest, secret: string) => object) =>
			(request: FakeRequest, secret = "") =>
				request.headers.authorization === "*:*.admin" ? answer(request, secret) : { status: 401 };
		await start(
			routes({
				"GET /api/client/features": ({ headers }) => ({
					status: tokens.has(headers.authorization ?? "") ? 200 : 401,
				}),
				"POST /api/admin/api-tokens": managed(({ body }) => {
					const token = { secret: unique("*:development.secret"), expiresAt: null, ...body };
					tokens.set(token.secret, token);
					return { status: 201, json: token };
				}),
				"GET /api/admin/api-tokens": managed(() => ({ json: { tokens: [...tokens.values()] } })),
				"PUT /api/admin/api-tokens/{secret}": managed(({ body }, secret) => {
					Object.assign(tokens.get(secret) ?? {}, body);
					return { status: 200 };
				}),
				"DELETE /api/admin/api-tokens/{secret}": managed((_, secret) => {
					tokens.delete(secret);
					return { status: 200 };
				}),
			}),
		);
		const unleash = said({
			base: null,
			auth: { Authorization: "{credential}" },
			options: [
				{
					name: "type",
					title: "Type",
					values: { client: "Client", frontend: "Frontend" },
					default: "client",
				},
			],
			record: { name: "/tokenName", expiry: "/expiresAt", secret: "/secret" },
			create: {
				request: "POST /api/admin/api-tokens",
				body: { tokenName: "{name}", type: "{type}", projects: ["*"], expiresAt: "{expiry}" },
				secret: "/secret",
			},
			list: { request: "GET /api/admin/api-tokens", items: "/tokens" },
			update: {
				request: "PUT /api/admin/api-tokens/{secret}",
				changes: ["expiry"],
				body: { expiresAt: "{expiry}" },
				answer: "none",
			},
			revoke: { request: "DELETE /api/admin/api-tokens/{secret}" },
			verify: [{ request: "GET /api/client/features", live: [200, 403], dead: [401] }],
			lagSeconds: 60,
		});
		const system = systemWith(unleash, fake.url);
		const access = accessWith("*:*.admin");
		const { secret, token } = await createAt(system, access, wanted({ name: "same" }));
		const other = await createAt(system, access, wanted({ name: "same" }));
		assert.equal(token.id, hashOf(secret));
		assert.ok(
			!JSON.stringify([token, await listAt(system, access)]).includes("secret0"),
			"no record has a secret",
		);
		const expiry = inHours(1);
		await updateAt(system, access, token.id, { expiry });
		assert.equal((await readAt(system, access, token.id)).expiry, expiry);
		await updateAt(system, access, token.id, { expiry: null });
		assert.equal((await readAt(system, access, token.id)).expiry, null);
		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal(await revokeAt(system, access, token.id), "gone");
		assert.equal((await probeAt(system, accessWith(other.secret))).outcome, "live");
		assert.equal(capabilitiesOf({ steps: [], connector: unleash }).lagSeconds, 60);
		assert.equal(needsSecret(unleash, "revoke"), false);
	});

	it("a system that knows a token by its secret and shows no list: the caller gives the secret", async () => {
		await start(
			routes({
				"DELETE /tokens": ({ headers }) => ({ status: headers["x-token"] === "the-secret-7" ? 200 : 404 }),
			}),
		);
		const bare = said({
			base: null,
			auth: { Authorization: "Bearer {credential}" },
			record: { secret: "/token" },
			create: { request: "POST /tokens", body: { label: "{name}" }, secret: "/token" },
			revoke: { request: "DELETE /tokens", headers: { "X-Token": "{secret}" }, gone: [404] },
		});
		const system = systemWith(bare, fake.url);
		assert.equal(needsSecret(bare, "revoke"), true);
		const error = await rejection(revokeAt(system, accessWith("admin"), hashOf("the-secret-7")));
		assert.match(error.message, /by its secret only/);
		const other = accessWith("admin", { secret: "another-secret" });
		assert.equal((await rejection(revokeAt(system, other, hashOf("the-secret-7")))).code, "not-supported");
		const access = accessWith("admin", { secret: "the-secret-7" });
		assert.equal(await revokeAt(system, access, hashOf("the-secret-7")), "revoked");
	});

	it("Unkey: milliseconds, a cursor in the body, ids in the body, answers in an envelope", async () => {
		// biome-ignore lint/suspicious/noExplicitAny: keys of a fake
		const keys: any[] = [];
		await start(
			routes({
				"POST /v2/keys.createKey": ({ body }) => {
					const key = {
						keyId: unique("key_"),
						name: body.name,
						expires: body.expires,
						permissions: body.permissions,
						apiId: body.apiId,
					};
					keys.push(key);
					return { json: { meta: {}, data: { keyId: key.keyId, key: unique("unkey_") } } };
				},
				"POST /v2/apis.listKeys": ({ body }) => {
					const at = body.cursor === undefined ? 0 : Number(body.cursor);
					const cursor = at + body.limit < keys.length ? String(at + body.limit) : undefined;
					return { json: { data: keys.slice(at, at + body.limit), pagination: { cursor } } };
				},
				"POST /v2/keys.deleteKey": ({ body }) => {
					const at = keys.findIndex(({ keyId }) => keyId === body.keyId);
					if (at < 0) return { status: 404, json: { error: { detail: "no such key" } } };
					keys.splice(at, 1);
					return { json: { meta: {} } };
				},
			}),
		);
		const unkey = said({
			base: "https://api.unkey.com",
			variables: [{ name: "api", title: "API", pattern: "api_\\w+" }],
			auth: { Authorization: "Bearer {credential}" },
			record: {
				id: "/keyId",
				name: "/name",
				expiry: { at: "/expires", as: "milliseconds" },
				permissions: "/permissions",
			},
			create: {
				request: "POST /v2/keys.createKey",
				body: {
					apiId: "{api}",
					name: "{name}",
					expires: "{expiry|milliseconds}",
					permissions: "{permissions}",
				},
				at: "/data",
				secret: "/data/key",
				complete: "list",
			},
			list: {
				request: "POST /v2/apis.listKeys",
				body: { apiId: "{api}", limit: 2, cursor: "{cursor}" },
				items: "/data",
				pages: { cursor: "cursor", at: "/pagination/cursor" },
			},
			revoke: { request: "POST /v2/keys.deleteKey", body: { keyId: "{id}" }, gone: [404] },
			error: ["/error/detail"],
		});
		const system = systemWith(unkey, fake.url, { variables: { api: "api_1" } });
		const access = accessWith("root");
		for (const name of ["a", "b", "c"]) await createAt(system, access, wanted({ name }));
		const expiry = inHours(5);
		const { token, ignored } = await createAt(
			system,
			access,
			wanted({ name: "d", expiry, permissions: ["x"] }),
		);
		assert.deepEqual([token.expiry, token.permissions, ignored], [expiry, ["x"], []]);
		assert.equal((await listAt(system, access)).length, 4);
		assert.equal(await revokeAt(system, access, token.id), "revoked");
		assert.equal(await revokeAt(system, access, token.id), "gone");
	});

	it("Doppler: an answer in an envelope, a deletion with a body", async () => {
		const tokens = new Map<string, object>();
		await start(
			routes({
				"POST /v3/configs/config/tokens": ({ body }) => {
					const token = { ...body, slug: unique("slug-"), key: unique("dp.st."), expires_at: body.expire_at };
					tokens.set(token.slug, token);
					return { json: { token, success: true } };
				},
				"GET /v3/configs/config/tokens": ({ query }) =>
					query.get("project") === "shop"
						? { json: { tokens: [...tokens.values()], success: true } }
						: { status: 404 },
				"DELETE /v3/configs/config/tokens/token": ({ body }) => ({
					status: tokens.delete(body.slug) && body.project === "shop" ? 204 : 404,
				}),
			}),
		);
		const doppler = said({
			base: "https://api.doppler.com",
			variables: ["project", "config"].map((name) => ({ name, title: name, pattern: "[a-z_]+" })),
			auth: { Authorization: "Bearer {credential}" },
			record: { id: "/slug", name: "/name", expiry: "/expires_at" },
			create: {
				request: "POST /v3/configs/config/tokens",
				body: {
					project: "{project}",
					config: "{config}",
					name: "{name}",
					expire_at: "{expiry}",
					access: "read",
				},
				at: "/token",
				secret: "/token/key",
			},
			list: { request: "GET /v3/configs/config/tokens{?project,config}", items: "/tokens" },
			revoke: {
				request: "DELETE /v3/configs/config/tokens/token",
				body: { project: "{project}", config: "{config}", slug: "{id}" },
				gone: [404],
			},
		});
		const system = systemWith(doppler, fake.url, { variables: { project: "shop", config: "dev" } });
		const { token } = await createAt(system, accessWith("a"), wanted({ expiry: inHours(2) }));
		assert.equal((await listAt(system, accessWith("a")))[0]?.id, token.id);
		assert.equal(await revokeAt(system, accessWith("a"), token.id), "revoked");
	});
});
