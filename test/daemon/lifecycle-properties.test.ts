/** Whatever is done to tokens in whatever order, the rules hold. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
	CreatedToken,
	CreateTokenInput,
	RotatedToken,
	TokenRecord,
	UndoneRotation,
} from "../../daemon/contract.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

const day = 24 * 3600;

describe("the lifecycle of a token", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
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
});

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
			await this.#daemon.authority.rotations.endQuiet();
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
