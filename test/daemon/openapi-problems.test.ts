/** Every problem code that the OpenAPI document lists for an operation is one that the operation really answers with. */
import assert from "node:assert/strict";
import { request } from "node:http";

import { generateSecret } from "../../daemon/rules/secret.ts";
import { openApiOf } from "../../daemon/server/openapi/document.ts";
import type { RouteParts } from "../../daemon/server/routes/parts.ts";
import { allRoutes } from "../../daemon/server/routes.ts";
import { connectedProblems } from "./connected-problems.ts";
import { type Answer, daemonOfEach, ownerKey, TestDaemon } from "./harness.ts";
import { ruleProblems } from "./rule-problems.ts";

type CallOptions = NonNullable<Parameters<TestDaemon["call"]>[2]>;

interface OpenApi {
	paths: Record<string, Record<string, DocumentedOperation>>;
}

interface DocumentedOperation {
	operationId: string;
	requestBody?: { content: object };
	responses: Record<string, { description: string }>;
}

// Building the table of routes uses none of the parts that answer them.
const routes = allRoutes({} as RouteParts);
const { paths } = openApiOf(routes, { version: "1.0.0", url: "http://127.0.0.1" }) as unknown as OpenApi;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
	Object.entries(methods).map(([method, { operationId, requestBody, responses }]) => ({
		operationId,
		method: method.toUpperCase(),
		path,
		accepts: Object.keys(requestBody?.content ?? {})[0],
		codes: Object.values(responses).flatMap(({ description }) =>
			/^Codes?: /.test(description) ? (description.match(/[a-z]+(?:-[a-z]+)+/g) ?? []) : [],
		),
	})),
);
type Operation = (typeof operations)[number];

/** They need a damaged disk, a defect of the daemon, or a shared server without its database (test/postgres). */
const untestable = ["internal-error", "storage-failed", "database-unreachable", "change-uncertain"];
const unknownSecret = generateSecret("tks");

/** Codes that an operation answers with before its handler is called. */
const refusals: Record<string, (daemon: TestDaemon, operation: Operation) => Promise<Answer>> = {
	"credentials-missing": (daemon, operation) => call(daemon, operation, { secret: null }),
	"token-malformed": (daemon, operation) => call(daemon, operation, { secret: "nonsense" }),
	"token-unknown": (daemon, operation) => call(daemon, operation, { secret: unknownSecret }),
	"token-revoked": async (daemon, operation) => {
		const { id, token } = await daemon.create();
		await daemon.call("DELETE", `/v1/api-tokens/${id}`);
		return call(daemon, operation, { secret: token });
	},
	"token-disabled": async (daemon, operation) => {
		const { id, token } = await daemon.create();
		await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
		return call(daemon, operation, { secret: token });
	},
	"token-in-doubt": async (daemon, operation) => {
		const { id, token } = await daemon.create();
		const stored = await daemon.store.token(id);
		assert.ok(stored !== undefined);
		const inDoubt = { ...stored.token, inDoubtDate: daemon.now.toISOString(), version: 2 };
		await daemon.store.write((transaction) => transaction.updateToken(inDoubt, stored.usage));
		return call(daemon, operation, { secret: token });
	},
	"token-expired": async (daemon, operation) => {
		const { token } = await daemon.create({ expiry: new Date(daemon.now.getTime() + 1).toISOString() });
		daemon.now = new Date(daemon.now.getTime() + 2);
		return call(daemon, operation, { secret: token });
	},
	"address-not-allowed": async (daemon, operation) => {
		const { token } = await daemon.create({ permissions: ["*"], allowedAddresses: ["10.0.0.0/8"] });
		return call(daemon, operation, { secret: token });
	},
	"permission-missing": async (daemon, operation) => {
		const { token } = await daemon.create();
		const query = operation.path === "/v1/verify" ? "?permission=orders.write" : "";
		return call(daemon, operation, { secret: token }, query);
	},
	"owner-only": async (daemon, operation) => {
		const { token } = await daemon.create({ permissions: ["*"] });
		return call(daemon, operation, { secret: token });
	},
	"host-not-allowed": (daemon, operation) => callAs(daemon, operation, "tokensmith.example"),
	"origin-not-allowed": (daemon, operation) =>
		call(daemon, operation, { headers: { origin: "https://example.com" } }),
	"invalid-request": async (daemon, operation) => {
		const { token } = await daemon.create({ permissions: ["*"] });
		const isOwners = operation.codes.includes("owner-only");
		return call(daemon, operation, isOwners ? {} : { secret: token }, "?unknown=1");
	},
	"too-many-requests": async (_daemon, operation) => {
		const limited = await TestDaemon.start({ unauthenticatedPerMinute: 1 });
		try {
			await call(limited, operation, { secret: null });
			return await call(limited, operation, { secret: null });
		} finally {
			await limited.remove();
		}
	},
	"invalid-json": (daemon, operation) => call(daemon, operation, { body: "{" }),
	"body-too-large": (daemon, operation) =>
		call(daemon, operation, {
			body: `{"x": "${"x".repeat(70_000)}"}`,
			headers: { "content-type": operation.accepts ?? "" },
		}),
	"media-type-unsupported": (daemon, operation) =>
		call(daemon, operation, { body: "x", headers: { "content-type": "text/plain" } }),
	"version-missing": (daemon, operation) => call(daemon, operation, { body: {} }),
	"version-stale": async (daemon, operation) => {
		const { id, token } = await daemon.create();
		const body = { updateToken: {}, rotateToken: { overlapSeconds: 0 } }[operation.operationId];
		const path = operation.path.replace("{id}", id);
		return call(
			daemon,
			{ ...operation, path },
			{
				body,
				headers: { "if-match": '"7"' },
				...(operation.operationId === "getCurrentToken" && { secret: token }),
			},
		);
	},
	"not-found": (daemon, operation) => {
		const bodies: Record<string, object> = {
			updateToken: {},
			rotateToken: { overlapSeconds: 0 },
			reconcileConnection: {},
			importTokens: { remoteIds: ["t1"] },
		};
		const path = operation.path.replace("{kind}/{id}", "channel/soc");
		const options = { body: bodies[operation.operationId], headers: { "if-match": "*" } };
		return call(daemon, { ...operation, path }, options);
	},
};

describe("the problems in the OpenAPI document", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	for (const operation of operations) {
		it(`of ${operation.operationId} are those that it answers with`, async () => {
			const expected = operation.codes.filter((code) => !untestable.includes(code));
			const answered: string[] = [];
			for (const code of expected) {
				const provoke = ruleProblems[`${operation.operationId} ${code}`] ?? refusals[code];
				answered.push((await provoke?.(daemon, operation))?.body.code ?? "not provoked");
			}
			assert.deepEqual(answered, expected);
		});
	}

	it("include all that are provoked here", () => {
		const listed = operations.flatMap(({ operationId, codes }) =>
			codes.map((code) => `${operationId} ${code}`),
		);
		assert.deepEqual(
			Object.keys(ruleProblems).filter((one) => !listed.includes(one) && !(one in connectedProblems)),
			[],
		);
	});
});

/** A request whose path parameters name nothing, unless the operation's path was filled in. */
function call(daemon: TestDaemon, operation: Operation, options: CallOptions, query = ""): Promise<Answer> {
	return daemon.call(operation.method, operation.path.replace(/\{\w+\}/g, "unknown") + query, options);
}

/** The same, with a Host that `fetch` would not send. */
function callAs(daemon: TestDaemon, { method, path }: Operation, host: string): Promise<Answer> {
	const { hostname, port } = new URL(daemon.url);
	const headers = { host, authorization: `Bearer ${ownerKey}` };
	const { promise, resolve, reject } = Promise.withResolvers<Answer>();
	request({ hostname, port, method, path, headers }, async (response) => {
		const text = Buffer.concat(await response.toArray()).toString();
		resolve({ status: response.statusCode ?? 0, headers: new Headers(), body: JSON.parse(text) });
	})
		.once("error", reject)
		.end();
	return promise;
}
