/** The command line's identity and daemon, what it refuses, and what it reports without a daemon. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { daemonWithCommandLine, run } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

describe("the command line", () => {
	const cli = daemonWithCommandLine();

	describe("acts", () => {
		it("with the token of the environment or of standard input, and no more than it may", async () => {
			const { token, id } = await cli.created("reader", ["--permission", "api.api-tokens.read"]);
			const place = ["--url", cli.daemon.address];
			const environment = { TOKENSMITH_TOKEN: token };
			assert.match((await run(["show", "current", ...place], { environment })).stdout, new RegExp(id));
			const typed = await run(["show", "current", ...place, "--token-stdin"], { stdin: `${token}\n` });
			assert.match(typed.stdout, new RegExp(id));
			assert.equal((await run(["revoke", id, ...place], { environment })).code, 4);
			assert.equal((await run(["list", ...place])).code, 4);
			assert.equal((await cli.owner(["verify"], { stdin: token })).code, 0);
		});

		it("on the daemon that the environment names, unless an option names another", async () => {
			const environment = { TOKENSMITH_DATA_DIR: cli.daemon.directory, TOKENSMITH_URL: "http://127.0.0.1:9" };
			assert.equal((await run(["list"], { environment })).code, 0);
			assert.equal((await run(["list", "--data-dir", cli.folder], { environment })).code, 3);
		});

		it("on the daemon of the user's own data directory, unless anything names another", async () => {
			const environment = { XDG_DATA_HOME: cli.folder, HOME: "/nonexistent" };
			const nowhere = await run(["list", "--no-start"], { environment });
			assert.deepEqual([nowhere.code, nowhere.stderr.includes(join(cli.folder, "tokensmith"))], [3, true]);
			const own = await DaemonChild.start(join(cli.folder, "tokensmith"));
			assert.equal((await run(["list"], { environment })).code, 0);
			assert.equal((await run(["address"], { environment })).stdout, `${own.address}\n`);
			await own.kill();
		});
	});

	describe("refuses", () => {
		it("a token while another program has the daemon's port, and answers with another protocol", async () => {
			const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
			const program = createServer((socket) => socket.once("data", () => socket.write(answer)));
			await once(program.listen(0, "127.0.0.1"), "listening");
			const { port } = program.address() as AddressInfo;
			const url = cli.daemon.address.replace(/:\d+$/, `:${port}`);
			const { code, stderr } = await run(["verify", "--url", url], { stdin: generateSecret("tks") });
			program.close();
			assert.equal(code, 3);
			assert.match(stderr, /nothing was sent/);
		});

		const misuses: [what: string, args: string[]][] = [
			["an unknown command", ["explode"]],
			["an unknown option", ["list", "--explode"]],
			["an option without its value", ["create", "x", "--permission"]],
			["no id", ["show"]],
			["two ids", ["show", "one", "two"]],
			["an argument too many", ["list", "everything"]],
			["a secret as an argument", ["verify", "ghp_0123456789"]],
			["a secret as a command", ["ghp_0123456789"]],
			["a secret as the value of an unknown option", ["list", "--token=ghp_0123456789"]],
			["a secret as the value of an option that takes none", ["list", "--json=ghp_0123456789"]],
			["an option as the value of another", ["create", "x", "--permission", "--reveal"]],
			["a lifetime that is none", ["create", "x", "--permission", "orders.read", "--expires-in", "soon"]],
			[
				"a lifetime with a unit twice",
				["create", "x", "--permission", "orders.read", "--expires-in", "30d15d"],
			],
			["two places", ["list", "--url", "http://127.0.0.1:1"]],
			["a name of the object's own", ["constructor"]],
		];
		for (const [what, args] of misuses) {
			it(`${what}, with exit code 2`, async () => {
				const { code, stdout, stderr } = await cli.owner(args);
				assert.deepEqual([code, stdout], [2, ""], stderr);
				assert.doesNotMatch(stderr, /ghp_|at .*\.js:/);
			});
		}

		for (const verb of [
			"show",
			"revoke",
			"rotate",
			"disable",
			"enable",
			"edit",
			"create",
			"probe",
			"end-overlap",
		])
			it(`an empty argument of ${verb}, and says what is needed`, async () => {
				for (const empty of ["", " ", "\u200B"]) {
					const { code, stdout, stderr } = await cli.owner(
						[verb, empty, "--yes"].slice(0, verb === "revoke" ? 3 : 2),
					);
					assert.deepEqual([code, stdout], [2, ""], stderr);
					assert.match(stderr, /an id or a name is needed/);
				}
			});

		it("a place that can't be the daemon's", async () => {
			assert.equal((await run(["list", "--url", "nowhere"])).code, 2);
			assert.equal((await run(["address", "--url", "http://127.0.0.1:1"])).code, 2);
			const relative = await run(["list"], { environment: { TOKENSMITH_DATA_DIR: "data" } });
			assert.deepEqual([relative.code, /must be an absolute path/.test(relative.stderr)], [2, true]);
			const homeless = await run(["list"], { environment: { HOME: "", XDG_DATA_HOME: "" } });
			assert.deepEqual([homeless.code, /no home folder/.test(homeless.stderr)], [2, true]);
		});

		it("to send a secret to an address at which any process could answer", async () => {
			const { code, stderr } = await run(["verify", "--url", cli.daemon.file.url], { stdin: "tks_x" });
			assert.equal(code, 2);
			assert.match(stderr, /any process.*tokensmith address/s);
		});

		const secret = generateSecret("acme");
		for (const args of [
			["verify", secret],
			["list", `--token=${secret}`],
			["create", "x", "--description", `uses ${secret} now`],
			["list", "--url", `http://127.0.0.1/?token=${secret}`],
			["list", "--token", `tko_${"a".repeat(43)}`],
			[secret],
		]) {
			it(`a secret in the arguments, without repeating it: ${args.map((word) => word.slice(0, 12)).join(" ")}`, async () => {
				const { code, stdout, stderr } = await cli.owner(args);
				assert.deepEqual([code, stdout], [2, ""]);
				assert.match(stderr, /standard input/);
				assert.doesNotMatch(stderr, /acme_|tko_/);
			});
		}
	});

	describe("ends with 3", () => {
		it("when no daemon has been started", async () => {
			const { code, stderr } = await run(["list", "--data-dir", cli.folder, "--json"]);
			assert.equal(code, 3);
			assert.equal(JSON.parse(stderr).error.code, "unreachable");
		});

		it("when the daemon was killed, and finds the next one wherever it listens", async () => {
			const own = await DaemonChild.start(join(cli.folder, "own"));
			const { token } = await own.create("kept");
			await own.kill("SIGKILL");
			const place = ["--data-dir", own.directory];
			const { code, stderr } = await run(["verify", ...place], { stdin: token });
			assert.deepEqual([code, /Is the daemon running\?/.test(stderr)], [3, true]);
			const next = await DaemonChild.start(own.directory);
			assert.equal((await run(["verify", ...place], { stdin: token })).code, 0);
			await next.kill();
		});
	});
});
