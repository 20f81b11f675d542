/** What holds for every route of the table, including future ones: who may call it, and how it refuses other callers. */
import assert from "node:assert/strict";
import { type ProblemCode, problemStatus } from "../../daemon/contract.ts";
import type { Route } from "../../daemon/server/route.ts";
import type { RouteParts } from "../../daemon/server/routes/parts.ts";
import { allRoutes } from "../../daemon/server/routes.ts";
import { type Answer, TestDaemon } from "./harness.ts";

// Building the table of routes uses none of the parts that answer them.
const routes = allRoutes({} as RouteParts);

describe("every route", () => {
	let daemon: TestDaemon;
	before(async () => {
		daemon = await TestDaemon.start();
	});
	after(async () => {
		await daemon.remove();
	});

	for (const route of routes.filter(({ caller }) => caller !== "none")) {
		const name = `${route.method.toUpperCase()} ${route.path}`;

		it(`${name} refuses a caller without credentials or with unknown ones`, async () => {
			const none = await call(route, null);
			assertProblem(none, "credentials-missing");
			assert.match(none.headers.get("www-authenticate") ?? "", /^Bearer realm="tokensmith"/);
			assertProblem(await call(route, "nonsense"), "token-malformed");
		});

		it(`${name} refuses a revoked token`, async () => {
			const { token, id } = await daemon.create({ permissions: ["*"] });
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assertProblem(await call(route, token), "token-revoked");
		});

		if (route.caller !== "token") {
			it(`${name} refuses a token without the required permission`, async () => {
				const { token } = await daemon.create({ permissions: ["orders.read"] });
				assertProblem(
					await call(route, token),
					route.caller === "owner" ? "owner-only" : "permission-missing",
				);
			});
		}

		it(`${name} checks the caller before it reads or changes anything`, async () => {
			const before = await state();
			await call(route, null);
			await call(route, (await daemon.create({ permissions: ["orders.read"] })).token);
			const after = await state();
			assert.equal(after.length, before.length + 1, "only the caller's token is new");
			assert.equal(daemon.shutdowns, 0);
		});
	}

	for (const route of routes.filter(({ path }) => /\{(id|tokenId)\}/.test(path) && isAboutTokens(path))) {
		it(`${route.method.toUpperCase()} ${route.path} answers an unknown id with not-found`, async () => {
			assertProblem(await call(route, undefined), "not-found");
		});
	}

	for (const route of routes.filter(({ query, method }) => method === "get" && query === undefined)) {
		it(`${route.method.toUpperCase()} ${route.path} refuses an unknown query parameter`, async () => {
			const answer = await call(route, undefined, "?unknown=1");
			assertProblem(answer, "invalid-request");
			assert.equal(answer.body.errors[0].pointer, "?unknown");
		});
	}

	it("has a unique method and path", () => {
		const names = routes.map(({ method, path }) => `${method} ${path}`);
		assert.equal(new Set(names).size, names.length);
		assert.ok(names.length >= 25, String(names.length));
	});

	/** A request that is valid apart from its credentials, path parameters and query. */
	function call(route: Route, secret: string | null | undefined, query = ""): Promise<Answer> {
		const path = route.path.replace("{kind}", "channel").replace(/\{\w+\}/g, "some-id") + query;
		const body = bodies[route.path.split("/").at(-1) ?? ""] ?? { name: "x" };
		const isForm = route.accepts !== "application/json";
		return daemon.call(route.method.toUpperCase(), path, {
			...(secret === undefined ? {} : { secret }),
			...(route.body === undefined ? {} : { body: isForm ? "token=x" : body }),
			headers: { "if-match": "*", ...(isForm && { "content-type": route.accepts }) },
		});
	}

	async function state(): Promise<unknown[]> {
		return (await daemon.call("GET", "/v1/api-tokens?limit=1000")).body.tokens;
	}
});

/** Valid bodies, by the last segment of the route's path. */
const bodies: Record<string, object> = {
	rotate: { overlapSeconds: 0 },
	identify: { hashes: [] },
	register: { name: "x", issuer: "other", hash: `sha256:${"0".repeat(64)}`, partialToken: "…" },
	incidents: { reason: "x", filter: { tag: "none" } },
};

function isAboutTokens(path: string): boolean {
	return path.startsWith("/v1/api-tokens/{id}") || path.endsWith("/grants/{tokenId}");
}

function assertProblem(answer: Answer, code: ProblemCode): void {
	assert.equal(answer.body.code, code, JSON.stringify(answer.body));
	assert.equal(answer.status, problemStatus[code]);
}
