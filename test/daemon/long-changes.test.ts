/** Verifications beside a change that takes long, such as a restore. */
import assert from "node:assert/strict";
import { generateSecret, hashOf } from "../../daemon/rules/secret.ts";
import { daemonOfEach, type TestDaemon } from "./harness.ts";

describe("a verification beside a long change", () => {
	let daemon: TestDaemon;
	daemonOfEach((started) => {
		daemon = started;
	});

	it("does not wait, unless the change has touched its token", async () => {
		const kept = await daemon.create({ name: "kept" });
		const ended = await daemon.create({ name: "ended" });
		const { token, usage } = (await daemon.store.token(ended.id)) ?? assert.fail();
		const [begun, enough] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
		const writing = daemon.store.write(async (transaction) => {
			await transaction.updateToken({ ...token, version: 2, revokedDate: token.creationDate }, usage);
			begun.resolve();
			await enough.promise;
		});
		await begun.promise;
		assert.equal((await daemon.verify(kept.token)).status, 200);
		const beside = daemon.verify(ended.token);
		enough.resolve();
		await writing;
		assert.ok([200, 401].includes((await beside).status), "it began before the change was answered");
		assert.equal((await daemon.verify(ended.token)).body.code, "token-revoked");
	});

	it("accepts nothing of a change that is taken back", async () => {
		const { id } = await daemon.create({ name: "original" });
		const { token } = (await daemon.store.token(id)) ?? assert.fail();
		const secret = generateSecret("tks");
		const [begun, enough] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
		const writing = daemon.store.write(async (transaction) => {
			await transaction.insertToken({ ...token, id: "copy", name: "copy", hash: hashOf(secret) });
			begun.resolve();
			await enough.promise;
			throw new Error("taken back");
		});
		await begun.promise;
		const beside = daemon.verify(secret);
		enough.resolve();
		await assert.rejects(writing, /taken back/);
		assert.equal((await beside).status, 401);
		assert.equal((await daemon.verify(secret)).status, 401);
	});
});
