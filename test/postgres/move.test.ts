/** All tokens of a machine's daemon move to a server of two replicas, and back: whole, and to one place only. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { addressForServices } from "../../daemon/client/transport.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { bundle, ending, type Run, run } from "../process/command-line.ts";
import { DaemonChild } from "../process/daemon.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { Gate, type Passing } from "./gate.ts";
import { type SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a move between this machine and a server", () => {
	let folder: string;
	let team: Team;
	let daemon: DaemonChild;
	let other: Team | undefined;

	beforeEach(async () => {
		folder = temporaryFolder();
		team = await Team.start(await sharedCluster(), 2);
		daemon = await DaemonChild.start(join(folder, "data"));
		await done(["login", addressOf(team.first), "--name", "team", "--token-stdin"], team.admin);
	});
	afterEach(async () => {
		await daemon.kill("SIGKILL");
		await team.end();
		await other?.end();
		other = undefined;
		rmSync(folder, { recursive: true, maxRetries: 3 });
	});

	const addressOf = ({ url, identity }: SharedServer) => addressForServices(url, identity);
	const environment = () => ({ TOKENSMITH_CONFIG_DIR: join(folder, "config") });
	const tokensmith = (args: string[], stdin = ""): Promise<Run> =>
		run(args, { stdin, environment: environment() });
	const local = () => ["--data-dir", daemon.directory];
	const moving = (...args: string[]) => tokensmith(["move", ...local(), ...args]);

	async function done(args: string[], stdin?: string): Promise<string> {
		const { code, stdout, stderr } = await tokensmith(args, stdin);
		assert.equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
		return stdout;
	}

	const create = async (name: string, where = local()): Promise<string> =>
		(await done(["create", name, "--permission", "orders.read", ...where])).trim();

	/** Where the secret is accepted: at the machine's daemon, and at each replica. */
	async function places(secret: string): Promise<boolean[]> {
		const replicas = await Promise.all(team.servers.map((server) => server.isAccepted(secret)));
		return [(await daemon.verify(secret)) === 200, ...replicas];
	}

	const here = [true, false, false];
	const there = [false, true, true];
	const nowhere = [false, false, false];

	it("leaves each token valid at its new place only, with its permissions and history of rotation", async () => {
		await done(["permission", "add", "tickets.close", "--description", "Close tickets", ...local()]);
		const secret = await create("billing");
		const revoked = await create("gone");
		await done(["revoke", "gone", "--yes", ...local()]);
		const next = (await done(["rotate", "billing", "--overlap", "1h", ...local()])).trim();
		const before = JSON.parse(await done(["list", "--json", "--sort", "name", ...local()])).tokens;

		const plan = await done(["move", "--to", "team", "--dry-run", ...local()]);
		assert.match(
			plan,
			/^3 tokens would move from this machine \(.*\) to 127\.0\.0\.1:\d+:\n {2}3 tokens added, \d+ permissions$/m,
		);
		assert.deepEqual(await places(secret), here);

		const said = await done(["move", "--to", "team", "--yes", ...local()]);
		assert.match(
			said,
			/^Moved 3 tokens to 127\.0\.0\.1:\d+\. Their secrets are valid there, and this machine refuses them/,
		);
		assert.deepEqual(
			[await places(secret), await places(next), await places(revoked)],
			[there, there, nowhere],
		);
		const after = JSON.parse(await done(["list", "--json", "--sort", "name"])).tokens.filter(
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
		assert.match(await done(["permission", "list"]), /tickets\.close +own +Close tickets/);
		assert.equal(await done(["list", ...local()]), "No tokens.\n");
		assert.match(await done(["audit", "--verify", ...local()]), /./);
		assert.match((await moving("--to", "team", "--yes")).stdout, /has no tokens, so none was moved/);

		await done(["end-overlap", "billing"]);
		assert.deepEqual([await places(secret), await places(next)], [nowhere, there]);
		assert.ok(!existsSync(join(folder, "config", "move.json")));
	});

	it("goes back, except for the token that it acts with", async () => {
		const secret = await create("billing");
		const theirs = await create("theirs", ["--context", "team"]);
		await done(["move", "--to", "team", "--yes", ...local()]);
		assert.match(
			await done(["move", "--from", "team", "--yes", ...local()]),
			/^Moved 2 tokens to this machine\./,
		);
		assert.deepEqual([await places(secret), await places(theirs)], [here, here]);
		assert.deepEqual(await places(team.admin), there);
		assert.match(await done(["list"]), /^administrator +active .*\n$/m);
		await done(["revoke", "billing", "--yes", ...local()]);
		await done(["move", "--to", "team", "--yes", ...local()]);
		assert.deepEqual([await places(secret), await places(theirs)], [nowhere, there]);
	});

	it("brings the audit along to a machine without any history, and goes from there", async () => {
		const secret = await create("billing", ["--context", "team"]);
		await daemon.kill();
		daemon = await DaemonChild.startEmpty(join(folder, "new"));
		const moved = JSON.parse(await done(["move", "--from", "team", "--yes", "--json", ...local()]));
		assert.deepEqual([moved.moved, moved.tokens, moved.to, moved.conflictCount], [1, 1, daemon.directory, 0]);
		assert.deepEqual(await places(secret), here);
		const { chain, events } = JSON.parse(await done(["audit", "--verify", "--json", ...local()]));
		assert.ok(chain.intact);
		assert.ok(events.some(({ after }: { after: { name?: string } }) => after.name === "billing"));
		await done(["move", "--to", "team", "--yes", ...local()]);
		assert.deepEqual(await places(secret), there);
	});

	it("does not begin where something at the target stands against it", async () => {
		const unique = ["--profile", "mindbridge", "--permission", "api.tasks.read", "--expires-in", "1d"];
		const ours = (await done(["create", "erp", ...unique, ...local()])).trim();
		const other = await create("other");
		await done(["create", "erp", ...unique]);
		for (const args of [["--dry-run"], ["--yes"]]) {
			const { code, stdout } = await moving("--to", "team", ...args);
			assert.equal(code, 1);
			assert.match(stdout, /^Nothing was moved[\s\S]*^token +erp +\S+ +another one here has its name$/m);
		}
		const { stdout } = await moving("--to", "team", "--yes", "--json");
		assert.deepEqual([JSON.parse(stdout).moved, JSON.parse(stdout).conflicts[0].name], [0, "erp"]);
		assert.deepEqual([await places(ours), await places(other)], [here, here]);
		await done(["edit", "erp", "--name", "erp here", ...local()]);
		await done(["move", "--to", "team", "--yes", ...local()]);
		assert.deepEqual([await places(ours), await places(other)], [there, there]);
	});

	it("asks at a terminal, and needs a word or --yes", async () => {
		const secret = await create("billing");
		assert.equal((await moving("--to", "team")).code, 2);
		const command = [process.execPath, bundle, "move", "--to", "team", ...local()];
		const answer = (typed: string) => {
			const child = spawn("script", ["-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"], {
				env: { ...process.env, ...environment() },
			});
			return ending(child, [[/Type MOVE to go on: /, `${typed}\n`]]);
		};
		const refused = await answer("yes");
		assert.deepEqual([refused.code, /Nothing was moved/.test(refused.stdout)], [1, true], refused.stdout);
		assert.deepEqual(await places(secret), here);
		assert.equal((await answer("MOVE")).code, 0);
		assert.deepEqual(await places(secret), there);
	});

	it("is refused with words where it makes no sense, and nothing is changed", async () => {
		const secret = await create("billing");
		const reader = await done(["create", "reader", "--permission", "api.api-tokens.*", "--context", "team"]);
		await done(["login", addressOf(team.first), "--name", "reader", "--token-stdin"], reader);
		const self = ["--to", daemon.address, "--yes", "--token-stdin"];
		const own = await done(["create", "own", "--permission", "*", ...local()]);
		const wrong: [args: string[], code: number, words: RegExp, stdin?: string][] = [
			[["--yes"], 2, /Give --to SERVER or --from SERVER/],
			[["--to", "team", "--from", "team", "--yes"], 2, /Give --to SERVER or --from SERVER/],
			[["--to", "local", "--yes"], 2, /is the other side already/],
			[["--to", "none", "--yes"], 2, /There is no context none/],
			[["--to", "http://tokens.example.com", "--yes"], 2, /use https/],
			[["--to", addressOf(team.first), "--yes"], 2, /TOKENSMITH_TOKEN/],
			[["--to", "reader", "--yes"], 4, /api\.server\.administer, which reader at .* does not have/],
			[self, 2, /the daemon of this very data directory/, own],
		];
		for (const [args, code, words, stdin] of wrong) {
			const ended = await tokensmith(["move", ...local(), ...args], stdin);
			assert.deepEqual([ended.code, ended.stdout], [code, ""], `${args.join(" ")}: ${ended.stderr}`);
			assert.match(ended.stderr, words);
		}
		assert.deepEqual(await places(secret), here);
	});

	it("takes along what is changed while it lasts", async () => {
		const secrets = await Promise.all(Array.from({ length: 5 }, (_, index) => create(`token ${index}`)));
		const gate = await Gate.before(team.first);
		// After the tokens are there, and before they leave this machine.
		const held = gate.hold(
			({ path, isAnswered }) => path === "/v1/restore?preview=true&move=true" && isAnswered,
			2,
		);
		const move = tokensmith(["move", "--to", gate.address, "--yes", "--token-stdin", ...local()], team.admin);
		await held;
		await done(["revoke", "token 0", "--yes", ...local()]);
		const late = await create("late");
		gate.release();
		const { code, stdout, stderr } = await move;
		assert.deepEqual([code, /^Moved 6 tokens/.test(stdout)], [0, true], stdout + stderr);
		assert.deepEqual(await places(secrets[0] ?? ""), nowhere);
		for (const secret of [...secrets.slice(1), late]) assert.deepEqual(await places(secret), there);
		gate.close();
	});

	describe("that is cut off", () => {
		const preview = "/v1/restore?preview=true&move=true";
		const moments: [direction: "to" | "from", path: string, times: number, isAnswered: boolean][] = [
			["to", preview, 1, true],
			["to", "/v1/restore?move=true", 1, false],
			["to", "/v1/restore?move=true", 1, true],
			["to", preview, 2, true],
			["from", "/v1/backup?move=true", 2, true],
			["from", "/v1/hand-over", 1, false],
			["from", "/v1/hand-over", 1, true],
			["from", "/v1/backup?move=true", 3, true],
		];
		for (const [direction, path, times, isAnswered] of moments)
			it(`${isAnswered ? "after" : "before"} ${path} (${times}), on the way ${direction} the server, is ended by the same command`, async () => {
				const source = direction === "to" ? local() : ["--context", "team"];
				const secret = await create("billing", source);
				const dead = await create("gone", source);
				await done(["revoke", "gone", "--yes", ...source]);
				const gate = await Gate.before(team.first);
				const held = gate.hold(
					(passing) => passing.path === path && passing.isAnswered === isAnswered,
					times,
				);
				const args = ["move", `--${direction}`, gate.address, "--yes", "--token-stdin", ...local()];
				const child = started(args, team.admin);
				await held;
				child.kill("SIGKILL");
				await once(child, "close");
				assert.notDeepEqual(await places(secret), nowhere);
				gate.release();
				const again = await tokensmith(args, team.admin);
				assert.equal(again.code, 0, again.stderr);
				assert.deepEqual(await places(secret), direction === "to" ? there : here);
				assert.deepEqual(await places(dead), nowhere);
				assert.ok(!readdirSync(join(folder, "config")).includes("move.json"));
				gate.close();
			});

		it("by the death of this machine's daemon, which has not handed the tokens over, is ended by the same command", async () => {
			const secret = await create("billing");
			const gate = await Gate.before(team.first);
			const held = gate.hold(({ path, isAnswered }) => path === preview && isAnswered, 2);
			const args = ["move", "--to", gate.address, "--yes", "--token-stdin", ...local()];
			const move = tokensmith(args, team.admin);
			await held;
			await daemon.kill("SIGKILL");
			gate.release();
			const { code, stderr } = await move;
			assert.equal(code, 3, stderr);
			assert.match(stderr, /^The move has not ended\. 127\.0\.0\.1:\d+ may have the tokens already/);
			daemon = await DaemonChild.start(daemon.directory);
			assert.deepEqual(await places(secret), [true, true, true]);
			await done(args, team.admin);
			assert.deepEqual(await places(secret), there);
			await daemon.kill("SIGKILL");
			daemon = await DaemonChild.start(daemon.directory);
			assert.deepEqual(await places(secret), there, "also after another crash");
			gate.close();
		});

		it("lets no other move begin before it has ended", async () => {
			const secret = await create("billing");
			const gate = await Gate.before(team.first);
			const held = gate.hold(({ path, isAnswered }) => path === "/v1/restore?move=true" && isAnswered, 1);
			const child = started(["move", "--to", gate.address, "--yes", "--token-stdin", ...local()], team.admin);
			await held;
			child.kill("SIGKILL");
			await once(child, "close");
			gate.release();
			assert.deepEqual(await places(secret), [true, true, true]);
			for (const args of [
				["--to", "team"],
				["--from", "team"],
			]) {
				const { code, stderr } = await moving(...args, "--yes");
				assert.deepEqual(
					[code, /A move from .* to .* has not ended: run it again/.test(stderr)],
					[1, true],
					stderr,
				);
			}
			await done(["move", "--to", gate.address, "--yes", "--token-stdin", ...local()], team.admin);
			assert.deepEqual(await places(secret), there);
			gate.close();
		});
	});

	describe("beside another one", () => {
		const begin = (gate: Gate) =>
			tokensmith(["move", "--to", gate.address, "--yes", "--token-stdin", ...local()], team.admin);
		const isPreview = ({ path, isAnswered }: Passing) =>
			path === "/v1/restore?preview=true&move=true" && isAnswered;

		it("does not begin, also where neither had begun when it looked", async () => {
			const secret = await create("billing");
			const first = await Gate.before(team.first);
			const second = await Gate.before(team.servers[1] ?? assert.fail());
			const looked = [first.hold(isPreview, 1), second.hold(isPreview, 1)];
			const moves = [begin(first), begin(second)];
			await Promise.all(looked);
			first.release();
			const begun = first.hold(({ path }) => path === "/v1/restore?move=true", 1);
			await begun;
			second.release();
			const late = await moves[1];
			assert.deepEqual([late?.code, late?.stdout], [1, ""], late?.stderr);
			assert.match(late?.stderr ?? "", /^Another move has begun meanwhile\. Nothing was moved by this one/);
			first.close();
			assert.equal((await moves[0])?.code, 3);
			assert.deepEqual(await places(secret), here);
			second.close();
		});

		it("which is the very same says that it is under way, and goes on once that one is gone", async () => {
			const secret = await create("billing");
			const gate = await Gate.before(team.first);
			const held = gate.hold(({ path, isAnswered }) => path === "/v1/restore?move=true" && isAnswered, 1);
			const args = ["move", "--to", gate.address, "--yes", "--token-stdin", ...local()];
			const first = started(args, team.admin);
			await held;
			const second = await tokensmith(args, team.admin);
			assert.deepEqual([second.code, second.stdout], [1, ""], second.stderr);
			assert.match(second.stderr, new RegExp(`This move is under way already, in the process ${first.pid}`));
			first.kill("SIGKILL");
			await once(first, "close");
			gate.release();
			const both = await Promise.all([tokensmith(args, team.admin), tokensmith(args, team.admin)]);
			const failed = both.filter(({ code }) => code !== 0);
			for (const { code, stderr } of failed) {
				assert.equal(code, 1, stderr);
				assert.match(stderr, /This move is under way already|Another move has begun meanwhile/);
			}
			assert.ok(failed.length < 2);
			assert.deepEqual(await places(secret), there);
			gate.close();
		});

		it("of another user says which tokens may be at two places, whatever is created meanwhile", async () => {
			const secret = await create("billing");
			const gate = await Gate.before(team.first);
			const held = gate.hold(isPreview, 2);
			const move = begin(gate);
			await held;
			other = await Team.start(team.cluster, 1);
			const theirs = { TOKENSMITH_CONFIG_DIR: join(folder, "theirs"), TOKENSMITH_TOKEN: other.admin };
			const taken = await run(["move", "--to", addressOf(other.first), "--yes", ...local()], {
				environment: theirs,
			});
			assert.equal(taken.code, 0, taken.stderr);
			await create("late");
			gate.release();
			const { code, stderr } = await move;
			assert.equal(code, 1, stderr);
			assert.match(stderr, /Another command removed tokens .* has 1 of them, which may be valid elsewhere/);
			assert.deepEqual(await places(secret), there);
			gate.close();
		});
	});

	it("goes by its note from any folder, and repeats no note that is damaged", async () => {
		await create("billing");
		const gate = await Gate.before(team.first);
		const held = gate.hold(({ path }) => path === "/v1/restore?move=true", 1);
		const to = ["move", "--to", gate.address, "--yes", "--token-stdin"];
		const relativePlace = ["--data-dir", relative(process.cwd(), daemon.directory)];
		const child = started([...to, ...relativePlace], team.admin);
		await held;
		child.kill("SIGKILL");
		await once(child, "close");
		gate.release();
		const note = join(folder, "config", "move.json");
		assert.equal(JSON.parse(readFileSync(note, "utf8")).from, daemon.directory);
		await done([...to, ...local()], team.admin);
		writeFileSync(note, "{half", { mode: 0o600 });
		const { code, stderr } = await moving("--to", "team", "--yes");
		assert.deepEqual(
			[code, /move\.json is damaged/.test(stderr), /half/.test(stderr)],
			[1, true, false],
			stderr,
		);
		gate.close();
	});

	function started(args: string[], stdin: string): ChildProcess {
		const child = spawn(process.execPath, [bundle, ...args], { env: { ...process.env, ...environment() } });
		child.stdin.end(stdin);
		return child;
	}
});
