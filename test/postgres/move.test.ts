/** All tokens of a machine's daemon move to a server of two replicas, and back: whole, and to one place only. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundle, ending } from "../process/command-line.ts";
import { DaemonChild } from "../process/daemon.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";
import { Gate } from "./gate.ts";
import { addressOf, here, type MoveScene, moveOfEach, nowhere, there } from "./move-scene.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a move between this machine and a server", () => {
	let scene: MoveScene;
	moveOfEach((begun) => {
		scene = begun;
	});

	it("leaves each token valid at its new place only, with its permissions and history of rotation", async () => {
		await scene.done([
			"permission",
			"add",
			"tickets.close",
			"--description",
			"Close tickets",
			...scene.local,
		]);
		const secret = await scene.create("billing");
		const revoked = await scene.create("gone");
		await scene.done(["revoke", "gone", "--yes", ...scene.local]);
		const next = (await scene.done(["rotate", "billing", "--overlap", "1h", ...scene.local])).trim();
		const before = JSON.parse(await scene.done(["list", "--json", "--sort", "name", ...scene.local])).tokens;

		const plan = await scene.done(["move", "--to", "team", "--dry-run", ...scene.local]);
		assert.match(
			plan,
			/^3 tokens would move from this machine \(.*\) to 127\.0\.0\.1:\d+:\n {2}3 tokens added, \d+ permissions$/m,
		);
		assert.deepEqual(await scene.places(secret), here);

		const said = await scene.done(["move", "--to", "team", "--yes", ...scene.local]);
		assert.match(
			said,
			/^Moved 3 tokens to 127\.0\.0\.1:\d+\. Their secrets are valid there, and this machine refuses them/,
		);
		assert.deepEqual(
			[await scene.places(secret), await scene.places(next), await scene.places(revoked)],
			[there, there, nowhere],
		);
		const after = JSON.parse(await scene.done(["list", "--json", "--sort", "name"])).tokens.filter(
			({ name }: { name: string }) => name !== "administrator",
		);
		const facts = (tokens: Record<string, unknown>[]) =>
			tokens
				.map(({ id, version, status, predecessorId, permissions }) => ({
					id,
					version,
					status,
					predecessorId,
					permissions,
				}))
				.sort((one, other) => (String(one.id) < String(other.id) ? -1 : 1));
		assert.deepEqual(facts(after), facts(before));
		assert.match(await scene.done(["permission", "list"]), /tickets\.close +own +Close tickets/);
		assert.equal(await scene.done(["list", ...scene.local]), "No tokens.\n");
		assert.match(await scene.done(["audit", "--verify", ...scene.local]), /./);
		assert.match((await scene.move("--to", "team", "--yes")).stdout, /has no tokens, so none was moved/);

		await scene.done(["end-overlap", "billing"]);
		assert.deepEqual([await scene.places(secret), await scene.places(next)], [nowhere, there]);
		assert.ok(!existsSync(join(scene.folder, "config", "move.json")));
	});

	it("goes back, except for the token that it acts with", async () => {
		const secret = await scene.create("billing");
		const theirs = await scene.create("theirs", ["--context", "team"]);
		await scene.done(["move", "--to", "team", "--yes", ...scene.local]);
		assert.match(
			await scene.done(["move", "--from", "team", "--yes", ...scene.local]),
			/^Moved 2 tokens to this machine\./,
		);
		assert.deepEqual([await scene.places(secret), await scene.places(theirs)], [here, here]);
		assert.deepEqual(await scene.places(scene.team.admin), there);
		assert.match(await scene.done(["list"]), /^administrator +active .*\n$/m);
		await scene.done(["revoke", "billing", "--yes", ...scene.local]);
		await scene.done(["move", "--to", "team", "--yes", ...scene.local]);
		assert.deepEqual([await scene.places(secret), await scene.places(theirs)], [nowhere, there]);
	});

	it("brings the audit along to a machine without any history, and goes from there", async () => {
		const secret = await scene.create("billing", ["--context", "team"]);
		await scene.daemon.kill();
		scene.daemon = await DaemonChild.startEmpty(join(scene.folder, "new"));
		const moved = JSON.parse(await scene.done(["move", "--from", "team", "--yes", "--json", ...scene.local]));
		assert.deepEqual(
			[moved.moved, moved.tokens, moved.to, moved.conflictCount],
			[1, 1, scene.daemon.directory, 0],
		);
		assert.deepEqual(await scene.places(secret), here);
		const { chain, events } = JSON.parse(await scene.done(["audit", "--verify", "--json", ...scene.local]));
		assert.ok(chain.intact);
		assert.ok(events.some(({ after }: { after: { name?: string } }) => after.name === "billing"));
		await scene.done(["move", "--to", "team", "--yes", ...scene.local]);
		assert.deepEqual(await scene.places(secret), there);
	});

	it("does not begin where something at the target stands against it", async () => {
		const unique = ["--profile", "mindbridge", "--permission", "api.tasks.read", "--expires-in", "1d"];
		const ours = (await scene.done(["create", "erp", ...unique, ...scene.local])).trim();
		const other = await scene.create("other");
		await scene.done(["create", "erp", ...unique]);
		for (const args of [["--dry-run"], ["--yes"]]) {
			const { code, stdout } = await scene.move("--to", "team", ...args);
			assert.equal(code, 1);
			assert.match(stdout, /^Nothing was moved[\s\S]*^token +erp +\S+ +another one here has its name$/m);
		}
		const { stdout } = await scene.move("--to", "team", "--yes", "--json");
		assert.deepEqual([JSON.parse(stdout).moved, JSON.parse(stdout).conflicts[0].name], [0, "erp"]);
		assert.deepEqual([await scene.places(ours), await scene.places(other)], [here, here]);
		await scene.done(["edit", "erp", "--name", "erp here", ...scene.local]);
		await scene.done(["move", "--to", "team", "--yes", ...scene.local]);
		assert.deepEqual([await scene.places(ours), await scene.places(other)], [there, there]);
	});

	it("asks at a terminal, and needs a word or --yes", async () => {
		const secret = await scene.create("billing");
		assert.equal((await scene.move("--to", "team")).code, 2);
		const command = [process.execPath, bundle, "move", "--to", "team", ...scene.local];
		const answer = (typed: string) => {
			const child = spawn("script", ["-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"], {
				env: { ...process.env, ...scene.environment },
			});
			return ending(child, [[/Type MOVE to go on: /, `${typed}\n`]]);
		};
		const refused = await answer("yes");
		assert.deepEqual([refused.code, /Nothing was moved/.test(refused.stdout)], [1, true], refused.stdout);
		assert.deepEqual(await scene.places(secret), here);
		assert.equal((await answer("MOVE")).code, 0);
		assert.deepEqual(await scene.places(secret), there);
	});

	it("is refused with words where it makes no sense, and nothing is changed", async () => {
		const secret = await scene.create("billing");
		const inTeam = ["--permission", "api.api-tokens.*", "--context", "team"];
		const reader = await scene.done(["create", "reader", ...inTeam]);
		await scene.login("reader", reader);
		const self = ["--to", scene.daemon.address, "--yes", "--token-stdin"];
		const own = await scene.done(["create", "own", "--permission", "*", ...scene.local]);
		const wrong: [args: string[], code: number, words: RegExp, stdin?: string][] = [
			[["--yes"], 2, /Give --to SERVER or --from SERVER/],
			[["--to", "team", "--from", "team", "--yes"], 2, /Give --to SERVER or --from SERVER/],
			[["--to", "local", "--yes"], 2, /is the other side already/],
			[["--to", "none", "--yes"], 2, /There is no context none/],
			[["--to", "http://tokens.example.com", "--yes"], 2, /use https/],
			[["--to", addressOf(scene.team.first), "--yes"], 2, /TOKENSMITH_TOKEN/],
			[["--to", "reader", "--yes"], 4, /api\.server\.administer, which reader at .* does not have/],
			[self, 2, /the daemon of this very data directory/, own],
		];
		for (const [args, code, words, stdin] of wrong) {
			const ended = await scene.run(["move", ...scene.local, ...args], stdin);
			assert.deepEqual([ended.code, ended.stdout], [code, ""], `${args.join(" ")}: ${ended.stderr}`);
			assert.match(ended.stderr, words);
		}
		assert.deepEqual(await scene.places(secret), here);
	});

	it("takes along what is changed while it lasts", async () => {
		const secrets = await Promise.all(
			Array.from({ length: 5 }, (_, index) => scene.create(`token ${index}`)),
		);
		const gate = await Gate.before(scene.team.first);
		// After the tokens are there, and before they leave this machine.
		const held = gate.hold(
			({ path, isAnswered }) => path === "/v1/restore?preview=true&move=true" && isAnswered,
			2,
		);
		const move = scene.run(scene.throughGate(gate), scene.team.admin);
		await held;
		await scene.done(["revoke", "token 0", "--yes", ...scene.local]);
		const late = await scene.create("late");
		gate.release();
		const { code, stdout, stderr } = await move;
		assert.deepEqual([code, /^Moved 6 tokens/.test(stdout)], [0, true], stdout + stderr);
		assert.deepEqual(await scene.places(secrets[0] ?? ""), nowhere);
		for (const secret of [...secrets.slice(1), late]) assert.deepEqual(await scene.places(secret), there);
		gate.close();
	});
});
