/** The order in which a change reaches an issuer and the records: rules, issuer once, transaction. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createTokenRequest } from "../../daemon/contract.ts";
import { createIssuers } from "../../daemon/issuers/issuers.ts";
import { Authority } from "../../daemon/rules/authority.ts";
import type { Issuer } from "../../daemon/rules/issuer.ts";
import type { SqliteStore } from "../../daemon/store/sqlite/sqlite-store.ts";
import { openStore, ownerKey, temporaryFolder } from "./harness.ts";

const asOwner = { user: { userId: "owner", userName: "ada" }, token: undefined };

describe("a change at an issuer", () => {
	let folder: string;
	let store: SqliteStore;
	let authority: Authority;
	/** Runs while the issuer carries a change out, which can take long. */
	let whileSending: () => Promise<unknown>;
	let sent: string[];

	beforeEach(async () => {
		folder = temporaryFolder();
		store = await openStore(folder);
		sent = [];
		whileSending = async () => {};
		const slow = (issuer: Issuer): Issuer => ({
			...issuer,
			create: { ...issuer.create, send: (...args) => send("create", () => issuer.create.send(...args)) },
			update: { ...issuer.update, send: (...args) => send("update", () => issuer.update.send(...args)) },
			rotate: { ...issuer.rotate, send: (...args) => send("rotate", () => issuer.rotate.send(...args)) },
			revoke: { ...issuer.revoke, send: (...args) => send("revoke", () => issuer.revoke.send(...args)) },
		});
		authority = await Authority.open({
			store,
			issuers: (deps) => {
				const issuers = createIssuers(deps);
				return { ...issuers, of: (token) => slow(issuers.of(token)) };
			},
			ownerKey,
			owner: asOwner.user,
			now: Date.now,
			notify: () => {},
			onError: (error) => assert.fail(String(error)),
		});
	});
	afterEach(async () => {
		await store.close();
		rmSync(folder, { recursive: true });
	});

	async function send<Outcome>(verb: string, carryOut: () => Promise<Outcome>): Promise<Outcome> {
		sent.push(verb);
		await whileSending();
		return carryOut();
	}

	function create(name = "api"): ReturnType<Authority["create"]> {
		return authority.create(
			asOwner,
			createTokenRequest.parse({ name, permissions: ["api.api-tokens.read"] }),
		);
	}

	it("does not hold up other changes while it is being sent", async () => {
		whileSending = async () => {
			whileSending = async () => {};
			await create("second");
		};
		await create("first");
		assert.deepEqual(sent, ["create", "create"]);
	});

	it("is sent once and committed on top of a change that came first", async () => {
		const { id } = await create();
		sent = [];
		whileSending = () => authority.grants.grant(asOwner, "channel/soc", id);
		const updated = await authority.update(asOwner, id, { description: "new" }, "any");
		assert.deepEqual(sent, ["update"]);
		assert.deepEqual([updated.description, updated.resources, updated.version], ["new", ["channel/soc"], 3]);
		assert.deepEqual(await authority.tokens.get(id), updated);
	});

	it("is a rotation that is sent once, and whose successor has the settings that came first", async () => {
		const { id } = await create();
		sent = [];
		whileSending = () => authority.grants.grant(asOwner, "channel/soc", id);
		const successor = await authority.rotations.rotate(asOwner, id, { overlapSeconds: 60 }, "any");
		assert.deepEqual(sent, ["rotate"]);
		assert.deepEqual(successor.resources, ["channel/soc"]);
		assert.deepEqual(successor.predecessor.successorId, successor.id);
	});

	it("leaves no record when the issuer fails", async () => {
		const { id } = await create();
		whileSending = async () => {
			throw new Error("the issuer is down");
		};
		await assert.rejects(create("second"), /the issuer is down/);
		await assert.rejects(authority.revoke(asOwner, id, {}), /the issuer is down/);
		assert.equal((await authority.tokens.get(id)).status, "active");
		assert.equal((await store.chainEnds()).head.sequence, 1);
	});

	it("is not sent when the rules refuse it, or when it changes nothing", async () => {
		const { id } = await create();
		sent = [];
		await assert.rejects(authority.update(asOwner, id, { permissions: ["no.such"] }, "any"), /not allowed/);
		await authority.update(asOwner, id, {}, "any");
		assert.deepEqual(sent, []);
	});
});
