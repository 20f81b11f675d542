/**
 * A thousand malformed requests for every route: each is answered, none fails inside the daemon, and tokens that they do
 * not name stay unchanged. The routes come from the daemon's own table, so a new route is covered automatically.
 */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import * as z from "zod";
import { apiPermissions, type CreatedToken, problemStatus, type TokenRecord } from "../../daemon/contract.ts";
import { problemsOf } from "../../daemon/server/openapi/problems.ts";
import type { RouteParts } from "../../daemon/server/routes/parts.ts";
import { allRoutes } from "../../daemon/server/routes.ts";
import { ownerKey, TestDaemon } from "./harness.ts";
import { type Sketch, schemaOf, sketchOf, type Target, targetOf } from "./malformed-requests.ts";

const requestsPerRoute = 1000;
/** Constant, so that runs are reproducible. TOKENSMITH_SEED sets another number, or `random`. */
const { TOKENSMITH_SEED: given = "64189372" } = process.env;
const seed = given === "random" ? Date.now() % 0x7fffffff : Number(given);

interface Reply {
	status: number;
	type: string;
	text: string;
}

// Building the table of routes uses none of the parts that answer them.
const routes = allRoutes({} as RouteParts);
const targets: Target[] = [
	...routes.map(targetOf),
	{
		method: "get",
		path: "/v1/verify",
		query: schemaOf(z.object({ permission: z.string(), resource: z.string() })),
	},
	{ method: "get", path: "/no/such/route" },
];

describe(`malformed requests (seed ${seed})`, () => {
	let daemon: TestDaemon;
	let agent: Agent;
	/** The token that the requests name. */
	let named: CreatedToken;
	let bystanders: CreatedToken[];
	beforeEach(async () => {
		daemon = await TestDaemon.start();
		agent = new Agent({ keepAlive: true, maxSockets: 1 });
		const permissions = Object.values(apiPermissions);
		named = await daemon.create({ permissions, resources: ["channel/soc"] });
		bystanders = [await daemon.create(), await daemon.create({ permissions: ["*"], expiry: null })];
	});
	afterEach(async () => {
		agent.destroy();
		await daemon.remove();
		assert.deepEqual(daemon.failures, [], "no request failed inside the daemon");
	});

	for (const target of targets) {
		it(`are answered at ${target.method.toUpperCase()} ${target.path}`, async () => {
			const before = await everything();
			let accepted = 0;
			const excused = new Set<string>();
			const property = fc.asyncProperty(sketchOf(target), async (sketch) => {
				const reply = await send(sketch);
				assertAnswer(reply);
				assertDocumented(target, sketch, reply);
				if (reply.status < 300 && sketch.method !== "GET" && sketch.method !== "HEAD") accepted++;
				for (const id of idsIn(target, reply)) excused.add(id);
			});
			await fc.assert(property, { seed, numRuns: requestsPerRoute });
			assert.equal((await daemon.call("GET", "/healthz")).status, 200);
			if (accepted === 0) assert.deepEqual(await everything(), before);
			for (const { token: _, ...record } of bystanders) {
				if (excused.has(record.id)) continue;
				assert.deepEqual((await daemon.call("GET", `/v1/api-tokens/${record.id}`)).body, record);
			}
		}).timeout(60_000);
	}

	it("are answered when they are hardly HTTP", async () => {
		const before = await everything();
		const property = fc.asyncProperty(rubbishOverSocket, async (bytes) => {
			const text = await answerTo(bytes);
			for (const [line] of text.matchAll(/^HTTP\/1\.1 .*$/gm)) assert.match(line, /^HTTP\/1\.1 [24]\d\d /);
			assert.match(text, /^HTTP\/1\.1 /);
		});
		await fc.assert(property, { seed, numRuns: requestsPerRoute });
		assert.deepEqual(await everything(), before);
	}).timeout(60_000);

	/** The tokens and the audit trail. */
	async function everything(): Promise<unknown> {
		const { body: list } = await daemon.call("GET", "/v1/api-tokens?limit=1000");
		const { body: trail } = await daemon.call("GET", "/v1/audit-events?limit=1000");
		// A use is not a change.
		const unused = { useCount: 0, lastUsedDate: null, lastUsedAddress: null };
		return [list.tokens.map((token: TokenRecord) => ({ ...token, ...unused })), trail];
	}

	function filledIn(text: string): string {
		return text
			.replaceAll("‹id›", named.id)
			.replaceAll("‹secret›", named.token)
			.replaceAll("‹owner›", ownerKey);
	}

	function send(sketch: Sketch): Promise<Reply> {
		const { hostname, port } = new URL(daemon.url);
		const headers = Object.fromEntries(
			Object.entries(sketch.headers).map(([name, value]) => [name, filledIn(value)]),
		);
		const body = typeof sketch.body === "string" ? filledIn(sketch.body) : sketch.body;
		if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
		const options = { agent, hostname, port, method: sketch.method, path: filledIn(sketch.path), headers };
		return new Promise((resolve, reject) => {
			const sent = request({ ...options, timeout: 5000 }, (response) => {
				const { statusCode: status = 0, headers } = response;
				const type = headers["content-type"]?.split(";")[0] ?? "";
				const chunks: Buffer[] = [];
				// A stream never ends; its head is the answer.
				if (type === "text/event-stream") sent.destroy();
				response.on("data", (chunk) => chunks.push(chunk));
				response.on("close", () => resolve({ status, type, text: Buffer.concat(chunks).toString() }));
			});
			sent.once("timeout", () => sent.destroy(new Error("no answer within five seconds")));
			sent.once("error", reject);
			sent.end(body);
		});
	}

	/** Everything that the daemon sends in answer to these bytes. */
	function answerTo(bytes: Buffer): Promise<string> {
		const { hostname, port } = new URL(daemon.url);
		return new Promise((resolve, reject) => {
			let text = "";
			const socket = connect(Number(port), hostname, () => socket.end(bytes));
			socket.setTimeout(5000, () => socket.destroy(new Error("no answer within five seconds")));
			socket.on("data", (data) => {
				text += data.toString("latin1");
			});
			socket.once("error", reject);
			socket.once("close", () => resolve(text));
		});
	}
});

function assertAnswer({ status, type, text }: Reply): void {
	assert.ok((status >= 200 && status < 300) || (status >= 400 && status < 500), `${status} ${text}`);
	// Node itself answers an unknown Expect and headers that are too long.
	if (status < 400 || status === 417 || status === 431 || text === "") return;
	assert.match(type, /^application\/(problem\+)?json$/);
	const problem = JSON.parse(text);
	assert.equal(problem.status, status);
	assert.equal(problemStatus[problem.code as keyof typeof problemStatus], status);
}

/** The OpenAPI document lists the problem for the route, if the request reached that route. */
function assertDocumented(target: Target, { method, path }: Sketch, { status, text }: Reply): void {
	const route = routes.find(({ method, path }) => method === target.method && path === target.path);
	const template = target.path.replace(/\{\w+\}/g, "[^/?#]+");
	const reached = new RegExp(`^${template}(\\?.*)?$`, "s").test(path) && !path.includes("/current");
	if (route === undefined || method !== route.method.toUpperCase() || !reached) return;
	if (status < 400 || status === 417 || status === 431) return;
	const { code } = JSON.parse(text);
	// A route without a body has no documented problems with one.
	if (route.body === undefined && bodyProblems.includes(code)) return;
	assert.ok(problemsOf(route).includes(code), `${route.operationId} answers with ${code}`);
}

const bodyProblems: readonly string[] = ["invalid-json", "body-too-large", "media-type-unsupported"];

/** The tokens that a valid incident revoked, according to its report. */
function idsIn({ path }: Target, { status, text }: Reply): string[] {
	if (path !== "/v1/incidents" || status !== 201) return [];
	return JSON.parse(text).revoked.map(({ token }: { token: CreatedToken }) => token.id);
}

const wholeRequest = [
	"POST /v1/api-tokens HTTP/1.1",
	"Host: 127.0.0.1",
	"Content-Type: application/json",
	"Content-Length: 13",
	"Transfer-Encoding: identity",
	"",
	'{"name": "x"}',
].join("\r\n");

/** A request with some of its bytes removed, repeated or replaced. */
const rubbishOverSocket = fc
	.array(fc.tuple(fc.nat(wholeRequest.length), fc.nat(20), fc.uint8Array({ maxLength: 8 })), { maxLength: 6 })
	.map((changes) => {
		let bytes = Buffer.from(wholeRequest);
		for (const [at, length, put] of changes)
			bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)]);
		return bytes;
	});
