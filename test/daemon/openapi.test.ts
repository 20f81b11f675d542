/** The OpenAPI document is valid, describes every route and its callers, and agrees with the daemon's real answers. */
import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { apiPermissions } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { daemonOfEach, ownerKey, type TestDaemon } from "./harness.ts";
import {
	assertHeaders,
	assertValid,
	type OpenApi,
	operationNamed,
	operationsOf,
	resolve,
	schemaAt,
	schemaIn,
	schemasOf,
	servedByExpress,
} from "./openapi-document.ts";
import { Acme } from "./systems/acme.ts";
import { AcmeConnection } from "./systems/acme-connection.ts";

type CallOptions = NonNullable<Parameters<TestDaemon["call"]>[2]>;

const { read, write, delete: remove, introspect, rotateSelf } = apiPermissions;
const form = { "content-type": "application/x-www-form-urlencoded" };

/** Every operation of the contract, with what it requires of its caller. */
const requirements: Record<string, string> = {
	"POST /v1/api-tokens": write,
	"GET /v1/api-tokens": read,
	"GET /v1/api-tokens/current": "a token",
	"POST /v1/api-tokens/clean-up": remove,
	"POST /v1/api-tokens/identify": read,
	"GET /v1/api-tokens/{id}": read,
	"PATCH /v1/api-tokens/{id}": write,
	"DELETE /v1/api-tokens/{id}": remove,
	"POST /v1/api-tokens/{id}/rotate": `${write}, or ${rotateSelf} of the token itself`,
	"POST /v1/api-tokens/register": write,
	"POST /v1/api-tokens/{id}/undo-rotation": write,
	"POST /v1/api-tokens/{id}/end-overlap": write,
	"POST /v1/api-tokens/{id}/disable": write,
	"POST /v1/api-tokens/{id}/enable": write,
	"POST /v1/incidents": remove,
	"GET /v1/resources": read,
	"GET /v1/resources/{kind}/{id}": read,
	"PUT /v1/resources/{kind}/{id}/grants/{tokenId}": write,
	"DELETE /v1/resources/{kind}/{id}/grants/{tokenId}": write,
	"GET /v1/profiles": read,
	"GET /v1/connections": read,
	"PUT /v1/connections/{id}": "the owner key",
	"DELETE /v1/connections/{id}": "the owner key",
	"POST /v1/connections/{id}/probe": read,
	"POST /v1/connections/{id}/reconcile": write,
	"POST /v1/connections/{id}/import": write,
	"POST /v1/api-tokens/{id}/probe": read,
	"POST /v1/api-tokens/{id}/secret": write,
	"PUT /v1/workspaces/{id}/profiles": "the owner key",
	"PUT /v1/profiles/{id}": "the owner key",
	"DELETE /v1/profiles/{id}": "the owner key",
	"GET /v1/permissions": read,
	"PUT /v1/permissions/{name}": "the owner key",
	"DELETE /v1/permissions/{name}": "the owner key",
	"GET /v1/audit-events": read,
	"GET /v1/usage": read,
	"GET /v1/backup": "the owner key",
	"POST /v1/restore": "the owner key",
	"POST /v1/hand-over": "the owner key",
	"GET /v1/events": read,
	"GET /v1/policy": read,
	"PUT /v1/policy": "the owner key",
	"POST /v1/shutdown": "the owner key",
	"GET /v1/verify": "a token",
	"POST /v1/verify": "a token",
	"GET /.well-known/oauth-authorization-server": "no credentials",
	"POST /oauth2/introspect": introspect,
	"POST /oauth2/revoke": "no credentials",
	"GET /healthz": "no credentials",
	"GET /readyz": "no credentials",
	"GET /v1/identity": "no credentials",
	"GET /openapi.json": "no credentials",
	"GET /metrics": read,
};

describe("/openapi.json", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});
	let acme: Acme | undefined;
	afterEach(() => acme?.stop());

	it("is a valid document of OpenAPI 3.1", async () => {
		const validator = new Validator();
		const { valid, errors } = await validator.validate(await document());
		assert.ok(valid, JSON.stringify(errors, null, "\t"));
		assert.equal(validator.version, "3.1");
	});

	it("describes every route that is served, and no other", async () => {
		const described = operationsOf(await document()).map(({ operation }) => operation);
		const fast = ["GET /v1/verify", "POST /v1/verify", "GET /v1/identity"];
		assert.deepEqual(described.sort(), [...servedByExpress(), ...fast].sort());
	});

	it("gives each operation a name of its own, a known tag and a one-line summary", async () => {
		const { tags, ...described } = await document();
		const operations = operationsOf(described).map((one) => one.described);
		const ids = operations.map(({ operationId }) => operationId);
		assert.equal(new Set(ids).size, ids.length);
		assert.deepEqual(new Set(operations.flatMap((one) => one.tags)), new Set(tags.map(({ name }) => name)));
		for (const { operationId, summary } of operations) {
			assert.match(operationId, /^[a-z]+([A-Z][a-zA-Z]*)?$/);
			assert.match(summary, /^[A-Z].{5,70}[a-z0-9)]$/);
		}
	});

	it("states what each operation requires of its caller", async () => {
		const stated = operationsOf(await document()).map(({ operation, described }) => {
			const [, text = ""] = /Requires (?:the permission )?([^.].+)\.$/.exec(described.description) ?? [];
			const requirement = text.replaceAll("`", "");
			const schemes = described.security.flatMap((one) => Object.keys(one));
			assert.equal(schemes.length === 0, requirement === "no credentials", operation);
			assert.equal(schemes.join() === "ownerKey", requirement === "the owner key", operation);
			return [operation, requirement];
		});
		assert.deepEqual(Object.fromEntries(stated), requirements);
	});

	it("names the shape of every body, so that generated types have names", async () => {
		const { paths } = await document();
		for (const { operation, described } of operationsOf({ paths })) {
			const bodies = [described.requestBody ?? {}, ...Object.values(described.responses)];
			for (const { schema } of bodies.flatMap(({ content = {} }) => Object.values(content))) {
				assert.ok("$ref" in schema || Object.keys(schema.properties ?? {}).length === 0, operation);
			}
		}
	});

	it("describes every field and every parameter", async () => {
		const { components, paths } = await document();
		const fields = Object.entries(components.schemas).flatMap(([name, { description, properties = {} }]) => [
			[name, description],
			...Object.entries(properties).map(([field, one]) => [`${name}.${field}`, one.description]),
		]);
		assert.deepEqual(
			fields.filter(([, description]) => !description),
			[],
		);
		const inlined = operationsOf({ paths }).flatMap(({ described }) => described.parameters);
		const parameters = [...inlined, ...Object.values(components.parameters)];
		for (const one of parameters) assert.ok("$ref" in one || one.description, JSON.stringify(one));
	});

	it("says nothing twice that generators of typed clients would take for more", async () => {
		const text = JSON.stringify(await document());
		assert.doesNotMatch(text, /"allOf":\[\{"pattern"/);
		assert.doesNotMatch(text, /"propertyNames"|9007199254740991/);
		assert.doesNotMatch(text, /"format":"[^"]*","pattern"|"pattern":"[^"]*","format"/);
		assert.match(text, /"allOf":\[/);
	});

	it("describes each part of a path that a caller fills in, and requires it", async () => {
		const { components, paths } = await document();
		for (const { operation, described } of operationsOf({ paths })) {
			const used = described.parameters.map((one) => resolve(components.parameters, one));
			const required = used.filter((one) => one.in === "path" && one.required).map(({ name }) => name);
			const filledIn = Array.from(operation.matchAll(/\{(\w+)\}/g), ([, name]) => name);
			assert.deepEqual(required, filledIn, operation);
		}
	});

	it("requires If-Match where the daemon does", async () => {
		const { id } = await daemon.create();
		const { components, paths } = await document();
		for (const { operation, described } of operationsOf({ paths })) {
			const used = described.parameters.map((one) => resolve(components.parameters, one));
			const header = used.find((parameter) => parameter.name === "If-Match");
			if (header === undefined) continue;
			const [method = "", path = ""] = operation.split(" ");
			const body = method === "PATCH" ? {} : { overlapSeconds: 0 };
			const sent = method === "GET" ? {} : { body };
			const answer = await daemon.call(method, path.replace("{id}", id), sent);
			assert.equal(answer.status === 428, header.required, operation);
		}
	});

	for (const [operation, requirement] of Object.entries(requirements)) {
		it(`is right that ${operation} requires ${requirement}`, async () => {
			assert.equal((await statusOf(operation, null)) === 401, requirement !== "no credentials");
			const others = Object.values(apiPermissions).filter((permission) => !requirement.includes(permission));
			const poor = await daemon.create({ permissions: ["orders.read", ...others] });
			const refused = requirement === "the owner key" || requirement.startsWith("api.");
			assert.equal((await statusOf(operation, poor.token)) === 403, refused);
			const [permission] = /^api\.api-tokens\.[a-z]+/.exec(requirement) ?? [];
			if (permission === undefined) return;
			const { token } = await daemon.create({ permissions: [permission] });
			const status = await statusOf(operation, token);
			assert.ok(status !== 401 && status !== 403, `${status}`);
		});
	}

	it("describes what each route really accepts and answers", async () => {
		const described = await document();
		const ajv = schemasOf(described);
		const answered = new Set<string>();
		// Held until the end: a response that is collected as garbage closes its stream.
		const workspace = await fetch(`${daemon.url}/v1/events?workspace=w1`, {
			headers: { authorization: `Bearer ${ownerKey}` },
		});
		for (const [operation, path, options = {}] of await realRequests()) {
			const [method = ""] = operation.split(" ");
			if (options.body !== undefined && typeof options.body !== "string") {
				assertValid(schemaAt(ajv, operation, ["requestBody", "content", "application/json"]), options.body);
			}
			const answer = await daemon.call(method, path, options);
			assert.ok(answer.status < 300, `${operation} ${answer.status} ${JSON.stringify(answer.body)}`);
			const [type = ""] = (answer.headers.get("content-type") ?? "").split(";");
			const where = ["responses", String(answer.status), "content", type];
			assertValid(schemaAt(ajv, operation, where), answer.body);
			assertHeaders(operationNamed(described, operation), answer);
			answered.add(operation);
		}
		await workspace.body?.cancel();
		const withContent = operationsOf(described).filter(({ described }) =>
			Object.values(described.responses).some(({ content = {} }) => "application/json" in content),
		);
		assert.deepEqual([...answered].sort(), withContent.map(({ operation }) => operation).sort());
	});

	it("describes the problems that are really answered", async () => {
		const described = await document();
		const ajv = schemasOf(described);
		const { id, token } = await daemon.create();
		const problems: [status: number, operation: string, path: string, options?: CallOptions][] = [
			[400, "POST /v1/api-tokens", "/v1/api-tokens", { body: { name: "", permissions: ["x y"] } }],
			[401, "GET /v1/api-tokens", "/v1/api-tokens", { secret: null }],
			[403, "GET /v1/api-tokens", "/v1/api-tokens", { secret: token }],
			[404, "GET /v1/api-tokens/{id}", "/v1/api-tokens/x"],
			[
				412,
				"PATCH /v1/api-tokens/{id}",
				`/v1/api-tokens/${id}`,
				{ headers: { "if-match": '"7"' }, body: {} },
			],
			[428, "PATCH /v1/api-tokens/{id}", `/v1/api-tokens/${id}`, { body: {} }],
			[401, "GET /v1/verify", "/v1/verify", { secret: "nonsense" }],
			[403, "GET /v1/verify", "/v1/verify?permission=x", { secret: token }],
			[400, "POST /oauth2/introspect", "/oauth2/introspect", { headers: form, body: "token=" }],
		];
		for (const [status, operation, path, options] of problems) {
			const [method = ""] = operation.split(" ");
			const answer = await daemon.call(method, path, options);
			assert.equal(answer.status, status, operation);
			const [type = ""] = (answer.headers.get("content-type") ?? "").split(";");
			const name = operationNamed(described, operation)?.responses[status]?.$ref?.split("/").at(-1) ?? "";
			assertValid(schemaIn(ajv, ["components", "responses", name, "content", type]), answer.body);
		}
	});

	async function document(): Promise<OpenApi> {
		return (await daemon.call("GET", "/openapi.json", { secret: null })).body;
	}

	/** The status of a request that names nothing and has no body, so that it changes nothing. */
	async function statusOf(operation: string, secret: string | null): Promise<number> {
		const [method = "", path = ""] = operation.split(" ");
		const headers: Record<string, string> = secret === null ? {} : { authorization: `Bearer ${secret}` };
		const abort = new AbortController();
		const url = daemon.url + path.replace(/\{\w+\}/g, "nothing");
		const { status } = await fetch(url, { method, headers, signal: abort.signal });
		// The stream of events does not end on its own.
		abort.abort();
		return status;
	}

	/** A request for each operation that answers with JSON, in an order in which all of them succeed. */
	async function realRequests(): Promise<[operation: string, path: string, options?: CallOptions][]> {
		const one = await daemon.create({ resources: ["channel/soc"], defaultSource: "soc", expiry: null });
		const two = await daemon.create({ tags: ["ci"], allowedAddresses: ["127.0.0.1"] });
		await daemon.verify(two.token, "?permission=orders.read");
		await daemon.verify(two.token, "?permission=orders.write");
		await daemon.verify(two.token, "?permission=billing.read");
		const profile = (await daemon.call("GET", "/v1/profiles")).body.profiles[0];
		acme = await Acme.start();
		const through = new AcmeConnection(daemon, acme);
		await through.connect("acme");
		acme.add({ id: "t1", expiry: "2026-12-01T00:00:00.000Z" });
		const made = (await through.create()).body;
		const system = { name: "Two", profile: "acme", baseUrl: acme.url };
		const connectorHash = await through.hashOf("acme");
		const headers = through.header({});
		const { id } = one;
		const grant = `/v1/resources/channel/news/grants/${id}`;
		const body = {
			name: "ci",
			profile: "local",
			permissions: ["orders.*"],
			expiresIn: { months: 2 },
			resources: ["channel/soc"],
			allowedAddresses: ["10.0.0.0/8"],
		};
		const backup = (await daemon.call("GET", "/v1/backup")).body;
		const rotation = { overlapSeconds: 60, quietSeconds: 30 };
		const foreign = { name: "ci", issuer: "other", hash: hashOf("gh_secret"), partialToken: "gh_s…cret" };
		return [
			["POST /v1/api-tokens", "/v1/api-tokens", { body }],
			["GET /v1/api-tokens", "/v1/api-tokens?limit=2&sort=-lastUsed"],
			["GET /v1/api-tokens/current", "/v1/api-tokens/current", { secret: one.token }],
			["POST /v1/api-tokens/identify", "/v1/api-tokens/identify", { body: { hashes: [hashOf(one.token)] } }],
			["POST /v1/api-tokens/clean-up", "/v1/api-tokens/clean-up", { body: { preview: true } }],
			["GET /v1/api-tokens/{id}", `/v1/api-tokens/${two.id}`],
			[
				"PATCH /v1/api-tokens/{id}",
				`/v1/api-tokens/${two.id}`,
				{ headers: { "if-match": `"${two.version}"` }, body: { name: "renamed", tags: [] } },
			],
			["POST /v1/api-tokens/{id}/disable", `/v1/api-tokens/${id}/disable`],
			["POST /v1/api-tokens/{id}/enable", `/v1/api-tokens/${id}/enable`],
			["PUT /v1/resources/{kind}/{id}/grants/{tokenId}", grant],
			["GET /v1/resources", "/v1/resources"],
			["GET /v1/resources/{kind}/{id}", "/v1/resources/channel/news"],
			["DELETE /v1/resources/{kind}/{id}/grants/{tokenId}", grant],
			["GET /v1/verify", "/v1/verify", { secret: one.token }],
			["POST /v1/verify", "/v1/verify", { secret: two.token }],
			["GET /v1/identity", `/v1/identity?identity=${daemon.identity.name}&challenge=${"ab".repeat(32)}`],
			["POST /v1/api-tokens/{id}/rotate", `/v1/api-tokens/${id}/rotate`, { body: rotation }],
			["POST /v1/api-tokens/{id}/undo-rotation", `/v1/api-tokens/${id}/undo-rotation`],
			["POST /v1/api-tokens/{id}/rotate", `/v1/api-tokens/${id}/rotate`, { body: rotation }],
			["POST /v1/api-tokens/{id}/end-overlap", `/v1/api-tokens/${id}/end-overlap`],
			["POST /v1/api-tokens/register", "/v1/api-tokens/register", { body: foreign }],
			["POST /oauth2/introspect", "/oauth2/introspect", { headers: form, body: `token=${one.token}` }],
			["POST /oauth2/revoke", "/oauth2/revoke", { headers: form, body: `token=${one.token}` }],
			["DELETE /v1/api-tokens/{id}", `/v1/api-tokens/${id}?reason=leaked`],
			["PUT /v1/profiles/{id}", "/v1/profiles/mine", { body: { ...profile, id: "mine" } }],
			["PUT /v1/permissions/{name}", "/v1/permissions/own.read", { body: { description: "Own" } }],
			["GET /v1/profiles", "/v1/profiles"],
			["PUT /v1/connections/{id}", "/v1/connections/two", { body: { ...system, connectorHash } }],
			["POST /v1/connections/{id}/probe", "/v1/connections/acme/probe", { headers }],
			["POST /v1/connections/{id}/reconcile", "/v1/connections/acme/reconcile", { headers, body: {} }],
			[
				"POST /v1/connections/{id}/import",
				"/v1/connections/acme/import",
				{ headers, body: { remoteIds: ["t1"] } },
			],
			[
				"POST /v1/api-tokens/{id}/probe",
				`/v1/api-tokens/${made.id}/probe`,
				{ headers: through.header({ credential: made.token }) },
			],
			[
				"POST /v1/api-tokens/{id}/secret",
				`/v1/api-tokens/${made.id}/secret`,
				{ headers: through.header({ credential: made.token }) },
			],
			["PUT /v1/workspaces/{id}/profiles", "/v1/workspaces/w1/profiles", { body: { profiles: [] } }],
			["POST /v1/restore", "/v1/restore", { body: backup }],
			["POST /v1/hand-over", "/v1/hand-over", { body: backup }],
			["GET /v1/connections", "/v1/connections"],
			["GET /v1/permissions", "/v1/permissions"],
			["GET /v1/policy", "/v1/policy"],
			["POST /v1/incidents", "/v1/incidents", { body: { reason: "x", all: true, createSuccessors: true } }],
			["GET /v1/audit-events", "/v1/audit-events?verify=true"],
			["GET /v1/usage", "/v1/usage"],
			["GET /.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server"],
			["GET /healthz", "/healthz?challenge=x", { secret: null }],
			["GET /readyz", "/readyz", { secret: null }],
			["GET /openapi.json", "/openapi.json", { secret: null }],
		];
	}
});
