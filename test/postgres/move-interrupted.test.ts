/** A move of all tokens that is cut off, or meets another one. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "../process/command-line.ts";
import { DaemonChild } from "../process/daemon.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { Gate, type Passing } from "./gate.ts";
import { addressOf, here, type MoveScene, moveOfEach, nowhere, there } from "./move-scene.ts";
import { Team } from "./servers.ts";

const preview = "/v1/restore?preview=true&move=true";
const restore = "/v1/restore?move=true";
const isPreviewed = ({ path, isAnswered }: Passing) => path === preview && isAnswered;
const isRestored = ({ path, isAnswered }: Passing) => path === restore && isAnswered;

describeWhere(hasPostgres, "PostgreSQL is not installed")("a move between this machine and a server", () => {
	let scene: MoveScene;
	moveOfEach((begun) => {
		scene = begun;
	});

	describe("that is cut off", () => {
		const moments: [direction: "to" | "from", path: string, times: number, isAnswered: boolean][] = [
			["to", preview, 1, true],
			["to", restore, 1, false],
			["to", restore, 1, true],
			["to", preview, 2, true],
			["from", "/v1/backup?move=true", 2, true],
			["from", "/v1/hand-over", 1, false],
			["from", "/v1/hand-over", 1, true],
			["from", "/v1/backup?move=true", 3, true],
		];
		for (const [direction, path, times, isAnswered] of moments)
			it(`${isAnswered ? "after" : "before"} ${path} (${times}), on the way ${direction} the server, is ended by the same command`, async () => {
				const source = direction === "to" ? scene.local : ["--context", "team"];
				const secret = await scene.create("billing", source);
				const dead = await scene.create("gone", source);
				await scene.done(["revoke", "gone", "--yes", ...source]);
				const gate = await Gate.before(scene.team.first);
				const held = gate.hold(
					(passing) => passing.path === path && passing.isAnswered === isAnswered,
					times,
				);
				const args = scene.throughGate(gate, direction);
				const child = scene.started(args, scene.team.admin);
				await held;
				await kill(child);
				assert.notDeepEqual(await scene.places(secret), nowhere);
				gate.release();
				const again = await scene.run(args, scene.team.admin);
				assert.equal(again.code, 0, again.stderr);
				assert.deepEqual(await scene.places(secret), direction === "to" ? there : here);
				assert.deepEqual(await scene.places(dead), nowhere);
				assert.ok(!readdirSync(join(scene.folder, "config")).includes("move.json"));
				gate.close();
			});

		it("by the death of this machine's daemon, which has not handed the tokens over, is ended by the same command", async () => {
			const secret = await scene.create("billing");
			const gate = await Gate.before(scene.team.first);
			const held = gate.hold(isPreviewed, 2);
			const args = scene.throughGate(gate);
			const move = scene.run(args, scene.team.admin);
			await held;
			await scene.daemon.kill("SIGKILL");
			gate.release();
			const { code, stderr } = await move;
			assert.equal(code, 3, stderr);
			assert.match(stderr, /^The move has not ended\. 127\.0\.0\.1:\d+ may have the tokens already/);
			scene.daemon = await DaemonChild.start(scene.daemon.directory);
			assert.deepEqual(await scene.places(secret), [true, true, true]);
			await scene.done(args, scene.team.admin);
			assert.deepEqual(await scene.places(secret), there);
			await scene.daemon.kill("SIGKILL");
			scene.daemon = await DaemonChild.start(scene.daemon.directory);
			assert.deepEqual(await scene.places(secret), there, "also after another crash");
			gate.close();
		});

		it("lets no other move begin before it has ended", async () => {
			const secret = await scene.create("billing");
			const gate = await Gate.before(scene.team.first);
			const held = gate.hold(isRestored, 1);
			const child = scene.started(scene.throughGate(gate), scene.team.admin);
			await held;
			await kill(child);
			gate.release();
			assert.deepEqual(await scene.places(secret), [true, true, true]);
			for (const args of [
				["--to", "team"],
				["--from", "team"],
			]) {
				const { code, stderr } = await scene.move(...args, "--yes");
				assert.deepEqual(
					[code, /A move from .* to .* has not ended: run it again/.test(stderr)],
					[1, true],
					stderr,
				);
			}
			await scene.done(scene.throughGate(gate), scene.team.admin);
			assert.deepEqual(await scene.places(secret), there);
			gate.close();
		});
	});

	describe("beside another one", () => {
		const begin = (gate: Gate) => scene.run(scene.throughGate(gate), scene.team.admin);
		let other: Team | undefined;
		afterEach(async () => {
			await other?.end();
			other = undefined;
		});

		it("does not begin, also where neither had begun when it looked", async () => {
			const secret = await scene.create("billing");
			const first = await Gate.before(scene.team.first);
			const second = await Gate.before(scene.team.servers[1] ?? assert.fail());
			const looked = [first.hold(isPreviewed, 1), second.hold(isPreviewed, 1)];
			const moves = [begin(first), begin(second)];
			await Promise.all(looked);
			first.release();
			const begun = first.hold(({ path }) => path === restore, 1);
			await begun;
			second.release();
			const late = await moves[1];
			assert.deepEqual([late?.code, late?.stdout], [1, ""], late?.stderr);
			assert.match(late?.stderr ?? "", /^Another move has begun meanwhile\. Nothing was moved by this one/);
			first.close();
			assert.equal((await moves[0])?.code, 3);
			assert.deepEqual(await scene.places(secret), here);
			second.close();
		});

		it("which is the very same says that it is under way, and goes on once that one is gone", async () => {
			const secret = await scene.create("billing");
			const gate = await Gate.before(scene.team.first);
			const held = gate.hold(isRestored, 1);
			const args = scene.throughGate(gate);
			const first = scene.started(args, scene.team.admin);
			await held;
			const second = await scene.run(args, scene.team.admin);
			assert.deepEqual([second.code, second.stdout], [1, ""], second.stderr);
			assert.match(second.stderr, new RegExp(`This move is under way already, in the process ${first.pid}`));
			await kill(first);
			gate.release();
			const both = await Promise.all([scene.run(args, scene.team.admin), scene.run(args, scene.team.admin)]);
			const failed = both.filter(({ code }) => code !== 0);
			for (const { code, stderr } of failed) {
				assert.equal(code, 1, stderr);
				assert.match(stderr, /This move is under way already|Another move has begun meanwhile/);
			}
			assert.ok(failed.length < 2);
			assert.deepEqual(await scene.places(secret), there);
			gate.close();
		});

		it("of another user says which tokens may be at two places, whatever is created meanwhile", async () => {
			const secret = await scene.create("billing");
			const gate = await Gate.before(scene.team.first);
			const held = gate.hold(isPreviewed, 2);
			const move = begin(gate);
			await held;
			other = await Team.start(scene.team.cluster, 1);
			const theirs = { TOKENSMITH_CONFIG_DIR: join(scene.folder, "theirs"), TOKENSMITH_TOKEN: other.admin };
			const taken = await run(["move", "--to", addressOf(other.first), "--yes", ...scene.local], {
				environment: theirs,
			});
			assert.equal(taken.code, 0, taken.stderr);
			await scene.create("late");
			gate.release();
			const { code, stderr } = await move;
			assert.equal(code, 1, stderr);
			assert.match(stderr, /Another command removed tokens .* has 1 of them, which may be valid elsewhere/);
			assert.deepEqual(await scene.places(secret), there);
			gate.close();
		});
	});

	it("goes by its note from any folder, and repeats no note that is damaged", async () => {
		await scene.create("billing");
		const gate = await Gate.before(scene.team.first);
		const held = gate.hold(({ path }) => path === restore, 1);
		const to = ["move", "--to", gate.address, "--yes", "--token-stdin"];
		const relativePlace = ["--data-dir", relative(process.cwd(), scene.daemon.directory)];
		const child = scene.started([...to, ...relativePlace], scene.team.admin);
		await held;
		await kill(child);
		gate.release();
		const note = join(scene.folder, "config", "move.json");
		assert.equal(JSON.parse(readFileSync(note, "utf8")).from, scene.daemon.directory);
		await scene.done([...to, ...scene.local], scene.team.admin);
		writeFileSync(note, "{half", { mode: 0o600 });
		const { code, stderr } = await scene.move("--to", "team", "--yes");
		assert.deepEqual(
			[code, /move\.json is damaged/.test(stderr), /half/.test(stderr)],
			[1, true, false],
			stderr,
		);
		gate.close();
	});
});

async function kill(child: ChildProcess): Promise<void> {
	child.kill("SIGKILL");
	await once(child, "close");
}
