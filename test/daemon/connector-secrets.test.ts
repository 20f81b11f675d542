/** Where a new token's secret can come from: the answer, a second request, plain text, or the daemon. */
import assert from "node:assert/strict";
import type { Connector } from "../../daemon/contract.ts";
import { createAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { bearer, FakeSystem, type Handler, routes, unique } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const admin = { Authorization: "Bearer {credential}" };

describe("a secret", () => {
	afterEach(() => fake.stop());
	/** Zabbix: JSON-RPC, whose creation answers an id, and whose second request makes the secret. */
	const rpc = (method: string, params: unknown) => ({
		request: "POST /api_jsonrpc.php",
		body: { jsonrpc: "2.0", id: 1, method, params },
	});
	const zabbix = said({
		base: null,
		auth: admin,
		record: {
			id: "/tokenid",
			name: "/name",
			expiry: { at: "/expires_at", as: "seconds", never: ["0"] },
		},
		create: {
			...rpc("token.create", {
				name: "{name}",
				expires_at: { value: "{expiry|seconds}", otherwise: 0 },
			}),
			record: { id: "/result/tokenids/0" },
			reveal: rpc("token.generate", ["{id}"]),
			secret: "/result/0/token",
			complete: "list",
		},
		list: { ...rpc("token.get", {}), items: "/result" },
		revoke: { ...rpc("token.delete", ["{id}"]), gone: [{ status: 200, at: "/error/code", is: -32500 }] },
		verify: [
			{
				...rpc("token.get", {}),
				live: [{ status: 200, has: "/result" }],
				dead: [{ status: 200, at: "/error/data", is: "Not authorized." }],
			},
		],
		success: { lacks: "/error" },
	});
	const tokens = new Map<string, { tokenid: string; name: string; expires_at: string; token?: string }>();
	const call: Record<string, (params: never) => unknown> = {
		"token.create": ({ name, expires_at }: { name: string; expires_at: number }) => {
			const tokenid = String(tokens.size + 1);
			tokens.set(tokenid, { tokenid, name, expires_at: String(expires_at) });
			return { tokenids: [tokenid] };
		},
		"token.generate": ([tokenid]: [string]) => {
			const token = unique("secret-of-zabbix-");
			Object.assign(tokens.get(tokenid) ?? {}, { token });
			return [{ tokenid, token }];
		},
		"token.get": () => [...tokens.values()].map(({ token: _, ...rest }) => rest),
		"token.delete": ([tokenid]: [string]) => tokens.delete(tokenid) && { tokenids: [tokenid] },
	};
	const answers: Handler = (request) => {
		const known = [...tokens.values()].map(({ token }) => token);
		if (bearer(request) !== "admin-secret" && !known.includes(bearer(request)))
			return { json: { error: { code: -32602, message: "Invalid params.", data: "Not authorized." } } };
		const { method, params } = request.body;
		const result = call[method]?.(params as never);
		return { json: result ? { result } : { error: { code: -32500, message: "No permissions." } } };
	};
	const access = accessWith("admin-secret");
	beforeEach(() => tokens.clear());

	it("can be in the answer of a second request", async () => {
		await start(answers);
		const system = systemWith(zabbix, fake.url);
		const expiry = "2027-01-31T12:00:00.000Z";
		const { secret, token, ignored } = await createAt(system, access, wanted({ name: "ci", expiry }));
		assert.equal(secret, tokens.get("1")?.token);
		assert.deepEqual([token.id, token.name, token.expiry, ignored], ["1", "ci", expiry, []]);
		assert.equal((await createAt(system, access, wanted({ name: "ci" }))).token.expiry, null);
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "live");
		assert.equal(await revokeAt(system, access, "1"), "revoked");
		assert.equal(await revokeAt(system, access, "1"), "gone");
		assert.equal((await probeAt(system, accessWith(secret))).outcome, "dead");
	});

	it("that the second request does not answer leaves a token, which is named", async () => {
		for (const connector of [zabbix, { ...zabbix, list: undefined } as unknown as Connector]) {
			tokens.clear();
			await start(answers);
			fake.fault = ({ body }) => (body?.method === "token.generate" ? "cut-after" : undefined);
			const error = await rejection(
				createAt(systemWith(connector, fake.url), access, wanted({ name: "ci" })),
			);
			assert.equal(error.code, "issuer-unanswered");
			assert.match(error.message, /A token was created, and its secret is lost: (?:ci|1)\. Revoke it/);
			assert.deepEqual(
				error.orphans.map(({ id }) => id),
				["1"],
			);
			assert.equal(fake.requests.filter(({ body }) => body.method === "token.create").length, 1);
			if (connector === zabbix) await fake.stop();
		}
	});

	it("can belong to an id that only the header Location tells", async () => {
		await start(
			routes({
				"POST /clients": () => ({ status: 201, headers: { location: `${fake.url}/clients/a%2Fb?x=1` } }),
				"GET /clients/{id}/secret": (_, id) => ({ json: { value: `secret-of-${id}` } }),
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			create: {
				request: "POST /clients",
				body: { name: "{name}" },
				location: true,
				reveal: { request: "GET /clients/{id}/secret" },
				secret: "/value",
			},
			revoke: { request: "DELETE /clients/{id}" },
		});
		const { secret, token } = await createAt(systemWith(connector, fake.url), access, wanted({}));
		assert.deepEqual([secret, token.id], ["secret-of-a/b", "a/b"]);
	});

	it("can be plain text, and the token what the list has since", async () => {
		const names: string[] = [];
		await start(
			routes({
				"POST /tokens": ({ body }) => {
					names.push(body.name);
					return { status: 201, text: "plain-secret-1\n" };
				},
				"GET /tokens": () => ({ json: names.map((name, id) => ({ id, name })) }),
			}),
		);
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id", name: "/name" },
			create: { request: "POST /tokens", body: { name: "{name}" }, secret: "", complete: "list" },
			list: { request: "GET /tokens", items: "" },
		});
		const { secret, token } = await createAt(systemWith(connector, fake.url), access, wanted({ name: "ci" }));
		assert.deepEqual([secret, token], ["plain-secret-1", { id: "0", name: "ci" }]);
	});

	it("with blanks is refused as one, and not called missing", async () => {
		await start(() => ({ json: { id: 1, password: "abcd EFGH 1234" } }));
		const connector = said({
			base: null,
			auth: admin,
			record: { id: "/id" },
			create: { request: "POST /tokens", body: { name: "{name}" }, secret: "/password" },
		});
		const error = await rejection(createAt(systemWith(connector, fake.url), access, wanted({})));
		assert.match(error.message, /at "\/password" can't be a secret: .* or blanks/);
		assert.doesNotMatch(error.message, /EFGH/);
	});

	describe("that the daemon makes", () => {
		const users = new Map<string, string>();
		const broker = said({
			base: null,
			auth: admin,
			record: { id: "/name", name: "/name" },
			create: {
				request: "PUT /users/{name}",
				body: { password: "{secret}" },
				secret: { generated: 40 },
				complete: "list",
			},
			list: { request: "GET /users", items: "" },
			revoke: { request: "DELETE /users/{id}" },
		});
		const handler = routes({
			"PUT /users/{name}": ({ body }, name = "") => {
				users.set(name, body.password);
				return { status: 201 };
			},
			"GET /users": () => ({ json: [...users.keys()].map((name) => ({ name })) }),
		});
		beforeEach(async () => {
			users.clear();
			await start(handler);
		});

		it("is random, sent once, and the token's", async () => {
			const system = systemWith(broker, fake.url);
			const { secret, token } = await createAt(system, access, wanted({ name: "ci" }));
			const other = await createAt(system, access, wanted({ name: "cd" }));
			assert.match(secret, /^[0-9A-Za-z]{40}$/);
			assert.notEqual(other.secret, secret);
			assert.equal(users.get("ci"), secret);
			assert.equal(token.id, "ci");
		});

		it("replaces no other: a name that is there is refused", async () => {
			users.set("ci", "the old one");
			const error = await rejection(createAt(systemWith(broker, fake.url), access, wanted({ name: "ci" })));
			assert.match(error.message, /has a token of this name already, which would be replaced/);
			assert.equal(users.get("ci"), "the old one");
		});
	});
});
