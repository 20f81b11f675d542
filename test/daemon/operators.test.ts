/** What an operator relies on: metrics for Prometheus, request ids, challenges, and the log. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { apiPermissions, type CreatedToken } from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { DaemonChild } from "../process/daemon.ts";
import { daemonOfEach, ownerKey, type TestDaemon, temporaryFolder, until } from "./harness.ts";

type CallOptions = NonNullable<Parameters<TestDaemon["call"]>[2]>;

const form = { "content-type": "application/x-www-form-urlencoded" };

describe("for operators", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("/metrics", () => {
		it("is the text format of Prometheus", async () => {
			const answer = await daemon.call("GET", "/metrics");
			assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
			const samples = samplesOf(answer.body);
			assert.ok((samples.get("process_resident_memory_bytes") ?? 0) > 0);
		});

		it("omits metrics that have not been measured yet", async () => {
			const lags = [...(await metrics())].filter(([name]) => name.startsWith("nodejs_eventloop_lag"));
			assert.ok(lags.length > 0);
			assert.deepEqual(
				lags.filter(([, seconds]) => !(seconds < 3600)),
				[],
			);
		});

		it("requires the permission to read", async () => {
			const [reader, other] = [
				await daemon.create({ permissions: [apiPermissions.read] }),
				await daemon.create(),
			];
			assert.equal((await daemon.call("GET", "/metrics", { secret: null })).status, 401);
			assert.equal((await daemon.call("GET", "/metrics", { secret: other.token })).status, 403);
			assert.equal((await daemon.call("GET", "/metrics", { secret: reader.token })).status, 200);
		});

		it("counts verifications by their outcome", async () => {
			const { id, token } = await daemon.create();
			for (const query of ["", "", "?permission=orders.read", "?permission=orders.write"])
				await daemon.verify(token, query);
			await daemon.verify("nonsense");
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			await daemon.verify(token);
			const samples = await metrics();
			const counted = ["valid", "permission", "malformed", "revoked"].map((outcome) =>
				samples.get(`tokensmith_verifications_total{outcome="${outcome}"}`),
			);
			assert.deepEqual(counted, [3, 1, 1, 1]);
		});

		it("counts requests by method, route and status, never by an id or a query", async () => {
			const { id } = await daemon.create();
			for (const path of [id, id, "unknown-id", `${id}?x=1`])
				await daemon.call("GET", `/v1/api-tokens/${path}`);
			const samples = await metrics();
			const at = (status: number) =>
				samples.get(`tokensmith_requests_total{method="GET",route="/v1/api-tokens/{id}",status="${status}"}`);
			assert.deepEqual([at(200), at(404), at(400)], [2, 1, 1]);
			assert.doesNotMatch([...samples.keys()].join("\n"), new RegExp(`${id}|unknown-id`));
		});

		it("counts a request that is refused before its handler by its route too", async () => {
			await daemon.call("DELETE", "/v1/usage");
			await daemon.call("POST", "/v1/incidents", { body: "{" });
			const samples = await metrics();
			const counted = [
				'tokensmith_requests_total{method="DELETE",route="/v1/usage",status="405"}',
				'tokensmith_requests_total{method="POST",route="/v1/incidents",status="400"}',
			].map((name) => samples.get(name));
			assert.deepEqual(counted, [1, 1]);
		});

		it("counts all unknown paths as one route", async () => {
			for (const path of ["/a", "/b/c", "/v1/api-token"]) await daemon.call("GET", path);
			const samples = await metrics();
			const unknown = 'tokensmith_requests_total{method="GET",route="unknown",status="404"}';
			assert.equal(samples.get(unknown), 3);
		});

		it("counts tokens by their status", async () => {
			const [, , disabled, revoked, rotated] = await Promise.all([1, 2, 3, 4, 5].map(() => daemon.create()));
			await daemon.create({ expiry: "2026-03-10T12:30:00Z" });
			await daemon.call("POST", `/v1/api-tokens/${disabled?.id}/disable`);
			await daemon.call("DELETE", `/v1/api-tokens/${revoked?.id}`);
			await daemon.call("POST", `/v1/api-tokens/${rotated?.id}/rotate`, { body: { overlapSeconds: 7200 } });
			daemon.now = new Date("2026-03-10T13:00:00Z");
			const samples = await metrics();
			const counted = ["active", "retiring", "expired", "disabled", "revoked"].map((status) =>
				samples.get(`tokensmith_tokens{status="${status}"}`),
			);
			assert.deepEqual(counted, [3, 1, 1, 1, 1]);
		});

		it("counts open streams of events", async () => {
			const aborted = new AbortController();
			const headers = { authorization: `Bearer ${ownerKey}` };
			await fetch(`${daemon.url}/v1/events`, { headers, signal: aborted.signal });
			assert.equal((await metrics()).get("tokensmith_listeners"), 1);
			aborted.abort();
			await until(() => daemon.events.listeners === 0);
			assert.equal((await metrics()).get("tokensmith_listeners"), 0);
		});
	});

	describe("a problem", () => {
		const failures: [what: string, method: string, path: string, options?: CallOptions][] = [
			["an unknown route", "GET", "/nowhere"],
			["another method", "PUT", "/v1/api-tokens"],
			["no credentials", "GET", "/v1/api-tokens", { secret: null }],
			["an invalid body", "POST", "/v1/api-tokens", { body: {} }],
			["invalid JSON", "POST", "/v1/api-tokens", { body: "{" }],
			["an invalid form", "POST", "/oauth2/introspect", { body: "", headers: form }],
			["a web page's request", "GET", "/v1/api-tokens", { headers: { origin: "https://example.com" } }],
			["a refused verification", "GET", "/v1/verify", { secret: "nonsense" }],
			["an invalid verification", "GET", "/v1/verify?scope=x"],
			["a verification without a token", "GET", "/v1/verify", { secret: null }],
		];
		for (const [what, method, path, options] of failures) {
			it(`about ${what} has the request's id, like the header X-Request-Id`, async () => {
				const answer = await daemon.call(method, path, options);
				assert.ok(answer.status >= 400);
				assert.match(answer.body.instance, /^urn:uuid:[0-9a-f-]{36}$/);
				assert.equal(answer.body.instance, `urn:uuid:${answer.headers.get("x-request-id")}`);
				const again = await daemon.call(method, path, options);
				assert.notEqual(again.body.instance, answer.body.instance);
			});
		}
	});

	describe("a refusal", () => {
		const challenges: [caller: string, secret: () => Promise<string | null>, expected: RegExp][] = [
			["a caller without credentials", async () => null, /^Bearer realm="tokensmith"$/],
			["a wrong token", async () => "x", /^Bearer .*error="invalid_token", error_description="/],
			[
				"a token without the permission",
				async () => (await daemon.create()).token,
				/^Bearer .*error="insufficient_scope", error_description=".*api\.api-tokens\.read/,
			],
		];
		for (const [caller, secret, expected] of challenges) {
			it(`of ${caller} carries the challenge of RFC 6750`, async () => {
				const { headers } = await daemon.call("GET", "/v1/api-tokens", { secret: await secret() });
				assert.match(headers.get("www-authenticate") ?? "", expected);
			});
		}
	});

	async function metrics(): Promise<Map<string, number>> {
		return samplesOf((await daemon.call("GET", "/metrics")).body);
	}
});

describe("the log of the bundled daemon", () => {
	let directory: string;
	let daemon: DaemonChild;
	beforeEach(() => {
		directory = temporaryFolder();
	});
	afterEach(async () => {
		await daemon.kill("SIGKILL");
		rmSync(directory, { recursive: true });
	});

	it("has every request that may change something, by its id, and none of its contents", async () => {
		daemon = await DaemonChild.start(directory);
		const { id, token } = await daemon.create("name-in-the-body");
		const headers = { authorization: `Bearer ${token}`, "x-header": "header-of-the-request" };
		const requests: [method: string, path: string, body?: string][] = [
			["POST", "/v1/api-tokens", `{"name": "${token}"`],
			["POST", `/v1/api-tokens?query-of-the-request=${token}`, "{}"],
			["PATCH", `/v1/api-tokens/${token}`, `{"token": "${token}"}`],
			["DELETE", `/${token}`],
			["POST", `/v1/verify?permission=query-of-the-request`],
		];
		const answered: Response[] = [];
		for (const [method, path, body = null] of requests) {
			const type = { "content-type": "application/json" };
			answered.push(await fetch(daemon.file.url + path, { method, body, headers: { ...headers, ...type } }));
		}
		answered.push(await daemon.fetch(`/v1/api-tokens/${id}`, { method: "DELETE" }));
		const { ownerKey } = daemon.file;
		await daemon.kill();
		const lines = readLog();
		for (const response of answered.filter((one) => !new URL(one.url).pathname.endsWith("/verify"))) {
			const line = lines.find((one) => one.request === response.headers.get("x-request-id"));
			assert.equal(line?.status, response.status, response.url);
		}
		const routes = lines.filter((line) => line.msg === "request").map((line) => line.route);
		assert.ok(routes.includes("/v1/api-tokens/{id}") && routes.includes("unknown"), routes.join(" "));
		assertNotLogged([ownerKey, token, id, "of-the-request", "name-in-the-body", hashOf(token)]);
	});

	it("has the cause of an internal failure under the problem's request id, without the request's contents", async () => {
		daemon = await DaemonChild.start(directory, ["--port", "0"], "ulimit -f 512;");
		const kept: CreatedToken[] = [];
		let refused: Response | undefined;
		while (refused === undefined && kept.length < 2000) {
			const response = await daemon.tryToCreate("name-in-the-body");
			if (response.status === 201) kept.push((await response.json()) as CreatedToken);
			else refused = response;
		}
		assert.equal(refused?.status, 507);
		const id = refused.headers.get("x-request-id");
		const { ownerKey } = daemon.file;
		await daemon.kill();
		const line = readLog().find((one) => one.request === id);
		assert.match(line?.err?.stack ?? "", /StorageError/);
		const last = kept.at(-1);
		assertNotLogged([ownerKey, last?.token ?? "", last?.id ?? "", "name-in-the-body"]);
	});

	function readLog(): LogLine[] {
		const text = readFileSync(join(directory, "daemon.log"), "utf8");
		return text
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
	}

	function assertNotLogged(words: readonly string[]): void {
		const text = readFileSync(join(directory, "daemon.log"), "utf8");
		for (const word of words) assert.ok(!text.includes(word), `the log contains ${word}`);
		assert.doesNotMatch(text, /tk[so]_[0-9A-Za-z]{8}|Bearer/);
	}
});

interface LogLine {
	msg: string;
	request?: string;
	route?: string;
	status?: number;
	err?: { stack: string };
}

/** The samples of the text format, by name and labels. Every line must be a comment or a sample. */
function samplesOf(text: string): Map<string, number> {
	const samples = new Map<string, number>();
	for (const line of text.split("\n").filter((one) => one !== "")) {
		if (/^# (HELP|TYPE) [a-zA-Z_:][\w:]* ./.test(line)) continue;
		const match = /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$/.exec(line);
		assert.ok(match?.[1] !== undefined, `not a sample: ${line}`);
		assert.ok(!samples.has(match[1]), `twice: ${match[1]}`);
		assert.match(match[2] ?? "", /^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|inf)|nan)$/i, line);
		samples.set(match[1], Number(match[2]));
	}
	return samples;
}
