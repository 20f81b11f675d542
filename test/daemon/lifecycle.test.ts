/** Every verb after creation: what it changes, what it refuses, and that it never widens anything. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
	CreatedToken,
	CreateTokenInput,
	RotatedToken,
	TokenRecord,
	UndoneRotation,
} from "../../daemon/contract.ts";
import { hashOf } from "../../daemon/rules/secret.ts";
import { type Answer, daemonOfEach, type TestDaemon } from "./harness.ts";

const day = 24 * 3600;

describe("the lifecycle of a token", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	describe("PATCH", () => {
		it("changes what is named, leaves the rest, and raises the version", async () => {
			const created = await daemon.create({ tags: ["a"] });
			daemon.now = new Date("2026-03-11T08:00:00.000Z");
			const answer = await patch(created.id, { name: "renamed", permissions: ["orders.*"] }, '"1"');
			assert.equal(answer.status, 200);
			const { token: _, ...before } = created;
			assert.deepEqual(answer.body, {
				...before,
				name: "renamed",
				permissions: ["orders.*"],
				version: 2,
				lastModifiedDate: "2026-03-11T08:00:00.000Z",
			});
			assert.equal(answer.headers.get("etag"), '"2"');
			assert.equal((await daemon.verify(created.token, "?permission=orders.write")).status, 200);
		});

		it("needs If-Match, and refuses a stale one", async () => {
			const { id } = await daemon.create();
			const without = await daemon.call("PATCH", `/v1/api-tokens/${id}`, { body: { name: "x" } });
			assert.deepEqual([without.status, without.body.code], [428, "version-missing"]);
			assert.equal((await patch(id, { name: "one" }, '"1"')).status, 200);
			for (const stale of ['"1"', '"7"', "1", 'W/"2"', "nonsense"]) {
				const answer = await patch(id, { name: "two" }, stale);
				assert.deepEqual([answer.status, answer.body.code], [412, "version-stale"], stale);
			}
			assert.equal((await patch(id, { name: "two" }, "*")).status, 200);
			assert.equal((await record(id)).name, "two");
		});

		it("lets one of two that have seen the same version win", async () => {
			const { id } = await daemon.create();
			const answers = await Promise.all(["a", "b", "c"].map((name) => patch(id, { name }, '"1"')));
			assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 412, 412]);
			assert.equal((await record(id)).version, 2);
		});

		it("changes nothing when some of it is wrong, or when there is nothing to change", async () => {
			const { id } = await daemon.create();
			const wrong = { name: "x", permissions: ["orders.fly"], expiry: "2020-01-01T00:00:00Z" };
			const answer = await patch(id, wrong, '"1"');
			assert.deepEqual(pointersOf(answer), ["/permissions/0", "/expiry"]);
			assert.equal((await patch(id, {}, '"1"')).body.version, 1);
			assert.equal((await record(id)).name, "orders-api");
		});

		it("revives nothing: neither a revoked nor an expired token can be changed", async () => {
			const revoked = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
			const expired = await daemon.create({ expiry: "2026-03-10T12:00:01Z" });
			daemon.now = new Date("2026-03-10T12:00:01.000Z");
			for (const { id } of [revoked, expired]) {
				const answer = await patch(id, { expiry: "2026-05-01T00:00:00Z" }, "*");
				assert.deepEqual([answer.status, answer.body.code], [409, "token-dead"]);
			}
			assert.equal((await daemon.verify(expired.token)).body.reason, "expired");
		});
	});

	describe("disable and enable", () => {
		it("refuses the token in between, and nothing else is lost", async () => {
			const { id, token } = await daemon.create();
			const disabled = await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
			assert.deepEqual(
				[disabled.body.status, disabled.body.disabledDate],
				["disabled", "2026-03-10T12:00:00.000Z"],
			);
			assert.equal((await daemon.verify(token)).body.reason, "disabled");
			assert.equal(
				(await daemon.call("POST", `/v1/api-tokens/${id}/disable`)).body.version,
				2,
				"twice is once",
			);
			assert.equal((await daemon.call("POST", `/v1/api-tokens/${id}/enable`)).body.status, "active");
			assert.equal((await daemon.verify(token)).status, 200);
		});

		it("does not come back by a token that may do less", async () => {
			const strong = await daemon.create({ permissions: ["orders.*"] });
			const weak = await daemon.create({ permissions: ["api.api-tokens.write"] });
			await daemon.call("POST", `/v1/api-tokens/${strong.id}/disable`);
			const answer = await daemon.call("POST", `/v1/api-tokens/${strong.id}/enable`, { secret: weak.token });
			assert.deepEqual([answer.status, answer.body.code], [403, "exceeds-caller"]);
			assert.equal((await daemon.verify(strong.token)).body.reason, "disabled");
		});

		it("can't enable what is revoked", async () => {
			const { id, token } = await daemon.create();
			await daemon.call("POST", `/v1/api-tokens/${id}/disable`);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			assert.equal((await daemon.call("POST", `/v1/api-tokens/${id}/enable`)).body.code, "token-dead");
			assert.equal((await daemon.verify(token)).body.reason, "revoked");
		});
	});

	describe("rotate", () => {
		it("gives a successor with the same settings and another secret, and lineage on both", async () => {
			const settings = {
				permissions: ["orders.*"],
				resources: ["channel/soc"],
				allowedAddresses: ["127.0.0.0/8"],
				tags: ["ci"],
			};
			const old = await daemon.create({ ...settings, description: "d", defaultSource: "soc" });
			daemon.now = new Date("2026-03-20T12:00:00.000Z");
			const successor = await rotate(old.id, { overlapSeconds: 3600 });
			for (const name of [
				"name",
				"description",
				"profile",
				"permissions",
				"resources",
				"allowedAddresses",
				"defaultSource",
				"tags",
				"userId",
			] as const) {
				assert.deepEqual(successor[name], old[name], name);
			}
			assert.notEqual(successor.token, old.token);
			assert.equal(successor.predecessorId, old.id);
			assert.equal(
				successor.expiry,
				"2026-04-19T12:00:00.000Z",
				"it lives as long as the old one was made to",
			);
			const { predecessor } = successor;
			assert.deepEqual(
				[predecessor.status, predecessor.successorId, predecessor.retiresDate],
				["retiring", successor.id, "2026-03-20T13:00:00.000Z"],
			);
			assert.equal(predecessor.expiry, old.expiry);
		});

		it("lets both work until the overlap's last millisecond, then only the successor", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id, { overlapSeconds: 60 });
			daemon.now = new Date("2026-03-10T12:00:59.999Z");
			assert.deepEqual(
				[(await daemon.verify(old.token)).status, (await daemon.verify(successor.token)).status],
				[200, 200],
			);
			daemon.now = new Date("2026-03-10T12:01:00.000Z");
			assert.equal((await daemon.verify(old.token)).body.reason, "expired");
			assert.equal((await record(old.id)).status, "expired");
			assert.equal((await daemon.verify(successor.token)).status, 200);
		});

		it("ends the old one at once without an overlap", async () => {
			const old = await daemon.create();
			const successor = await rotate(old.id, { overlapSeconds: 0 });
			assert.deepEqual(
				[(await daemon.verify(old.token)).status, (await daemon.verify(successor.token)).status],
				[401, 200],
			);
		});

		it("never makes an expiring token eternal, nor one that outlives policy", async () => {
			const old = await daemon.create({ expiry: "2026-03-20T12:00:00Z" });
			const eternal = await tryRotate(old.id, { overlapSeconds: 0, expiry: null });
			assert.deepEqual([eternal.status, ...pointersOf(eternal)], [400, "/expiry"]);
			const late = await tryRotate(old.id, { overlapSeconds: 0, expiry: "2028-01-01T00:00:00Z" });
			assert.deepEqual([late.status, ...pointersOf(late)], [400, "/expiry"]);
			await daemon.call("PUT", "/v1/policy", {
				body: policy({ defaultExpiryDays: 3, maximumExpiryDays: 5 }),
			});
			assert.equal((await rotate(old.id, { overlapSeconds: 0 })).expiry, "2026-03-15T12:00:00.000Z");
		});

		it("keeps an eternal token eternal only while policy has such tokens", async () => {
			const first = await daemon.create({ expiry: null });
			assert.equal((await rotate(first.id, { overlapSeconds: 0 })).expiry, null);
			const second = await daemon.create({ expiry: null });
			await daemon.call("PUT", "/v1/policy", { body: policy({ allowNever: false }) });
			assert.equal((await rotate(second.id, { overlapSeconds: 0 })).expiry, "2026-04-09T12:00:00.000Z");
		});

		it("refuses an overlap past the old expiry or past policy, and changes nothing", async () => {
			const { id, token } = await daemon.create({ expiry: "2026-03-10T13:00:00Z" });
			for (const overlapSeconds of [3601, 8 * day, -1, 1.5]) {
				const answer = await tryRotate(id, { overlapSeconds });
				assert.deepEqual(
					[answer.status, ...pointersOf(answer)],
					[400, "/overlapSeconds"],
					String(overlapSeconds),
				);
			}
			assert.equal((await record(id)).version, 1);
			assert.equal(
				(await rotate(id, { overlapSeconds: 3600 })).predecessor.retiresDate,
				"2026-03-10T13:00:00.000Z",
			);
			assert.equal((await daemon.verify(token)).status, 200);
		});

		it("rotates once: started twice, the second is told of the successor", async () => {
			const { id } = await daemon.create();
			const answers = await Promise.all([
				tryRotate(id, { overlapSeconds: 60 }),
				tryRotate(id, { overlapSeconds: 60 }),
			]);
			const [made, refused] = answers[0]?.status === 201 ? answers : answers.reverse();
			assert.deepEqual([made?.status, refused?.status, refused?.body.code], [201, 409, "already-rotated"]);
			assert.match(refused?.body.detail, new RegExp(made?.body.id));
		});

		it("refuses the revoked and the disabled, and replaces the expired", async () => {
			const revoked = await daemon.create();
			await daemon.call("DELETE", `/v1/api-tokens/${revoked.id}`);
			const disabled = await daemon.create();
			await daemon.call("POST", `/v1/api-tokens/${disabled.id}/disable`);
			for (const { id } of [revoked, disabled]) {
				const answer = await tryRotate(id, { overlapSeconds: 0 });
				assert.deepEqual([answer.status, answer.body.code], [409, "token-dead"]);
			}
			const expired = await daemon.create({ expiry: "2026-03-10T12:00:10Z" });
			daemon.now = new Date("2026-03-10T12:01:00.000Z");
			const successor = await rotate(expired.id, { overlapSeconds: 0 });
			assert.equal((await daemon.verify(successor.token)).status, 200);
			assert.equal((await daemon.verify(expired.token)).status, 401);
		});

		it("can be done by the token itself when it may, and then for itself only", async () => {
			const own = await daemon.create({ permissions: ["api.api-tokens.rotate-self", "orders.read"] });
			const other = await daemon.create();
			const body = { overlapSeconds: 0 };
			const foreign = await daemon.call("POST", `/v1/api-tokens/${other.id}/rotate`, {
				secret: own.token,
				body,
			});
			assert.deepEqual([foreign.status, foreign.body.code], [403, "permission-missing"]);
			const answer = await daemon.call("POST", `/v1/api-tokens/${own.id}/rotate`, {
				secret: own.token,
				body,
			});
			assert.equal(answer.status, 201);
			assert.deepEqual(answer.body.createdUserInfo, { userId: own.userId, userName: own.name });
			const without = await daemon.create();
			const refused = await daemon.call("POST", `/v1/api-tokens/${without.id}/rotate`, {
				secret: without.token,
				body,
			});
			assert.equal(refused.status, 403);
		});

		it("does not hand a writer the secret of a token that may do more than itself", async () => {
			const writer = await daemon.create({ permissions: ["api.api-tokens.write", "orders.read"] });
			const stronger = await daemon.create({ permissions: ["orders.*"] });
			const body = { overlapSeconds: 0 };
			const answer = await daemon.call("POST", `/v1/api-tokens/${stronger.id}/rotate`, {
				secret: writer.token,
				body,
			});
			assert.deepEqual([answer.status, answer.body.code], [403, "exceeds-caller"]);
			assert.equal((await record(stronger.id)).version, 1);
			const widened = await daemon.call("PATCH", `/v1/api-tokens/${stronger.id}`, {
				secret: writer.token,
				body: { allowedAddresses: [] },
				headers: { "if-match": "*" },
			});
			assert.equal(widened.body.code, "exceeds-caller");
		});
	});

	it("revokes the very token that asks only when it says so", async () => {
		const { id, token: secret } = await daemon.create({ permissions: ["api.api-tokens.delete"] });
		const refused = await daemon.call("DELETE", `/v1/api-tokens/${id}`, { secret });
		assert.deepEqual([refused.status, refused.body.code], [409, "own-token"]);
		assert.equal(
			(await daemon.call("DELETE", `/v1/api-tokens/${id}?self=true`, { secret })).body.status,
			"revoked",
		);
	});

	it("identifies tokens by hash alone, whatever became of them", async () => {
		const one = await daemon.create({ name: "one" });
		const two = await daemon.create({ name: "two" });
		await daemon.call("DELETE", `/v1/api-tokens/${two.id}`);
		const hashes = [hashOf(one.token), hashOf(two.token), hashOf("nobody's")];
		const { body } = await daemon.call("POST", "/v1/api-tokens/identify", { body: { hashes } });
		assert.deepEqual(Object.keys(body.tokens), hashes.slice(0, 2));
		assert.deepEqual(
			Object.values(body.tokens).map((token) => (token as TokenRecord).status),
			["active", "revoked"],
		);
		const ids = await daemon.call("POST", "/v1/api-tokens/identify?fields=id", { body: { hashes } });
		const [ofOne, ofTwo] = hashes;
		assert.deepEqual(ids.body.tokens, { [ofOne ?? ""]: { id: one.id }, [ofTwo ?? ""]: { id: two.id } });
		const unknown = await daemon.call("POST", "/v1/api-tokens/identify?fields=hash", { body: { hashes } });
		assert.deepEqual(pointersOf(unknown), ["?fields"]);
		const wrong = await daemon.call("POST", "/v1/api-tokens/identify", { body: { hashes: [one.token] } });
		assert.deepEqual(pointersOf(wrong), ["/hashes/0"], "a secret sent by mistake is refused");
	});

	describe("grants", () => {
		it("are seen and changed from the token's side and from the resource's", async () => {
			const { id, token } = await daemon.create();
			const path = `/v1/resources/channel/${encodeURIComponent("soc/tier 1".replace(" ", "-"))}`;
			assert.deepEqual((await daemon.call("PUT", `${path}/grants/${id}`)).body.resources, [
				"channel/soc/tier-1",
			]);
			assert.equal((await daemon.call("PUT", `${path}/grants/${id}`)).body.version, 2, "twice is once");
			assert.equal((await daemon.verify(token, "?resource=channel/soc/tier-1")).status, 200);
			const { body } = await daemon.call("GET", "/v1/resources");
			assert.deepEqual(body.resources, [{ kind: "channel", id: "soc/tier-1", tokenIds: [id] }]);
			assert.equal((await daemon.call("GET", path)).body.tokens[0].id, id);
			assert.equal((await patch(id, { resources: [] }, "*")).status, 200);
			assert.deepEqual((await daemon.call("GET", path)).body.tokens, []);
			await daemon.call("PUT", `${path}/grants/${id}`);
			assert.deepEqual((await daemon.call("DELETE", `${path}/grants/${id}`)).body.resources, []);
			assert.equal((await daemon.verify(token, "?resource=channel/soc/tier-1")).status, 403);
		});

		it("refuse what no resource can be, however it is written in the path", async () => {
			const { id, token } = await daemon.create();
			for (const name of ["a%20channel%2Fsecret", "a%0Ab", "%F0%9F%94%91", "x".repeat(300)]) {
				const answer = await daemon.call("PUT", `/v1/resources/channel/${name}/grants/${id}`);
				assert.deepEqual([answer.status, answer.body.code], [400, "invalid-request"], name);
			}
			assert.equal((await daemon.verify(token)).headers.get("x-token-resources"), "");
		});

		it("refuse an unknown token, a kind that the profile lacks, and what the caller does not hold", async () => {
			assert.equal((await daemon.call("PUT", "/v1/resources/channel/soc/grants/nobody")).status, 404);
			const narrative = await daemon.create({
				profile: "narrative",
				permissions: ["datasets:read"],
				expiry: "2026-04-01T00:00:00Z",
			});
			const answer = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${narrative.id}`);
			assert.deepEqual([answer.status, ...pointersOf(answer)], [400, "/resources/0"]);
			const writer = await daemon.create({ permissions: ["api.api-tokens.write"] });
			const own = await daemon.call("PUT", `/v1/resources/channel/soc/grants/${writer.id}`, {
				secret: writer.token,
			});
			assert.equal(own.body.code, "exceeds-caller", "nobody grants themselves what they lack");
		});
	});

	describe("an incident", () => {
		it("revokes all, makes successors of those that worked, and reports what was in use", async () => {
			const used = await daemon.create({ name: "used" });
			const idle = await daemon.create({ name: "idle" });
			const old = await daemon.create({ name: "old" });
			await rotate(old.id, { overlapSeconds: day });
			await daemon.verify(idle.token);
			daemon.now = new Date("2026-03-10T13:00:01.000Z");
			await daemon.verify(used.token);
			const body = { reason: "laptop stolen", all: true, createSuccessors: true };
			const { status, body: report } = await daemon.call("POST", "/v1/incidents", { body });
			assert.equal(status, 201);
			assert.equal(report.revoked.length, 4);
			for (const { token } of report.revoked)
				assert.deepEqual([token.status, token.revokedReason], ["revoked", "laptop stolen"]);
			const inUse = report.revoked.filter((one: { usedInLastHour: boolean }) => one.usedInLastHour);
			assert.deepEqual(
				inUse.map((one: { token: TokenRecord }) => one.token.name),
				["used"],
			);
			assert.match(report.nextSteps.join(" "), /used/);
			const names = report.successors.map((one: CreatedToken) => one.name).sort();
			assert.deepEqual(names, ["idle", "old", "used"], "the retiring one has its successor already");
			for (const successor of report.successors)
				assert.equal((await daemon.verify(successor.token)).status, 200);
			assert.equal((await daemon.verify(used.token)).body.reason, "revoked");
		});

		it("takes only those that all of the filter fits", async () => {
			const ci = await daemon.create({ name: "a", tags: ["ci"] });
			const other = await daemon.create({ name: "b" });
			const answer = await daemon.call("POST", "/v1/incidents", {
				body: { reason: "x", filter: { tag: "ci", q: "A" } },
			});
			assert.deepEqual(
				answer.body.revoked.map((one: { token: TokenRecord }) => one.token.id),
				[ci.id],
			);
			assert.deepEqual(answer.body.successors, []);
			assert.equal((await record(other.id)).status, "active");
			const again = await daemon.call("POST", "/v1/incidents", {
				body: { reason: "x", filter: { ids: [other.id, "nobody"] } },
			});
			assert.equal(again.body.revoked.length, 1);
		});

		it("refuses what matches nothing, means nothing, or means two things, and changes nothing", async () => {
			const { id } = await daemon.create();
			const bodies: [body: object, status: number, code: string][] = [
				[{ reason: "x", filter: { tag: "nobody" } }, 404, "nothing-matched"],
				[{ reason: "x" }, 400, "invalid-request"],
				[{ reason: "x", filter: {} }, 400, "invalid-request"],
				[{ reason: "x", all: true, filter: { tag: "ci" } }, 400, "invalid-request"],
				[{ reason: "x", all: false }, 400, "invalid-request"],
				[{ all: true }, 400, "invalid-request"],
			];
			for (const [body, status, code] of bodies) {
				const answer = await daemon.call("POST", "/v1/incidents", { body });
				assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body));
			}
			assert.equal((await record(id)).version, 1);
		});

		it("spares the token that asks unless it names itself, and makes no successor beyond it", async () => {
			const asking = await daemon.create({ permissions: ["api.api-tokens.delete"] });
			const other = await daemon.create();
			const secret = asking.token;
			const wanting = { reason: "x", all: true, createSuccessors: true };
			assert.equal((await daemon.call("POST", "/v1/incidents", { secret, body: wanting })).status, 403);
			const answer = await daemon.call("POST", "/v1/incidents", { secret, body: { reason: "x", all: true } });
			assert.deepEqual(
				answer.body.revoked.map((one: { token: TokenRecord }) => one.token.id),
				[other.id],
			);
			const self = { reason: "x", filter: { ids: [asking.id] } };
			assert.equal((await daemon.call("POST", "/v1/incidents", { secret, body: self })).status, 201);
			assert.equal((await daemon.verify(secret)).body.reason, "revoked");
		});
	});

	it("never widens a limit, revives a revoked token, or has two live secrets outside an overlap", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), async (operations) => {
				daemon.now = new Date("2026-03-10T12:00:00.000Z");
				const world = new World(daemon);
				for (const one of operations) await world.do(one);
			}),
			{ numRuns: 60 },
		);
	});

	function patch(id: string, body: unknown, ifMatch: string): Promise<Answer> {
		return daemon.call("PATCH", `/v1/api-tokens/${id}`, { body, headers: { "if-match": ifMatch } });
	}

	function tryRotate(id: string, body: object): Promise<Answer> {
		return daemon.call("POST", `/v1/api-tokens/${id}/rotate`, { body });
	}

	async function rotate(id: string, body: object): Promise<RotatedToken> {
		const answer = await tryRotate(id, body);
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		return answer.body;
	}

	async function record(id: string): Promise<TokenRecord> {
		return (await daemon.call("GET", `/v1/api-tokens/${id}`)).body;
	}
});

function pointersOf(answer: Answer): string[] {
	return answer.body.errors.map((error: { pointer: string }) => error.pointer);
}

function policy(change: object): object {
	return {
		secretPrefix: "tks",
		defaultExpiryDays: 30,
		maximumExpiryDays: 365,
		allowNever: true,
		permissions: [],
		...change,
	};
}

type Operation =
	| { verb: "create"; expiryDays: number | null }
	| {
			verb: "rotate";
			which: number;
			overlapSeconds: number;
			quietSeconds: number | undefined;
			expiryDays: number | null | undefined;
	  }
	| { verb: "patch"; which: number; expiryDays: number | null }
	| { verb: "disable" | "enable" | "revoke" | "undo-rotation" | "end-overlap"; which: number }
	| { verb: "wait"; seconds: number };

const which = fc.nat({ max: 5 });
const expiryDays = fc.option(fc.integer({ min: 1, max: 400 }), { nil: null });
const operation: fc.Arbitrary<Operation> = fc.oneof(
	fc.record({ verb: fc.constant("create" as const), expiryDays }),
	fc.record({
		verb: fc.constant("rotate" as const),
		which,
		overlapSeconds: fc.constantFrom(0, 1, 3600, day, 7 * day, 9 * day),
		quietSeconds: fc.constantFrom(undefined, 1, 3600, day),
		expiryDays: fc.option(expiryDays, { nil: undefined }),
	}),
	fc.record({ verb: fc.constant("patch" as const), which, expiryDays }),
	fc.record({ verb: fc.constantFrom("disable" as const, "enable" as const, "revoke" as const), which }),
	fc.record({ verb: fc.constantFrom("undo-rotation" as const, "end-overlap" as const), which }),
	fc.record({ verb: fc.constant("wait" as const), seconds: fc.constantFrom(1, 3600, day, 20 * day) }),
);

/** Does what it is told and holds all tokens against the rules after each step. */
class World {
	readonly #daemon: TestDaemon;
	readonly #tokens: CreatedToken[] = [];
	readonly #revoked = new Set<string>();

	constructor(daemon: TestDaemon) {
		this.#daemon = daemon;
	}

	async do(one: Operation): Promise<void> {
		if (one.verb === "wait") {
			this.#daemon.now = new Date(this.#daemon.now.getTime() + one.seconds * 1000);
			await this.#daemon.authority.endQuietOverlaps();
		} else if (one.verb === "create") {
			await this.#create({
				name: "x",
				permissions: ["orders.read"],
				expiry: this.#expiry(one.expiryDays) ?? null,
			});
		} else {
			const token = this.#tokens[one.which % Math.max(1, this.#tokens.length)];
			if (token !== undefined) await this.#change(one, token);
		}
		await this.#holdAll();
	}

	async #create(body: CreateTokenInput): Promise<void> {
		const { status, body: created } = await this.#daemon.call("POST", "/v1/api-tokens", { body });
		if (status === 201) this.#tokens.push(created);
	}

	async #change(one: Exclude<Operation, { verb: "create" | "wait" }>, token: CreatedToken): Promise<void> {
		const path = `/v1/api-tokens/${token.id}`;
		const before = (await this.#daemon.call("GET", path)).body;
		if (one.verb === "rotate") {
			const expiry = one.expiryDays === undefined ? {} : { expiry: this.#expiry(one.expiryDays) };
			const answer = await this.#daemon.call("POST", `${path}/rotate`, {
				body: { overlapSeconds: one.overlapSeconds, quietSeconds: one.quietSeconds, ...expiry },
			});
			if (answer.status !== 201) return;
			this.#tokens.push(answer.body);
			this.#holdRotation(before, answer.body);
		} else if (one.verb === "patch") {
			const body = { expiry: this.#expiry(one.expiryDays) };
			await this.#daemon.call("PATCH", path, { body, headers: { "if-match": "*" } });
		} else if (one.verb === "revoke") {
			await this.#daemon.call("DELETE", path);
			this.#revoked.add(token.id);
		} else {
			const answer = await this.#daemon.call("POST", `${path}/${one.verb}`);
			if (one.verb === "undo-rotation" && answer.status === 200) this.#holdUndo(before, answer.body);
		}
	}

	#holdUndo(before: TokenRecord, { token, successor }: UndoneRotation): void {
		assert.ok(endOf(before) > this.#daemon.now.getTime(), "nothing that has ended comes back");
		assert.equal(token.expiry, before.expiry);
		assert.deepEqual([token.retiresDate, token.successorId], [null, null]);
		assert.equal(successor.status, "revoked");
		this.#revoked.add(successor.id);
	}

	#holdRotation(before: TokenRecord, successor: RotatedToken): void {
		const { predecessor } = successor;
		assert.ok(endOf(predecessor) <= endOf(before), "the old end only comes nearer");
		assert.deepEqual(successor.permissions, before.permissions);
		assert.ok(before.expiry === null || successor.expiry !== null, "no expiring token becomes eternal");
		const latest = this.#daemon.now.getTime() + 365 * day * 1000;
		assert.ok(successor.expiry === null || Date.parse(successor.expiry) <= latest);
	}

	async #holdAll(): Promise<void> {
		const now = this.#daemon.now.getTime();
		for (const token of this.#tokens) {
			const { status } = await this.#daemon.verify(token.token);
			const record: TokenRecord = (await this.#daemon.call("GET", `/v1/api-tokens/${token.id}`)).body;
			if (this.#revoked.has(token.id)) assert.equal(status, 401, "a revoked token stays dead");
			if (endOf(record) <= now) assert.equal(status, 401, "an ended token is dead");
			if (status === 200 && record.successorId !== null) {
				assert.ok(
					record.retiresDate !== null && Date.parse(record.retiresDate) > now,
					"two are alive only in an overlap",
				);
			}
		}
	}

	#expiry(days: number | null | undefined): string | null | undefined {
		return days == null ? days : new Date(this.#daemon.now.getTime() + days * day * 1000).toISOString();
	}
}

function endOf(record: TokenRecord): number {
	return Math.min(
		record.expiry === null ? Infinity : Date.parse(record.expiry),
		record.retiresDate === null ? Infinity : Date.parse(record.retiresDate),
	);
}
