/** Tokens of other systems in the records: recognized, watched, and never taken for ours. */
import assert from "node:assert/strict";
import type { TokenRecord } from "../../daemon/contract.ts";
import { generateSecret, hashOf } from "../../daemon/rules/secret.ts";
import { untouched } from "../untouched.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

const secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
const request = { name: "deploy", issuer: "other", hash: hashOf(secret), partialToken: "ghp_…wxyz" };

describe("a token of another system", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("is recorded by its hash, with what is known of it", async () => {
		const known = {
			expiry: "2026-04-01T02:00:00+02:00",
			description: "d",
			permissions: ["repo"],
			tags: ["ci"],
		};
		const { status, headers, body } = await register({ ...request, ...known });
		assert.equal(status, 201);
		assert.equal(headers.get("location"), `/v1/api-tokens/${body.id}`);
		assert.equal(headers.get("etag"), '"1"');
		const { hash: _, ...shown } = { ...request, ...known, expiry: "2026-04-01T00:00:00.000Z" };
		assert.deepEqual(body, {
			...untouched,
			...shown,
			id: body.id,
			creationDate: "2026-03-10T12:00:00.000Z",
			lastModifiedDate: "2026-03-10T12:00:00.000Z",
			createdUserInfo: { userId: "owner", userName: "ada" },
			lastModifiedUserInfo: { userId: "owner", userName: "ada" },
			userId: "other",
			profile: "other",
		});
		assert.deepEqual(await record(body.id), body);
		const [event] = (await daemon.call("GET", "/v1/audit-events")).body.events;
		assert.deepEqual([event.action, event.tokenId, "hash" in event.after], ["register", body.id, false]);
	});

	it("lives for ever unless an expiry is known, and expires when that has come", async () => {
		const { expiry, expiryKnown } = await registered();
		assert.deepEqual([expiry, expiryKnown], [null, false]);
		const expiring = await registered({ hash: hashOf("another"), expiry: "2026-03-10T13:00:00Z" });
		daemon.now = new Date("2026-03-10T13:00:00.000Z");
		assert.equal((await record(expiring.id)).status, "expired");
	});

	it("is found by its hash and in the list", async () => {
		const { id } = await registered();
		const { body } = await daemon.call("POST", "/v1/api-tokens/identify", {
			body: { hashes: [request.hash] },
		});
		assert.equal(body.tokens[request.hash].id, id);
		const { tokens } = (await daemon.call("GET", "/v1/api-tokens?issuer=other")).body;
		assert.deepEqual(
			tokens.map((token: TokenRecord) => token.id),
			[id],
		);
	});

	it("is unknown to every door that verifies, and is not used by it", async () => {
		const wellFormed = generateSecret("tks");
		const { id } = await registered({ permissions: ["*"] });
		await registered({ hash: hashOf(wellFormed), permissions: ["*"] });
		for (const one of [secret, wellFormed]) {
			const answer = await daemon.verify(one);
			assert.deepEqual([answer.status, answer.body.reason], [401, "unknown"]);
			assertProblem(await daemon.call("GET", "/v1/api-tokens", { secret: one }), 401, "token-unknown");
			const headers = { "content-type": "application/x-www-form-urlencoded" };
			const introspected = await daemon.call("POST", "/oauth2/introspect", { headers, body: `token=${one}` });
			assert.deepEqual(introspected.body, { active: false });
			assert.equal(
				(await daemon.call("POST", "/oauth2/revoke", { headers, body: `token=${one}` })).status,
				200,
			);
		}
		const { status, useCount, lastUsedDate } = await record(id);
		assert.deepEqual([status, useCount, lastUsedDate], ["active", 0, null]);
		assert.deepEqual((await daemon.call("GET", "/v1/usage")).body.usage, []);
	});

	it("is registered once, for any issuer, even by two requests at the same moment", async () => {
		const answers = await Promise.all([register(request), register({ ...request, name: "again" })]);
		const [made, refused] = answers[0]?.status === 201 ? answers : answers.reverse();
		assert.equal(made?.status, 201);
		assertProblem(refused as Answer, 409, "already-known");
		const ours = await daemon.create();
		assertProblem(await register({ ...request, hash: hashOf(ours.token) }), 409, "already-known");
		assert.equal((await daemon.verify(ours.token)).status, 200);
		await daemon.call("DELETE", `/v1/api-tokens/${made?.body.id}`);
		assertProblem(await register(request), 409, "already-known");
	});

	it("is left to its issuer by every verb that only it can do", async () => {
		const { id } = await registered();
		const posts: [verb: string, body?: object][] = [
			["rotate", { overlapSeconds: 0 }],
			["undo-rotation", {}],
			["end-overlap", {}],
			["disable"],
			["enable"],
		];
		for (const [verb, body] of posts) {
			const answer = await daemon.call("POST", `/v1/api-tokens/${id}/${verb}`, { body });
			assertProblem(answer, 409, "issuer-elsewhere");
			assert.match(answer.body.detail, /\bother\b/);
		}
		assertProblem(
			await daemon.call("PUT", `/v1/resources/channel/soc/grants/${id}`),
			409,
			"issuer-elsewhere",
		);
		assert.equal((await record(id)).version, 1);
	});

	it("has its record changed, in all that is recorded of it", async () => {
		const { id } = await registered();
		const change = {
			name: "deploy-2",
			expiry: "2026-05-01T00:00:00.000Z",
			permissions: ["anything"],
			tags: ["x"],
			resources: ["channel/soc"],
			allowedAddresses: ["10.0.0.0/8"],
			defaultSource: "soc",
		};
		const { status, body } = await patch(id, { ...change, description: "d" });
		assert.equal(status, 200, JSON.stringify(body));
		assert.deepEqual({ ...body, ...change, description: "d" }, body);

		daemon.now = new Date("2026-06-01T00:00:00.000Z");
		assert.equal((await patch(id, { expiry: null })).body.status, "active", "its issuer has renewed it");
		assert.equal((await daemon.call("DELETE", `/v1/api-tokens/${id}`)).body.status, "revoked");
		assertProblem(await patch(id, { name: "x" }), 409, "token-dead");
	});

	it("is revoked in an incident, gets no successor, and the report says what remains to be done", async () => {
		const foreign = await registered({ name: "CI deploy", issuer: "mindbridge" });
		const unknown = await registered({ hash: hashOf("another"), issuer: "unknown-system" });
		const ours = await daemon.create();
		const body = { reason: "laptop stolen", all: true, createSuccessors: true };
		const report = (await daemon.call("POST", "/v1/incidents", { body })).body;
		assert.equal(report.revoked.length, 3);
		assert.deepEqual(
			report.successors.map((one: TokenRecord) => one.predecessorId),
			[ours.id],
		);
		const steps: string[] = report.nextSteps;
		assert.ok(
			steps.some((step) => step.includes("CI deploy (ghp_…wxyz) at its issuer, mindbridge")),
			steps.join("\n"),
		);
		assert.ok(steps.some((step) => step.includes("unknown-system")));
		for (const { id } of [foreign, unknown]) {
			const { status, revokedReason, successorId } = await record(id);
			assert.deepEqual([status, revokedReason, successorId], ["revoked", "laptop stolen", null]);
		}
	});

	it("is not to be watched after an incident, since its uses are not seen here", async () => {
		const { id } = await registered({ issuer: "mindbridge" });
		const watched = async (body: object) => {
			const report = await daemon.call("POST", "/v1/incidents", { body: { reason: "lost", ...body } });
			return report.body.nextSteps.some((step: string) => step.startsWith("Watch for uses"));
		};
		assert.equal(await watched({ filter: { ids: [id] } }), false);
		assert.equal(await watched({ filter: { ids: [(await daemon.create()).id] } }), true);
	});

	it("reserves no name among the local tokens under its issuer's rules", async () => {
		await registered({ name: "orders", issuer: "mindbridge" });
		const { profiles } = (await daemon.call("GET", "/v1/profiles")).body;
		const { permissions } = profiles.find(({ id }: { id: string }) => id === "mindbridge");
		const name = permissions.catalogue[0].name;
		const settings = { profile: "mindbridge", permissions: [name], expiry: "2026-06-01T00:00:00Z" };
		assert.equal((await daemon.create({ ...settings, name: "orders" })).name, "orders");
	});

	it("does not hold on to a profile of the person's own that has its issuer's name", async () => {
		const { profiles } = (await daemon.call("GET", "/v1/profiles")).body;
		const own = { ...profiles[0], id: "acme" };
		await daemon.call("PUT", "/v1/profiles/acme", { body: own });
		await registered({ issuer: "acme" });
		assert.equal((await daemon.call("DELETE", "/v1/profiles/acme")).status, 204);
		const report = await daemon.call("POST", "/v1/incidents", { body: { reason: "x", all: true } });
		assert.equal(report.status, 201);
	});

	const wrong: [what: string, change: object, pointer: string][] = [
		["without a name", { name: undefined }, "/name"],
		["with a blank name", { name: " " }, "/name"],
		["without an issuer", { issuer: undefined }, "/issuer"],
		["that would be ours", { issuer: "local" }, "/issuer"],
		["of an issuer that no profile could be", { issuer: "GitHub!" }, "/issuer"],
		["by its secret", { hash: secret }, "/hash"],
		["by another scheme's hash", { hash: `md5:${"0".repeat(64)}` }, "/hash"],
		["with more of the secret than its ends", { partialToken: secret }, "/partialToken"],
		["with line breaks for ends", { partialToken: "gh\n…wxyz" }, "/partialToken"],
		["with an expiry that is no date", { expiry: "tomorrow" }, "/expiry"],
		["with permissions that are none", { permissions: ["a b"] }, "/permissions/0"],
		["together with its secret", { token: secret }, "/token"],
	];
	for (const [what, change, pointer] of wrong) {
		it(`is not recorded ${what}, and the answer repeats no secret`, async () => {
			const answer = await register({ ...request, ...change });
			assertProblem(answer, 400, "invalid-request");
			assert.deepEqual(
				answer.body.errors.map((error: { pointer: string }) => error.pointer),
				[pointer],
			);
			assert.ok(!JSON.stringify(answer.body).includes(secret));
			assert.deepEqual((await daemon.call("GET", "/v1/api-tokens")).body.tokens, []);
		});
	}

	it("is recorded for any caller that may write, with any permissions of its issuer", async () => {
		const writer = await daemon.create({ permissions: ["api.api-tokens.write"] });
		const body = { ...request, permissions: ["everything.there"] };
		const answer = await daemon.call("POST", "/v1/api-tokens/register", { secret: writer.token, body });
		assert.equal(answer.status, 201);
		assert.deepEqual(answer.body.createdUserInfo, { userId: writer.userId, userName: writer.name });
	});

	it("is still there, and still unknown to verify, after a restart", async () => {
		const token = await registered();
		await daemon.close();
		await daemon.open();
		assert.deepEqual(await record(token.id), token);
		assert.equal((await daemon.verify(secret)).body.reason, "unknown");
		assertProblem(await register(request), 409, "already-known");
	});

	function register(body: object): Promise<Answer> {
		return daemon.call("POST", "/v1/api-tokens/register", { body });
	}

	async function registered(change: object = {}): Promise<TokenRecord> {
		const { status, body } = await register({ ...request, ...change });
		assert.equal(status, 201, JSON.stringify(body));
		return body;
	}

	function patch(id: string, body: object): Promise<Answer> {
		return daemon.call("PATCH", `/v1/api-tokens/${id}`, { body, headers: { "if-match": "*" } });
	}

	async function record(id: string): Promise<TokenRecord> {
		return (await daemon.call("GET", `/v1/api-tokens/${id}`)).body;
	}
});

function assertProblem(answer: Answer, status: number, code: string): void {
	assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
}
