/** All tokens of a machine's daemon move to a server of two replicas, and back: whole, and to one place only. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { addressForServices } from "../../daemon/client/transport.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { bundle, ending, type Run, run } from "../process/command-line.ts";
import { DaemonChild } from "../process/daemon.ts";
import { describeWhere } from "../where.ts";
import { hasPostgres, sharedCluster } from "./cluster.ts";
import { type SharedServer, Team } from "./servers.ts";

describeWhere(hasPostgres, "PostgreSQL is not installed")("a move between this machine and a server", () => {
	let folder: string;
	let team: Team;
	let daemon: DaemonChild;

	beforeEach(async () => {
		folder = temporaryFolder();
		team = await Team.start(await sharedCluster(), 2);
		daemon = await DaemonChild.start(join(folder, "data"));
		await done(["login", addressOf(team.first), "--name", "team", "--token-stdin"], team.admin);
	});
	afterEach(async () => {
		await daemon.kill("SIGKILL");
		await team.end();
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

	function started(args: string[], stdin: string): ChildProcess {
		const child = spawn(process.execPath, [bundle, ...args], { env: { ...process.env, ...environment() } });
		child.stdin.end(stdin);
		return child;
	}
});

interface Passing {
	readonly path: string;
	/** The server has answered, and the client does not know it yet. */
	readonly isAnswered: boolean;
}

/** Passes requests on to a server, and can hold one of them before or after the server has answered it. */
class Gate {
	readonly #server: Server;
	readonly #target: URL;
	readonly address: string;
	#isHeld: (passing: Passing) => boolean = () => false;
	#opened: Promise<void> = Promise.resolve();
	release: () => void = () => {};

	static async before(server: SharedServer): Promise<Gate> {
		const plain = createServer();
		await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
		return new Gate(plain, server);
	}

	private constructor(plain: Server, { url, identity }: SharedServer) {
		this.#server = plain;
		this.#target = new URL(url);
		this.address = `http://${identity}:forwarded@127.0.0.1:${(plain.address() as AddressInfo).port}`;
		plain.on("request", (incoming, response) => void this.#pass(incoming, response));
	}

	/** Resolves once the request is held that fits for so many times. */
	hold(fits: (passing: Passing) => boolean, times: number): Promise<void> {
		let count = 0;
		this.#opened = new Promise((resolve) => {
			this.release = () => {
				this.#isHeld = () => false;
				resolve();
			};
		});
		return new Promise((resolve) => {
			this.#isHeld = (passing) => {
				if (!fits(passing) || ++count !== times) return false;
				resolve();
				return true;
			};
		});
	}

	close(): void {
		this.release();
		this.#server.closeAllConnections();
		this.#server.close();
	}

	async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method, url: path = "", headers } = incoming;
		const body: Buffer[] = [];
		for await (const piece of incoming) body.push(piece as Buffer);
		if (this.#isHeld({ path, isAnswered: false })) return;
		const { hostname, port, host } = this.#target;
		const passed = request({ hostname, port, method, path, headers: { ...headers, host } });
		passed.end(Buffer.concat(body));
		const [answer] = (await once(passed, "response")) as [IncomingMessage];
		const content: Buffer[] = [];
		for await (const piece of answer) content.push(piece as Buffer);
		if (this.#isHeld({ path, isAnswered: true })) await this.#opened;
		response.writeHead(answer.statusCode ?? 0, answer.headers).end(Buffer.concat(content));
	}
}
