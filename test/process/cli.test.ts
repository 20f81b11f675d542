/** The command line as scripts and users call it: the bundle as a child process, against the bundled daemon. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
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

	describe("verify", () => {
		let token: string;
		before(async () => {
			const settings = ["--permission", "orders.read", "--resource", "channel/soc"];
			({ token } = await cli.created("checked", settings));
		});

		const questions: [args: string[], code: number][] = [
			[[], 0],
			[["--permission", "orders.read"], 0],
			[["--permission", "orders.read", "--permission", "orders.write"], 4],
			[["--any-permission", "orders.read", "--any-permission", "orders.write"], 0],
			[["--any-permission", "orders.write"], 4],
			[["--resource", "channel/soc"], 0],
			[["--resource", "channel/board"], 4],
			[["--permission", ""], 1],
		];
		for (const [args, code] of questions) {
			it(`ends with ${code} for ${args.join(" ") || "no options"}`, async () => {
				const verified = await cli.owner(["verify", ...args], { stdin: `${token}\n` });
				assert.equal(verified.code, code, verified.stderr);
				if (code !== 1) assert.match(verified.stdout, code === 0 ? /^Valid: checked/ : /^Refused \(/);
			});
		}

		it("needs nothing but the daemon's address with its identity, which `address` prints", async () => {
			const { stdout: url } = await cli.owner(["address"]);
			assert.equal(url, `${cli.daemon.address}\n`);
			const verified = await run(["verify", "--url", url.trim(), "--json"], { stdin: token });
			assert.equal(verified.code, 0);
			assert.equal(JSON.parse(verified.stdout).token.name, "checked");
		});

		it("reads exactly one secret", async () => {
			assert.equal((await cli.owner(["verify"], { stdin: "" })).code, 2);
			assert.equal((await cli.owner(["verify"], { stdin: `${token}\n${token}\n` })).code, 2);
			assert.equal((await cli.owner(["verify"], { stdin: `\uFEFF${token}\r\n` })).code, 0);
			assert.equal((await cli.owner(["verify"], { stdin: "nonsense\u00E9" })).code, 4);
		});

		it("does not show what is typed at a terminal", async () => {
			const typed = await cli.atTerminal(["verify"], `${token}\n`);
			assert.equal(typed.code, 0, typed.stdout);
			assert.match(typed.stdout, /Secret: [\s\S]*Valid: checked/);
			assert.ok(!typed.stdout.includes(token));
		});
	});

	describe("identify", () => {
		it("finds the tokens of secrets, and prints no secret", async () => {
			const { token, id } = await cli.created("found", ["--permission", "orders.read"]);
			const known = await cli.owner(["identify"], { stdin: token });
			assert.equal(known.code, 0);
			assert.match(known.stdout, new RegExp(`^found \\(tks_….{4}\\), active, .*id ${id}\\.\n$`));
			const stranger = generateSecret("tks");
			const misspelt = `${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`;
			const mixed = await cli.owner(["identify"], { stdin: [token, stranger, misspelt, "x"].join("\n") });
			assert.equal(mixed.code, 4);
			assert.match(
				mixed.stdout,
				/^found.*\n.*to no token of this daemon\.\n.*checksum is wrong.*\nOne is not/,
			);
			for (const secret of [token, stranger, misspelt]) assert.ok(!mixed.stdout.includes(secret));
		});

		it("finds a recorded token of another system, and does not take its secret for ours", async () => {
			const secret = "ghp_0123456789abcdefghijklmnop";
			const options = [
				"--issuer",
				"github",
				"--expires",
				"2099-01-31T12:00:00Z",
				"--permission",
				"repo",
				"--json",
			];
			const recorded = await cli.owner(["register", "deploy", ...options], { stdin: secret });
			assert.equal(recorded.code, 0, recorded.stderr);
			assert.ok(!recorded.stdout.includes(secret));
			const record: TokenRecord = JSON.parse(recorded.stdout);
			assert.deepEqual(
				[record.issuer, record.partialToken, record.permissions, record.expiry],
				["github", "ghp_…mnop", ["repo"], "2099-01-31T12:00:00.000Z"],
			);
			assert.match(
				(await cli.owner(["identify"], { stdin: secret })).stdout,
				/^deploy \(ghp_…mnop\), active/,
			);
			assert.equal((await cli.owner(["verify"], { stdin: secret })).code, 4);
			const again = await cli.owner(["register", "again"], { stdin: secret });
			assert.deepEqual([again.code, again.stdout], [1, ""]);
			assert.match(again.stderr, /already/);
			const rotated = await cli.owner(["rotate", record.id, "--overlap", "0"]);
			assert.equal(rotated.code, 1);
			assert.match(rotated.stderr, /github/);
		});

		it("records no more of a short secret than its hash", async () => {
			const recorded = await cli.owner(["register", "short", "--json"], { stdin: "hunter2hunter2" });
			assert.equal(JSON.parse(recorded.stdout).partialToken, "…");
		});

		it("needs no daemon for a secret with a wrong checksum, and reports what it knows without one", async () => {
			const nowhere = ["--data-dir", join(cli.folder, "nowhere")];
			const wrong = await run(["identify", ...nowhere, "--json"], { stdin: "tks_wrong" });
			assert.equal(wrong.code, 4);
			assert.deepEqual(JSON.parse(wrong.stdout), {
				secrets: [{ partialToken: "", wellFormed: false, token: null }],
			});
			const right = await run(["identify", ...nowhere], { stdin: generateSecret("tks") });
			assert.equal(right.code, 3);
			assert.match(right.stderr, /The checksum is right/);
		});

		it("reads the token to act with from the environment only", async () => {
			const reader = await cli.created("reader", ["--permission", "api.api-tokens.read"]);
			const place = ["--url", cli.daemon.address];
			const environment = { TOKENSMITH_TOKEN: reader.token };
			assert.equal((await run(["identify", ...place], { stdin: reader.token, environment })).code, 0);
			assert.equal((await run(["identify", ...place, "--token-stdin"], { stdin: reader.token })).code, 2);
		});
	});
});
