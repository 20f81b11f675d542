/** A backup that is restored where tokens are: it adds what is missing, and brings no dead token back to life. */
import assert from "node:assert/strict";
import {
	audit,
	backup,
	changeTokens,
	type Line,
	list,
	policyWith,
	restored,
	signed,
	twoDaemonsOfEach,
} from "./backups.ts";
import { assertProblem, type TestDaemon } from "./harness.ts";

describe("a backup that is merged", () => {
	let here: TestDaemon;
	let there: TestDaemon;
	twoDaemonsOfEach((one, other) => {
		[here, there] = [one, other];
	});

	it("adds what is missing, leaves what is here, and keeps the audit sound", async () => {
		const mine = await there.create({ name: "mine" });
		const theirs = await here.create({ name: "theirs" });
		const report = await restored(there, await backup(here));
		assert.deepEqual([report.into, report.audit, report.tokens.added], ["merged", "left", 1]);
		for (const { token } of [mine, theirs]) assert.equal((await there.verify(token)).status, 200);
		const { chain, events } = await audit(there);
		assert.ok(chain.intact);
		assert.deepEqual(
			events.map(({ action, tokenId }: Line) => [action, tokenId]),
			[
				["restore", null],
				["restore", theirs.id],
				["create", mine.id],
			],
		);
	});

	it("changes nothing the second time", async () => {
		await here.create();
		const text = await backup(here);
		await restored(there, text);
		const before = await list(there);
		const report = await restored(there, text);
		assert.deepEqual(report.tokens, { added: 0, replaced: 0, revoked: 0, kept: 1, inDoubt: 0 });
		assert.deepEqual(await list(there), before);
	});

	const ends: [state: string, end: (daemon: TestDaemon, id: string) => Promise<unknown>, code: string][] = [
		["revoked", (daemon, id) => daemon.call("DELETE", `/v1/api-tokens/${id}`), "token-revoked"],
		["disabled", (daemon, id) => daemon.call("POST", `/v1/api-tokens/${id}/disable`), "token-disabled"],
		["rotated out", (daemon, id) => daemon.rotate(id, { overlapSeconds: 0 }), "token-expired"],
	];
	for (const [state, end, code] of ends) {
		it(`leaves a token refused that is ${state} here and has a newer, working version in the backup`, async () => {
			const { id, token } = await here.create();
			await restored(there, await backup(here));
			await end(there, id);
			for (const tags of [["a"], ["b"], ["c"], ["d"]]) await here.patch(id, { tags });
			await restored(there, await backup(here));
			assert.equal((await there.verify(token)).body.code, code);
		});

		it(`leaves a token refused that was ${state} here after the backup`, async () => {
			const { id, token } = await here.create();
			const text = await backup(here);
			await end(here, id);
			await restored(here, text);
			assert.equal((await here.verify(token)).body.code, code);
		});
	}

	it("revokes a token that is revoked in the backup, also one that has a newer version here", async () => {
		const { id, token } = await here.create();
		await restored(there, await backup(here));
		for (const tags of [["a"], ["b"], ["c"]]) await there.patch(id, { tags });
		await here.call("DELETE", `/v1/api-tokens/${id}`);
		const report = await restored(there, await backup(here));
		assert.equal(report.tokens.revoked, 1);
		assertProblem(await there.verify(token), "token-revoked");
		assert.deepEqual((await there.record(id)).tags, ["c"]);
	});

	it("leaves a token as it is that is revoked here and in the backup, whichever came first", async () => {
		const { id } = await here.create();
		await restored(there, await backup(here));
		for (const [daemon, reason, wait] of [
			[there, "here", 0],
			[here, "in the backup", 60_000],
		] as const) {
			daemon.now = new Date(daemon.now.getTime() + wait);
			await daemon.call("DELETE", `/v1/api-tokens/${id}?reason=${encodeURIComponent(reason)}`);
		}
		const before = await there.record(id);
		assert.equal(before.revokedReason, "here");
		const { kept, revoked, replaced } = (await restored(there, await backup(here))).tokens;
		assert.deepEqual([kept, revoked, replaced], [1, 0, 0]);
		assert.deepEqual(await there.record(id), before);
	});

	it("takes a newer version", async () => {
		const { id } = await here.create();
		await restored(there, await backup(here));
		await here.patch(id, { tags: ["newer"] });
		await here.patch(id, { tags: ["newest"] });
		assert.equal((await restored(there, await backup(here))).tokens.replaced, 1);
		assert.deepEqual((await there.record(id)).tags, ["newest"]);
	});

	it("leaves a token in its overlap that was rotated here after the last change in the backup", async () => {
		const { id } = await here.create();
		await restored(there, await backup(here));
		for (const tags of [["a"], ["b"], ["c"]]) await here.patch(id, { tags });
		there.now = new Date(there.now.getTime() + 60_000);
		await there.rotate(id, { overlapSeconds: 600 });
		const before = await there.record(id);
		assert.equal((await restored(there, await backup(here))).tokens.kept, 1);
		assert.deepEqual(await there.record(id), before);
	});

	describe("of a token that was revoked here long ago", () => {
		let revoked: { token: string; text: string };

		beforeEach(async () => {
			const { id, token } = await here.create();
			revoked = { token, text: await backup(here) };
			await here.call("DELETE", `/v1/api-tokens/${id}`);
			here.now = new Date(here.now.getTime() + 400 * 86_400_000);
			await here.store.write((transaction) =>
				transaction.setSetting("seenTime", { date: here.now.toISOString() }),
			);
		});

		it("does not bring it back after a clean-up", async () => {
			await cleanUp();
			await leavesItOut();
		});

		it("does not bring it back where a clean-up deletes it while the audit is read", async () => {
			const { store } = here;
			const events = store.allEvents.bind(store);
			store.allEvents = async function* () {
				yield* events();
				await cleanUp();
			};
			await leavesItOut();
		});

		async function cleanUp(): Promise<void> {
			const cleaned = await here.call("POST", "/v1/api-tokens/clean-up", { body: {} });
			assert.equal(cleaned.body.tokens.length, 1);
		}

		async function leavesItOut(): Promise<void> {
			const report = await restored(here, revoked.text);
			assert.deepEqual(
				report.conflicts.map(({ reason }) => reason),
				["deleted"],
			);
			assertProblem(await here.verify(revoked.token), "token-unknown");
		}
	});

	it("puts tokens in doubt whose end may have been purged from the audit here", async () => {
		const { id, token } = await here.create();
		const text = await backup(here);
		await there.create({ name: "old" });
		there.now = new Date(there.now.getTime() + 2 * 86_400_000);
		await there.create({ name: "new" });
		await there.records.purge(1, there.now, { userId: "owner", userName: "ada" });
		const report = await restored(there, text);
		assert.equal(report.tokens.inDoubt, 1);
		assertProblem(await there.verify(token), "token-in-doubt");
		await there.call("POST", `/v1/api-tokens/${id}/enable`);
		assert.equal((await there.verify(token)).status, 200);
	});

	it("puts none in doubt where the audit here is whole, however late it begins", async () => {
		const { token } = await here.create();
		const text = await backup(here);
		there.now = new Date(there.now.getTime() + 60_000);
		await there.create({ name: "first" });
		assert.equal((await restored(there, text)).tokens.inDoubt, 0);
		assert.equal((await there.verify(token)).status, 200);
	});

	it("puts none in doubt where the audit here goes back to the very moment of the backup", async () => {
		const { token } = await here.create();
		await there.create({ name: "old" });
		there.now = new Date(there.now.getTime() + 2 * 86_400_000);
		await there.create({ name: "new" });
		await there.records.purge(1, there.now, { userId: "owner", userName: "ada" });
		const [oldest] = (await audit(there)).events.slice(-1);
		here.now = new Date(oldest.date);
		assert.equal((await restored(there, await backup(here))).tokens.inDoubt, 0);
		assert.equal((await there.verify(token)).status, 200);
	});

	it("reports tokens whose secret or name another one has here, and restores the others", async () => {
		const erp = (daemon: TestDaemon) =>
			daemon.create({
				name: "erp",
				profile: "mindbridge",
				permissions: ["api.tasks.read"],
				expiry: later(daemon),
			});
		await erp(there);
		const revoked = await erp(here);
		await here.call("DELETE", `/v1/api-tokens/${revoked.id}`);
		const clash = await erp(here);
		const same = await here.create({ name: "same" });
		const free = await here.create({ name: "free" });
		await restored(there, signed(changeTokens(await backup(here), { id: "other" }, same.id)));
		const report = await restored(there, await backup(here));
		assert.deepEqual(
			report.conflicts.map(({ id, reason }) => [id, reason]).sort(),
			[
				[clash.id, "name-taken"],
				[same.id, "hash-known"],
			].sort(),
		);
		assert.equal((await there.verify(free.token)).status, 200);
		assert.equal(
			(await there.record(revoked.id)).status,
			"revoked",
			"which has its name no longer for itself",
		);
	});

	it("leaves a token whose secret is another one in the backup", async () => {
		const { id, token } = await here.create();
		const hash = `sha256:${"0".repeat(64)}`;
		const report = await restored(here, signed(changeTokens(await backup(here), { hash, version: 9 }, id)));
		assert.equal(report.conflicts[0]?.reason, "other-secret");
		assert.equal((await here.verify(token)).status, 200);
	});

	it("leaves the policy and the profiles that are here", async () => {
		await here.call("PUT", "/v1/policy", { body: await policyWith(here, { maximumExpiryDays: 77 }) });
		await there.call("PUT", "/v1/policy", { body: await policyWith(here, { maximumExpiryDays: 88 }) });
		const report = await restored(there, await backup(here));
		assert.equal(report.settings.policy, false);
		assert.equal((await there.call("GET", "/v1/policy")).body.policy.maximumExpiryDays, 88);
	});
});

function later(daemon: TestDaemon): string {
	return new Date(daemon.now.getTime() + 86_400_000).toISOString();
}
