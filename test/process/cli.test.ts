/** The command line as scripts and users call it: the bundle as a child process, against the bundled daemon. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { TokenRecord } from "../../daemon/contract.ts";
import { bundle, daemonWithCommandLine, ending, run, secretShape } from "./command-line.ts";

describe("the command line", () => {
	const cli = daemonWithCommandLine();

	describe("explains itself", () => {
		for (const args of [[], ["--help"], ["-h"], ["help"]]) {
			it(`when called as tokensmith ${args.join(" ")}`, async () => {
				const { code, stdout } = await run(args);
				assert.equal(code, 0);
				assert.match(stdout, /^Usage: tokensmith COMMAND/);
				assert.match(stdout, /Exit codes: 0 done;/);
			});
		}

		it("by the same text for help create as for create -h", async () => {
			const [help, option] = await Promise.all([run(["help", "create"]), run(["create", "-h"])]);
			assert.match(help.stdout, /^Usage: tokensmith create \[OPTION\]\.\.\. NAME\n/);
			assert.deepEqual(help, option);
			assert.match(
				(await run(["help", "daemon", "run"])).stdout,
				/--idle-seconds S[\s\S]*3 another daemon holds/,
			);
		});

		it("with its version", async () => {
			assert.match((await run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
		});

		it("with the near command or option for a mistyped one", async () => {
			const command = await run(["crate", "x"]);
			assert.deepEqual([command.code, command.stdout], [2, ""]);
			assert.match(command.stderr, /^Unknown command\. Did you mean create\?/);
			const option = await run(["create", "x", "--permision", "orders.read"]);
			assert.deepEqual([option.code, option.stdout], [2, ""]);
			assert.match(option.stderr, /^Unknown option --permision\. Did you mean --permission\?/);
		});

		const commands =
			"create list show rotate undo-rotation end-overlap disable enable revoke verify identify register connections probe setup edit clean-up".split(
				" ",
			);
		for (const command of commands) {
			it(`at tokensmith ${command} --help, with the exit codes`, async () => {
				const { code, stdout } = await run([command, "--help"]);
				assert.equal(code, 0);
				assert.match(stdout, new RegExp(`^Usage: tokensmith ${command} `));
				assert.match(stdout, /--data-dir DIR[\s\S]*Exit codes: 0 done;/);
			});
		}
	});

	it("takes the word token before a command, as older scripts have it", async () => {
		const made = await cli.owner(["token", "create", "old script", "--permission", "orders.read"]);
		assert.match(made.stdout, secretShape, made.stderr);
		assert.equal((await cli.owner(["token", "verify"], { stdin: made.stdout })).code, 0);
		assert.match((await run(["token", "--help"])).stdout, /^Usage: tokensmith COMMAND/);
		assert.equal((await cli.owner(["create", "token", "--permission", "orders.read"])).code, 0);
	});

	describe("create", () => {
		it("writes the secret and nothing else to standard output", async () => {
			const made = await cli.owner([
				"create",
				"billing",
				"--permission",
				"orders.read",
				"--expires-in",
				"1mo",
			]);
			assert.equal(made.code, 0);
			assert.match(made.stdout, secretShape);
			assert.match(
				made.stderr,
				/^Created billing \(tks_….{4}\), active, expires \d{4}-.* \(in \d+ days\), id /,
			);
			assert.doesNotMatch(made.stderr, new RegExp(made.stdout.trim()));
			assert.equal(await cli.daemon.verify(made.stdout.trim()), 200);
		});

		it("accepts every setting, and prints JSON with --json", async () => {
			const record = await cli.created("--a-name-like-an-option", [
				...["--permission", "orders.read", "--permission", "orders.write", "--resource", "channel/soc"],
				...["--address", "127.0.0.1", "--address", "10.0.0.0/8", "--tag", "one", "--tag", "two"],
				...["--description", "for a test", "--default-source", "analysts", "--profile", "local"],
				...["--expires", "never"],
			]);
			assert.match(`${record.token}\n`, secretShape);
			assert.equal(record.expiry, null);
			assert.deepEqual(record.permissions, ["orders.read", "orders.write"]);
			assert.deepEqual(record.resources, ["channel/soc"]);
			assert.deepEqual(record.allowedAddresses, ["127.0.0.1", "10.0.0.0/8"]);
			assert.deepEqual(record.tags, ["one", "two"]);
			assert.deepEqual([record.description, record.defaultSource], ["for a test", "analysts"]);
		});

		it("creates nothing when the secret would be shown on a terminal without --reveal", async () => {
			const before = await cli.owner(["list", "--json"]);
			const refused = await cli.atTerminal(["create", "shown", "--permission", "orders.read"]);
			assert.equal(refused.code, 2);
			assert.match(refused.stdout, /--reveal/);
			assert.equal((await cli.owner(["list", "--json"])).stdout, before.stdout);
		});

		it("shows the secret on a terminal with --reveal", async () => {
			const shown = await cli.atTerminal(["create", "shown", "--permission", "orders.read", "--reveal"]);
			assert.equal(shown.code, 0);
			assert.match(shown.stdout, /tks_[0-9A-Za-z]{38}/);
		});

		it("says which token's secret is lost when it can't be written", async () => {
			const child = spawn(
				"sh",
				["-c", 'exec "$@" >/dev/full', "sh", process.execPath, bundle, "create"].concat([
					"lost",
					"--permission",
					"orders.read",
					"--data-dir",
					cli.daemon.directory,
				]),
			);
			const { code, stderr } = await ending(child, "");
			assert.equal(code, 1);
			const [, id = ""] = /The token (\S+) was created, but its secret .* is lost/.exec(stderr) ?? [];
			assert.equal((await cli.owner(["show", id])).code, 0);
		});

		it("lists each field that the daemon refused", async () => {
			const args = ["create", "x", "--permission", "no.such", "--expires", "2001-01-01T00:00:00Z"];
			const { code, stdout, stderr } = await cli.owner(args);
			assert.deepEqual([code, stdout], [1, ""]);
			assert.match(stderr, /\/permissions.*\n[\s\S]*\/expiry|\/expiry.*\n[\s\S]*\/permissions/);
		});
	});

	describe("list and show", () => {
		it("list the tokens that match as a table, or as JSON", async () => {
			const { id } = await cli.created("listed", ["--permission", "orders.read", "--tag", "listed"]);
			const words = await cli.owner(["list", "--tag", "listed"]);
			assert.match(words.stdout, /^NAME +STATUS +ENDS +LAST USED +ID +SECRET\n/);
			assert.match(
				words.stdout,
				new RegExp(`\\nlisted  active  \\d+ days left  never      ${id}  tks_….{4}\n$`),
			);
			const json = await cli.owner(["list", "--tag", "listed", "--json"]);
			assert.deepEqual(
				JSON.parse(json.stdout).tokens.map((token: TokenRecord) => token.id),
				[id],
			);
			assert.equal((await cli.owner(["list", "--tag", "none-has-it"])).stdout, "No tokens.\n");
		});

		it("list when a revoked token ended, not its expiry", async () => {
			const { id } = await cli.created("gone", ["--permission", "orders.read", "--tag", "gone"]);
			await cli.owner(["revoke", id]);
			const { stdout } = await cli.owner(["list", "--tag", "gone"]);
			assert.match(stdout, /\ngone {2}revoked {2}just now /);
		});

		it("shows one", async () => {
			const { id } = await cli.created("shown", ["--permission", "orders.read"]);
			const words = await cli.owner(["show", id]);
			assert.match(words.stdout, /^name +shown\nid +/);
			assert.match(words.stdout, /\npermissions +orders\.read\n/);
			assert.equal(JSON.parse((await cli.owner(["show", id, "--json"])).stdout).id, id);
		});

		it("lets no name reverse the terminal's text direction", async () => {
			const { id } = await cli.created("nice\u202Eemos", ["--permission", "orders.read"]);
			const { stdout } = await cli.owner(["show", id]);
			assert.match(stdout, /nice\uFFFDemos/);
		});

		it("fails on an unknown id", async () => {
			const { code, stdout, stderr } = await cli.owner(["show", "unknown", "--json"]);
			assert.deepEqual([code, stdout], [4, ""]);
			assert.equal(JSON.parse(stderr).error.code, "not-found");
			assert.match(
				(await cli.owner(["show", "unknown"])).stderr,
				/no token with this id or name\.\n'tokensmith list' /,
			);
		});
	});

	describe("rotate, disable, enable and revoke", () => {
		it("rotate with an overlap in which both secrets work", async () => {
			const { id, token } = await cli.created("turning", ["--permission", "orders.read"]);
			const rotated = await cli.owner(["rotate", id, "--overlap", "15m"]);
			assert.equal(rotated.code, 0);
			assert.match(rotated.stdout, secretShape);
			assert.match(rotated.stderr, /The old secret works until .*\. Its successor: turning/);
			assert.equal(await cli.daemon.verify(token), 200);
			assert.equal(await cli.daemon.verify(rotated.stdout.trim()), 200);
		});

		it("rotate with an overlap that ends early once the old secret is unused", async () => {
			const { id } = await cli.created("turning", ["--permission", "orders.read"]);
			const rotated = await cli.owner(["rotate", id, "--overlap", "7d", "--quiet", "12h"]);
			assert.match(
				rotated.stderr,
				/The old secret works until .*, or until it has not been used for 43200 seconds\./,
			);
			assert.match((await cli.owner(["show", id])).stdout, /\nends early +once unused for 43200 seconds\n/);
			const wrong = await cli.owner(["rotate", id, "--overlap", "7d", "--quiet", "soon"]);
			assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
		});

		it("undo a rotation while both secrets work, and not afterwards", async () => {
			const { id, token } = await cli.created("turning", ["--permission", "orders.read"]);
			const rotated = await cli.owner(["rotate", id, "--overlap", "15m"]);
			const undone = await cli.owner(["undo-rotation", id]);
			assert.equal(undone.code, 0, undone.stderr);
			assert.match(undone.stdout, /^Put back turning .* active, .*\nRevoked turning .* revoked, id/);
			assert.equal(await cli.daemon.verify(token), 200);
			assert.equal(await cli.daemon.verify(rotated.stdout.trim()), 401);
			const again = await cli.owner(["undo-rotation", id, "--json"]);
			assert.deepEqual([again.code, JSON.parse(again.stderr).error.code], [1, "not-rotated"]);
		});

		it("end an overlap at once", async () => {
			const { id, token } = await cli.created("turning", ["--permission", "orders.read"]);
			const rotated = await cli.owner(["rotate", id, "--overlap", "15m"]);
			assert.match((await cli.owner(["end-overlap", id])).stdout, /^Ended the overlap of turning .* expired/);
			assert.equal(await cli.daemon.verify(token), 401);
			assert.equal(await cli.daemon.verify(rotated.stdout.trim()), 200);
		});

		it("rotate without an overlap end the old secret at once", async () => {
			const { id, token } = await cli.created("turning", ["--permission", "orders.read"]);
			const rotated = await cli.owner(["rotate", id, "--overlap", "0", "--json"]);
			assert.equal(JSON.parse(rotated.stdout).predecessor.id, id);
			assert.equal(await cli.daemon.verify(token), 401);
		});

		it("rotate only with an overlap", async () => {
			const { id, token } = await cli.created("turning", ["--permission", "orders.read"]);
			assert.equal((await cli.owner(["rotate", id])).code, 2);
			assert.equal((await cli.owner(["rotate", id, "--overlap", "a while"])).code, 2);
			assert.equal((await cli.atTerminal(["rotate", id, "--overlap", "0"])).code, 2);
			assert.equal(await cli.daemon.verify(token), 200);
		});

		it("let a token rotate itself", async () => {
			const permissions = ["--permission", "api.api-tokens.rotate-self"];
			const { token, id } = await cli.created("itself", permissions);
			const rotated = await run(
				["rotate", "current", "--overlap", "1m", "--url", cli.daemon.address, "--json"],
				{
					environment: { TOKENSMITH_TOKEN: token },
				},
			);
			assert.equal(rotated.code, 0, rotated.stderr);
			assert.equal(JSON.parse(rotated.stdout).predecessorId, id);
		});

		it("disable until it is enabled", async () => {
			const { id, token } = await cli.created("paused", ["--permission", "orders.read"]);
			assert.match((await cli.owner(["disable", id])).stdout, /^Disabled paused .* disabled, id/);
			assert.equal((await cli.owner(["verify"], { stdin: token })).code, 4);
			assert.match((await cli.owner(["enable", id])).stdout, /^Enabled paused .* active/);
			assert.equal((await cli.owner(["verify"], { stdin: token })).code, 0);
		});

		it("revoke for good", async () => {
			const { id, token } = await cli.created("leaked", ["--permission", "orders.read"]);
			const revoked = await cli.owner(["revoke", id, "--reason", "it leaked"]);
			assert.match(revoked.stdout, /^Revoked leaked .* revoked, id/);
			assert.equal(await cli.daemon.verify(token), 401);
			assert.match((await cli.owner(["show", id])).stdout, /\nreason +it leaked\n/);
		});

		it("ask for confirmation at a terminal before they revoke", async () => {
			const { id, token } = await cli.created("asked", ["--permission", "orders.read"]);
			const no = await cli.atTerminal(["revoke", id], "n\n");
			assert.match(no.stdout, /Revoke for good: asked .* Sure\? \[y\/N\]/);
			assert.deepEqual([no.code, await cli.daemon.verify(token)], [1, 200]);
			const givenUp = await cli.atTerminal(["revoke", id], "\x03");
			assert.deepEqual([givenUp.code, await cli.daemon.verify(token)], [1, 200]);
			assert.equal((await cli.atTerminal(["revoke", id], "y\n")).code, 0);
			assert.equal(await cli.daemon.verify(token), 401);
		});
	});
});
