/** Tokens that move to another daemon and back: valid there by the same secrets, and unknown where they were. */
import assert from "node:assert/strict";
import {
	backup,
	changeTokens,
	linesOf,
	list,
	restore,
	restored,
	signed,
	twoDaemonsOfEach,
	verdict,
} from "./backups.ts";
import type { Answer, TestDaemon } from "./harness.ts";

describe("tokens that are handed over", () => {
	let here: TestDaemon;
	let there: TestDaemon;
	twoDaemonsOfEach((one, other) => {
		here = one;
		there = other;
	});

	const handOver = (daemon: TestDaemon, text: string): Promise<Answer> =>
		daemon.call("POST", "/v1/hand-over", { body: text, headers: { "content-type": "application/jsonl" } });
	const revoke = (daemon: TestDaemon, id: string) => daemon.call("DELETE", `/v1/api-tokens/${id}`);

	async function moved(from: TestDaemon, to: TestDaemon): Promise<void> {
		const text = await backup(from);
		const { body } = await restore(to, text, "?move=true");
		assert.deepEqual([body.preview, body.conflictCount], [false, 0], JSON.stringify(body));
		const count = new Set(
			linesOf(text).flatMap(({ token }) => (token as { id: string } | undefined)?.id ?? []),
		).size;
		assert.deepEqual((await handOver(from, text)).body, { removed: count, changed: 0 });
	}

	it("work there, and are unknown here from then on", async () => {
		await there.create({ name: "theirs" });
		const { id, token } = await here.create({ name: "ours" });
		const { token: rotated } = await here.rotate(id, { overlapSeconds: 600 });
		await moved(here, there);
		for (const secret of [token, rotated]) {
			assert.equal(((await verdict(there, secret)) as unknown[])[0], 200);
			assert.deepEqual(((await verdict(here, secret)) as unknown[]).slice(0, 2), [401, "token-unknown"]);
		}
		assert.deepEqual(await list(here), []);
		await revoke(there, id);
		assert.equal(((await verdict(there, token)) as unknown[])[0], 401);
		const { body } = await here.call("GET", "/v1/audit-events?action=delete&verify=true");
		assert.deepEqual([body.events.length, body.chain.intact], [2, true]);
		assert.doesNotMatch(JSON.stringify(body), /sha256|tks_\w{20}/);
	});

	it("can come back, and go again", async () => {
		const { id, token, version } = await here.create();
		await there.create();
		await moved(here, there);
		assert.equal((await there.patch(id, { description: "changed" })).status, 200);
		await moved(there, here);
		assert.deepEqual(((await verdict(here, token)) as unknown[])[0], 200);
		assert.deepEqual((await here.record(id)).version, version + 1);
		await moved(here, there);
		await moved(there, here);
		await revoke(here, id);
		assert.equal(((await verdict(here, token)) as unknown[])[0], 401);
	});

	it("do not come back by a backup of before", async () => {
		const { id, token } = await here.create();
		const before = await backup(here);
		assert.equal((await here.patch(id, { description: "changed" })).status, 200);
		const after = await backup(here);
		await moved(here, there);
		for (const [text, query] of [
			[before, ""],
			[after, ""],
			[before, "?move=true"],
		] as const) {
			const { body } = await restore(here, text, query);
			assert.deepEqual(
				body.conflicts.map(({ reason }: { reason: string }) => reason),
				["deleted"],
				query,
			);
			assert.equal(((await verdict(here, token)) as unknown[])[0], 401);
		}
	});

	it("stay, all of them, where one has changed since the backup", async () => {
		const one = await here.create();
		const two = await here.create();
		const text = await backup(here);
		await revoke(here, one.id);
		assert.deepEqual((await handOver(here, text)).body, { removed: 0, changed: 1 });
		assert.equal(((await verdict(here, two.token)) as unknown[])[0], 200);
		assert.equal((await list(here)).length, 2);
		const more = signed(changeTokens(text, { id: "12345678-1234-1234-1234-123456789012" }, two.id));
		assert.deepEqual((await handOver(here, more)).body, { removed: 0, changed: 2 });
	});

	it("are none of those that were made since", async () => {
		await here.create();
		const text = await backup(here);
		const { id, token } = await here.create();
		assert.deepEqual((await handOver(here, text)).body, { removed: 1, changed: 0 });
		assert.deepEqual(
			(await list(here)).map((one) => one.id),
			[id],
		);
		assert.equal(((await verdict(here, token)) as unknown[])[0], 200);
	});

	it("change nothing there where one of them contradicts what is there", async () => {
		const profile = (await here.call("GET", "/v1/profiles")).body.profiles.find(
			({ id }: { id: string }) => id === "mindbridge",
		);
		assert.equal(profile.names.unique, true);
		const erp = {
			name: "erp",
			profile: "mindbridge",
			permissions: ["api.tasks.read"],
			expiresIn: { days: 1 },
		};
		await here.create({ name: "free" });
		for (const daemon of [here, there])
			assert.equal((await daemon.call("POST", "/v1/api-tokens", { body: erp })).status, 201);
		const before = await list(there);
		for (const query of ["?move=true&preview=true", "?move=true"]) {
			const { body } = await restore(there, await backup(here), query);
			assert.deepEqual(
				[body.preview, body.conflicts[0].name, body.conflicts[0].reason],
				[true, "erp", "name-taken"],
			);
			assert.deepEqual(await list(there), before);
		}
		assert.equal(
			(await restored(there, await backup(here))).tokens.added,
			1,
			"without move, the rest is restored",
		);
	});

	it("are unlinked from a token that stays", async () => {
		const { id } = await here.create();
		const text = await backup(here);
		const rotated = await here.rotate(id, { overlapSeconds: 600 });
		assert.equal((await handOver(here, text)).body.changed, 1);
		const newer = signed(
			linesOf(await backup(here)).filter(
				({ token }) => (token as { id: string } | undefined)?.id !== rotated.id,
			),
		);
		assert.deepEqual((await handOver(here, newer)).body, { removed: 1, changed: 0 });
		assert.equal((await here.record(rotated.id)).predecessorId, null);
	});
});
