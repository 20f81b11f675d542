/** A change that another replica has acknowledged and not read yet: it counts there all the same. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { generateSecret, hashOf } from "../../daemon/rules/secret.ts";
import { nothingAsked, Verifier } from "../../daemon/rules/verify.ts";
import type { PostgresStore } from "../../daemon/store/postgres/postgres-store.ts";
import { unused } from "../../daemon/store/store.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { forgetPostgresStore, openPostgresStore, tokenOf } from "./store.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a change of one token, at another replica", () => {
	const directory = randomUUID();
	let changing: PostgresStore;
	let verifying: PostgresStore;
	let verifier: Verifier;

	beforeEach(async () => {
		changing = await openPostgresStore(directory);
		verifying = await openPostgresStore(directory);
		verifier = new Verifier(verifying, []);
		verifying.onCommitted(({ tokens }) => {
			for (const { stored } of tokens) verifier.apply(stored.token);
		});
		for (const store of [changing, verifying]) await store.follow();
	});

	afterEach(async () => {
		for (const store of [changing, verifying]) await store.close();
		await forgetPostgresStore(directory);
	});

	async function isAccepted(secret: string): Promise<boolean> {
		return (await verifier.verify(secret, undefined, nothingAsked, Date.now())).valid;
	}

	it("is known once it is answered, in memory too", async () => {
		for (let round = 0; round < 100; round++) {
			const secret = generateSecret("tks");
			assert.ok(!(await isAccepted(secret)), "unknown, which is remembered");
			const token = { ...tokenOf(`token ${round}`), hash: hashOf(secret) };
			await changing.write((transaction) => transaction.insertToken(token));
			assert.ok(await isAccepted(secret), "accepted once it is created, which is remembered");
			const disabled = { ...token, version: 2, disabledDate: token.creationDate };
			await changing.write((transaction) => transaction.updateToken(disabled, unused));
			assert.ok(!(await isAccepted(secret)), "refused once it is disabled");
		}
		assert.ok(verifier.found.inMemory > 0);
	});
});
