/** Requests and answers of systems that are not built in, each said as data alone: forms, Basic authentication, envelopes. */
import assert from "node:assert/strict";
import { createAt, listAt, revokeAt } from "../../daemon/issuers/connector/engine.ts";
import { probeAt } from "../../daemon/issuers/connector/probe.ts";
import { accessWith, rejection, said, systemWith, wanted } from "./systems/calls.ts";
import { FakeSystem, type Handler, routes, unique } from "./systems/fake-system.ts";

let fake: FakeSystem;
const start = async (handler: Handler) => {
	fake = await FakeSystem.start(handler);
};
const inHours = (hours: number) =>
	new Date(Math.floor(Date.now() / 1000) * 1000 + hours * 3_600_000).toISOString();

describe("the language of connectors says", () => {
	afterEach(() => fake.stop());

	it("a form body, seconds from now as text, a list behind an offset, items of another kind, and 200 for everything", async () => {
		const tokens: { id: number; kind: string; label: string; scope: string; exp: number }[] = [];
		await start(
			routes({
				"POST /tokens": ({ text, headers }) => {
					assert.equal(headers["content-type"], "application/x-www-form-urlencoded");
					const form = new URLSearchParams(text);
					if (form.get("ttl") === null) return { json: { ok: false, why: { ttl: ["is missing"] } } };
					const seconds = Number(/^(\d+)s$/.exec(form.get("ttl") ?? "")?.[1]);
					const token = {
						id: tokens.length + 1,
						kind: "api",
						label: form.get("label") ?? "",
						scope: form.getAll("scope").join(" "),
						exp: Math.floor(Date.now() / 1000) + seconds,
					};
					tokens.push(token, { ...token, id: token.id + 1, kind: "session" });
					return { json: { ok: true, result: token, secret: unique("form-secret-") } };
				},
				"GET /tokens": ({ query }) => {
					const skip = Number(query.get("skip"));
					return { json: { ok: true, total: tokens.length, page: tokens.slice(skip, skip + 3) } };
				},
				"POST /revoke": () => ({ json: { ok: false, why: "no such token" } }),
			}),
		);
		const acme = said({
			base: null,
			auth: { "X-Key": "{credential}", "X-Client": "tokensmith" },
			record: {
				id: "/id",
				name: "/label",
				permissions: { at: "/scope", split: " " },
				expiry: { at: "/exp", as: "seconds" },
			},
			create: {
				request: "POST /tokens",
				form: { label: "{name}", scope: "{permissions}", ttl: "{expiry|seconds-left}s" },
				at: "/result",
				secret: "/secret",
			},
			list: {
				request: "GET /tokens{?skip}",
				items: "/page",
				where: { at: "/kind", is: "api" },
				pages: { offset: "skip", total: "/total" },
			},
			revoke: { request: "POST /revoke", form: { id: "{id}" } },
			success: { at: "/ok", is: true },
			error: ["/why"],
		});
		const system = systemWith(acme, fake.url);
		const asked = wanted({ permissions: ["read", "write"], expiry: inHours(3) });
		for (const name of ["a", "b", "c"])
			assert.deepEqual((await createAt(system, accessWith("k"), { ...asked, name })).ignored, []);
		assert.deepEqual(
			(await listAt(system, accessWith("k"))).map(({ name }) => name),
			["a", "b", "c"],
		);
		const refused = await rejection(createAt(system, accessWith("k"), wanted({})));
		assert.deepEqual([refused.code, refused.status], ["issuer-refused", 200]);
		assert.match(refused.message, /is missing/);
		assert.match((await rejection(revokeAt(system, accessWith("k"), "1"))).message, /no such token/);
		assert.equal(fake.requests[0]?.headers["x-client"], "tokensmith");
	});

	it("a user name without a password, a secret of two parts, ids that are names, and a gone token in a body", async () => {
		const basic = `Basic ${Buffer.from("admin-key:").toString("base64")}`;
		const names = new Set<string>();
		await start((request) => {
			if (request.headers.authorization !== basic) return { status: 401 };
			if (request.path === "/revoke")
				return { json: { deleted: names.delete(request.query.get("name") ?? "") ? 1 : 0 } };
			names.add(request.query.get("name") ?? "");
			return {
				json: {
					name: request.query.get("name"),
					key: "kkkk1111",
					token: "tttt2222",
					scopes: request.query.getAll("scope"),
				},
			};
		});
		const acme = said({
			base: null,
			auth: { basic: { user: "{credential}", password: "" } },
			record: { id: "/name", permissions: "/scopes", partial: "/key" },
			create: {
				request: "POST /generate{?name,scope*,until}",
				with: { scope: "{permissions}", until: "{expiry|date}" },
				secret: { text: "acme_{/key}.{/token}" },
			},
			revoke: {
				request: "POST /revoke{?name}",
				with: { name: "{id}" },
				gone: [{ status: 200, at: "/deleted", is: 0 }],
			},
		});
		const system = systemWith(acme, fake.url);
		const asked = wanted({ name: "ci & cd", permissions: ["a", "b"] });
		const { secret, token } = await createAt(system, accessWith("admin-key"), asked);
		assert.deepEqual(
			[secret, token.id, token.permissions],
			["acme_kkkk1111.tttt2222", "ci & cd", ["a", "b"]],
		);
		assert.equal(await revokeAt(system, accessWith("admin-key"), token.id), "revoked");
		assert.equal(await revokeAt(system, accessWith("admin-key"), token.id), "gone");
	});

	it("Slack: the outcome of a probe in the body, not in the status", async () => {
		await start(({ headers }) => ({
			json:
				headers.authorization === "Bearer xoxb-1"
					? { ok: true }
					: { ok: false, error: headers.authorization?.slice(7) },
		}));
		const slack = said({
			base: null,
			auth: { Authorization: "Bearer {credential}" },
			verify: [
				{
					request: "POST /auth.test",
					live: [{ status: 200, at: "/ok", is: true }],
					dead: [{ status: 200, at: "/error", in: ["invalid_auth", "token_revoked"] }],
				},
			],
		});
		const outcomes = [];
		for (const secret of ["xoxb-1", "token_revoked", "ratelimited"]) {
			outcomes.push((await probeAt(systemWith(slack, fake.url), accessWith(secret))).outcome);
		}
		assert.deepEqual(outcomes, ["live", "dead", "unknown"]);
	});
});
