/** The command line as scripts and people call it: the bundle as a child, against the bundled daemon. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CreatedToken, TokenRecord } from "../../daemon/contract.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { DaemonChild } from "./daemon.ts";

const bundle = resolve(import.meta.dirname, "..", "..", "dist", "daemon.js");
const secretShape = /^tks_[0-9A-Za-z]{38}\n$/;

interface Run {
	code: number | null;
	stdout: string;
	stderr: string;
}

interface Surroundings {
	stdin?: string;
	environment?: Record<string, string>;
}

describe("the command line", () => {
	let folder: string;
	let daemon: DaemonChild;
	before(async () => {
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
	});
	after(async () => {
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	describe("explains itself", () => {
		for (const args of [[], ["--help"], ["-h"], ["help"]]) {
			it(`when called as token ${args.join(" ")}`, async () => {
				const { code, stdout } = await run(args);
				assert.equal(code, 0);
				assert.match(stdout, /Usage: node daemon\.js token COMMAND/);
				assert.match(stdout, /Exit codes: 0 done;/);
			});
		}

		const commands =
			"create list show rotate undo-rotation end-overlap disable enable revoke verify identify register".split(
				" ",
			);
		for (const command of commands) {
			it(`at token ${command} --help, with the exit codes`, async () => {
				const { code, stdout } = await run([command, "--help"]);
				assert.equal(code, 0);
				assert.match(stdout, new RegExp(`Usage: node daemon\\.js token ${command} `));
				assert.match(stdout, /--data-dir DIR[\s\S]*Exit codes: 0 done;/);
			});
		}
	});

	describe("create", () => {
		it("writes the secret and nothing else to standard output", async () => {
			const made = await owner(["create", "billing", "--permission", "orders.read", "--expires-in", "1mo"]);
			assert.equal(made.code, 0);
			assert.match(made.stdout, secretShape);
			assert.match(
				made.stderr,
				/^Created billing \(tks_….{4}\), active, expires \d{4}-.* \(in \d+ days\), id /,
			);
			assert.doesNotMatch(made.stderr, new RegExp(made.stdout.trim()));
			assert.equal(await daemon.verify(made.stdout.trim()), 200);
		});

		it("takes every setting, and answers with JSON when asked to", async () => {
			const record = await created("--a-name-like-an-option", [
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

		it("creates nothing when the secret would end on a terminal unasked", async () => {
			const before = await owner(["list", "--json"]);
			const refused = await atTerminal(["create", "shown", "--permission", "orders.read"]);
			assert.equal(refused.code, 2);
			assert.match(refused.stdout, /--reveal/);
			assert.equal((await owner(["list", "--json"])).stdout, before.stdout);
		});

		it("shows the secret on a terminal that asks to reveal it", async () => {
			const shown = await atTerminal(["create", "shown", "--permission", "orders.read", "--reveal"]);
			assert.equal(shown.code, 0);
			assert.match(shown.stdout, /tks_[0-9A-Za-z]{38}/);
		});

		it("says which token's secret is lost when it can't be written", async () => {
			const child = spawn(
				"sh",
				["-c", 'exec "$@" >/dev/full', "sh", process.execPath, bundle, "token", "create"].concat([
					"lost",
					"--permission",
					"orders.read",
					"--data-dir",
					daemon.directory,
				]),
			);
			const { code, stderr } = await ending(child, "");
			assert.equal(code, 1);
			const [, id = ""] = /The token (\S+) was made, but its secret .* is lost/.exec(stderr) ?? [];
			assert.equal((await owner(["show", id])).code, 0);
		});

		it("says what the daemon found wrong, field by field", async () => {
			const args = ["create", "x", "--permission", "no.such", "--expires", "2001-01-01T00:00:00Z"];
			const { code, stdout, stderr } = await owner(args);
			assert.deepEqual([code, stdout], [1, ""]);
			assert.match(stderr, /\/permissions.*\n[\s\S]*\/expiry|\/expiry.*\n[\s\S]*\/permissions/);
		});
	});

	describe("list and show", () => {
		it("list those that fit as a table, or as JSON", async () => {
			const { id } = await created("listed", ["--permission", "orders.read", "--tag", "listed"]);
			const words = await owner(["list", "--tag", "listed"]);
			assert.match(words.stdout, /^ID +SECRET +STATUS +ENDS +LAST USED +NAME\n/);
			assert.match(words.stdout, new RegExp(`\\n${id}  tks_….{4}  active  .*  listed\n$`));
			const json = await owner(["list", "--tag", "listed", "--json"]);
			assert.deepEqual(
				JSON.parse(json.stdout).tokens.map((token: TokenRecord) => token.id),
				[id],
			);
			assert.equal((await owner(["list", "--tag", "none-has-it"])).stdout, "No tokens.\n");
		});

		it("list when a revoked token ended, not the end that it was given once", async () => {
			const { id } = await created("gone", ["--permission", "orders.read", "--tag", "gone"]);
			await owner(["revoke", id]);
			const { stdout } = await owner(["list", "--tag", "gone"]);
			assert.match(stdout, / {2}revoked {2}\S+ \S+Z \([^)]*(?:seconds? ago|minutes? ago)\)/);
		});

		it("shows one", async () => {
			const { id } = await created("shown", ["--permission", "orders.read"]);
			const words = await owner(["show", id]);
			assert.match(words.stdout, /^name +shown\nid +/);
			assert.match(words.stdout, /\npermissions +orders\.read\n/);
			assert.equal(JSON.parse((await owner(["show", id, "--json"])).stdout).id, id);
		});

		it("lets no name turn the terminal's writing around", async () => {
			const { id } = await created("nice\u202Eemos", ["--permission", "orders.read"]);
			const { stdout } = await owner(["show", id]);
			assert.match(stdout, /nice\uFFFDemos/);
		});

		it("fails on an id that nobody has", async () => {
			const { code, stdout, stderr } = await owner(["show", "nobody", "--json"]);
			assert.deepEqual([code, stdout], [4, ""]);
			assert.equal(JSON.parse(stderr).error.code, "not-found");
			assert.match((await owner(["show", "nobody"])).stderr, /no token with this id\.\n'token list' /);
		});
	});

	describe("rotate, disable, enable and revoke", () => {
		it("rotate with an overlap in which both secrets work", async () => {
			const { id, token } = await created("turning", ["--permission", "orders.read"]);
			const rotated = await owner(["rotate", id, "--overlap", "15m"]);
			assert.equal(rotated.code, 0);
			assert.match(rotated.stdout, secretShape);
			assert.match(rotated.stderr, /The old secret works until .*\. Its successor: turning/);
			assert.equal(await daemon.verify(token), 200);
			assert.equal(await daemon.verify(rotated.stdout.trim()), 200);
		});

		it("rotate with an overlap that ends earlier once the old secret is quiet", async () => {
			const { id } = await created("turning", ["--permission", "orders.read"]);
			const rotated = await owner(["rotate", id, "--overlap", "7d", "--quiet", "12h"]);
			assert.match(
				rotated.stderr,
				/The old secret works until .*, or until nobody has used it for 43200 seconds\./,
			);
			assert.match((await owner(["show", id])).stdout, /\nends early +once not used for 43200 seconds\n/);
			const wrong = await owner(["rotate", id, "--overlap", "7d", "--quiet", "soon"]);
			assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
		});

		it("undo a rotation while both secrets work, and not afterwards", async () => {
			const { id, token } = await created("turning", ["--permission", "orders.read"]);
			const rotated = await owner(["rotate", id, "--overlap", "15m"]);
			const undone = await owner(["undo-rotation", id]);
			assert.equal(undone.code, 0, undone.stderr);
			assert.match(undone.stdout, /^Put back turning .* active, .*\nRevoked turning .* revoked, id/);
			assert.equal(await daemon.verify(token), 200);
			assert.equal(await daemon.verify(rotated.stdout.trim()), 401);
			const again = await owner(["undo-rotation", id, "--json"]);
			assert.deepEqual([again.code, JSON.parse(again.stderr).error.code], [1, "not-rotated"]);
		});

		it("end an overlap at once", async () => {
			const { id, token } = await created("turning", ["--permission", "orders.read"]);
			const rotated = await owner(["rotate", id, "--overlap", "15m"]);
			assert.match((await owner(["end-overlap", id])).stdout, /^Ended the overlap of turning .* expired/);
			assert.equal(await daemon.verify(token), 401);
			assert.equal(await daemon.verify(rotated.stdout.trim()), 200);
		});

		it("rotate without an overlap end the old secret at once", async () => {
			const { id, token } = await created("turning", ["--permission", "orders.read"]);
			const rotated = await owner(["rotate", id, "--overlap", "0", "--json"]);
			assert.equal(JSON.parse(rotated.stdout).predecessor.id, id);
			assert.equal(await daemon.verify(token), 401);
		});

		it("rotate only when told how long the old secret works", async () => {
			const { id, token } = await created("turning", ["--permission", "orders.read"]);
			assert.equal((await owner(["rotate", id])).code, 2);
			assert.equal((await owner(["rotate", id, "--overlap", "a while"])).code, 2);
			assert.equal((await atTerminal(["rotate", id, "--overlap", "0"])).code, 2);
			assert.equal(await daemon.verify(token), 200);
		});

		it("let a token rotate itself", async () => {
			const permissions = ["--permission", "api.api-tokens.rotate-self"];
			const { token, id } = await created("itself", permissions);
			const rotated = await run(
				["rotate", "current", "--overlap", "1m", "--url", daemon.file.url, "--json"],
				{
					environment: { TOKENSMITH_TOKEN: token },
				},
			);
			assert.equal(rotated.code, 0, rotated.stderr);
			assert.equal(JSON.parse(rotated.stdout).predecessorId, id);
		});

		it("disable until it is enabled", async () => {
			const { id, token } = await created("paused", ["--permission", "orders.read"]);
			assert.match((await owner(["disable", id])).stdout, /^Disabled paused .* disabled, id/);
			assert.equal((await owner(["verify"], { stdin: token })).code, 4);
			assert.match((await owner(["enable", id])).stdout, /^Enabled paused .* active/);
			assert.equal((await owner(["verify"], { stdin: token })).code, 0);
		});

		it("revoke for good", async () => {
			const { id, token } = await created("leaked", ["--permission", "orders.read"]);
			const revoked = await owner(["revoke", id, "--reason", "it leaked"]);
			assert.match(revoked.stdout, /^Revoked leaked .* revoked, id/);
			assert.equal(await daemon.verify(token), 401);
			assert.match((await owner(["show", id])).stdout, /\nreason +it leaked\n/);
		});

		it("ask at a terminal before they revoke", async () => {
			const { id, token } = await created("asked", ["--permission", "orders.read"]);
			const no = await atTerminal(["revoke", id], "n\n");
			assert.match(no.stdout, /Revoke for good: asked .* Sure\? \[y\/N\]/);
			assert.deepEqual([no.code, await daemon.verify(token)], [1, 200]);
			const givenUp = await atTerminal(["revoke", id], "\x03");
			assert.deepEqual([givenUp.code, await daemon.verify(token)], [1, 200]);
			assert.equal((await atTerminal(["revoke", id], "y\n")).code, 0);
			assert.equal(await daemon.verify(token), 401);
		});
	});

	describe("verify", () => {
		let token: string;
		before(async () => {
			const settings = ["--permission", "orders.read", "--resource", "channel/soc"];
			({ token } = await created("checked", settings));
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
			it(`ends with ${code} for ${args.join(" ") || "no question"}`, async () => {
				const verified = await owner(["verify", ...args], { stdin: `${token}\n` });
				assert.equal(verified.code, code, verified.stderr);
				if (code !== 1) assert.match(verified.stdout, code === 0 ? /^Good: checked/ : /^Refused \(/);
			});
		}

		it("needs nothing but the daemon's address", async () => {
			const verified = await run(["verify", "--url", daemon.file.url, "--json"], { stdin: token });
			assert.equal(verified.code, 0);
			assert.equal(JSON.parse(verified.stdout).token.name, "checked");
		});

		it("reads one secret, and wants one", async () => {
			assert.equal((await owner(["verify"], { stdin: "" })).code, 2);
			assert.equal((await owner(["verify"], { stdin: `${token}\n${token}\n` })).code, 2);
			assert.equal((await owner(["verify"], { stdin: `\uFEFF${token}\r\n` })).code, 0);
			assert.equal((await owner(["verify"], { stdin: "nonsense\u00E9" })).code, 4);
		});

		it("does not show what is typed at a terminal", async () => {
			const typed = await atTerminal(["verify"], `${token}\n`);
			assert.equal(typed.code, 0, typed.stdout);
			assert.match(typed.stdout, /Secret: [\s\S]*Good: checked/);
			assert.ok(!typed.stdout.includes(token));
		});
	});

	describe("identify", () => {
		it("says whose secrets they are, and shows none of them", async () => {
			const { token, id } = await created("found", ["--permission", "orders.read"]);
			const known = await owner(["identify"], { stdin: token });
			assert.equal(known.code, 0);
			assert.match(known.stdout, new RegExp(`^found \\(tks_….{4}\\), active, .*id ${id}\\.\n$`));
			const stranger = generateSecret("tks");
			const misspelt = `${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`;
			const mixed = await owner(["identify"], { stdin: [token, stranger, misspelt, "x"].join("\n") });
			assert.equal(mixed.code, 4);
			assert.match(
				mixed.stdout,
				/^found.*\n.*of no token that this daemon knows\.\n.*checksum is wrong.*\nOne is no/,
			);
			for (const secret of [token, stranger, misspelt]) assert.ok(!mixed.stdout.includes(secret));
		});

		it("knows what was recorded of another system, and takes it for none of ours", async () => {
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
			const recorded = await owner(["register", "deploy", ...options], { stdin: secret });
			assert.equal(recorded.code, 0, recorded.stderr);
			assert.ok(!recorded.stdout.includes(secret));
			const record: TokenRecord = JSON.parse(recorded.stdout);
			assert.deepEqual(
				[record.issuer, record.partialToken, record.permissions, record.expiry],
				["github", "ghp_…mnop", ["repo"], "2099-01-31T12:00:00.000Z"],
			);
			assert.match((await owner(["identify"], { stdin: secret })).stdout, /^deploy \(ghp_…mnop\), active/);
			assert.equal((await owner(["verify"], { stdin: secret })).code, 4);
			const again = await owner(["register", "again"], { stdin: secret });
			assert.deepEqual([again.code, again.stdout], [1, ""]);
			assert.match(again.stderr, /already/);
			const rotated = await owner(["rotate", record.id, "--overlap", "0"]);
			assert.equal(rotated.code, 1);
			assert.match(rotated.stderr, /github/);
		});

		it("records no more of a short secret than its hash", async () => {
			const recorded = await owner(["register", "short", "--json"], { stdin: "hunter2hunter2" });
			assert.equal(JSON.parse(recorded.stdout).partialToken, "…");
		});

		it("needs no daemon for what has no right checksum, and says what it knows without one", async () => {
			const nowhere = ["--data-dir", join(folder, "nowhere")];
			const wrong = await run(["identify", ...nowhere, "--json"], { stdin: "tks_wrong" });
			assert.equal(wrong.code, 4);
			assert.deepEqual(JSON.parse(wrong.stdout), {
				secrets: [{ partialToken: "", wellFormed: false, token: null }],
			});
			const right = await run(["identify", ...nowhere], { stdin: generateSecret("tks") });
			assert.equal(right.code, 3);
			assert.match(right.stderr, /The checksum is right/);
		});

		it("takes the token to act with from the environment alone", async () => {
			const reader = await created("reader", ["--permission", "api.api-tokens.read"]);
			const place = ["--url", daemon.file.url];
			const environment = { TOKENSMITH_TOKEN: reader.token };
			assert.equal((await run(["identify", ...place], { stdin: reader.token, environment })).code, 0);
			assert.equal((await run(["identify", ...place, "--token-stdin"], { stdin: reader.token })).code, 2);
		});
	});

	describe("acts", () => {
		it("with the token of the environment or of standard input, and no more than it may", async () => {
			const { token, id } = await created("reader", ["--permission", "api.api-tokens.read"]);
			const place = ["--url", daemon.file.url];
			const environment = { TOKENSMITH_TOKEN: token };
			assert.match((await run(["show", "current", ...place], { environment })).stdout, new RegExp(id));
			const typed = await run(["show", "current", ...place, "--token-stdin"], { stdin: `${token}\n` });
			assert.match(typed.stdout, new RegExp(id));
			assert.equal((await run(["revoke", id, ...place], { environment })).code, 4);
			assert.equal((await run(["list", ...place])).code, 4);
			assert.equal((await owner(["verify"], { stdin: token })).code, 0);
		});

		it("where the environment says, unless told otherwise", async () => {
			const environment = { TOKENSMITH_DATA_DIR: daemon.directory, TOKENSMITH_URL: "http://127.0.0.1:9" };
			assert.equal((await run(["list"], { environment })).code, 0);
			assert.equal((await run(["list", "--data-dir", folder], { environment })).code, 3);
		});
	});

	describe("refuses", () => {
		const misuses: [what: string, args: string[]][] = [
			["an unknown command", ["explode"]],
			["an unknown option", ["list", "--explode"]],
			["an option without its value", ["create", "x", "--permission"]],
			["no id", ["show"]],
			["two ids", ["show", "one", "two"]],
			["an argument too many", ["list", "everything"]],
			["a secret as an argument", ["verify", "ghp_0123456789"]],
			["a lifetime that is none", ["create", "x", "--permission", "orders.read", "--expires-in", "soon"]],
			["two places", ["list", "--url", "http://127.0.0.1:1"]],
			["a name of the object's own", ["constructor"]],
		];
		for (const [what, args] of misuses) {
			it(`${what}, with exit code 2`, async () => {
				const { code, stdout, stderr } = await owner(args);
				assert.deepEqual([code, stdout], [2, ""], stderr);
				assert.doesNotMatch(stderr, /ghp_|at .*\.js:/);
			});
		}

		it("to guess where the daemon is", async () => {
			assert.equal((await run(["list"])).code, 2);
			assert.equal((await run(["list", "--url", "nowhere"])).code, 2);
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
				const { code, stdout, stderr } = await owner(args);
				assert.deepEqual([code, stdout], [2, ""]);
				assert.match(stderr, /standard input/);
				assert.doesNotMatch(stderr, /acme_|tko_/);
			});
		}
	});

	describe("ends with 3", () => {
		it("when no daemon has been started", async () => {
			const { code, stderr } = await run(["list", "--data-dir", folder, "--json"]);
			assert.equal(code, 3);
			assert.equal(JSON.parse(stderr).error.code, "unreachable");
		});

		it("when the daemon was killed, and finds the next one wherever it listens", async () => {
			const own = await DaemonChild.start(join(folder, "own"));
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

	async function created(name: string, args: string[]): Promise<CreatedToken> {
		const made = await owner(["create", "--json", ...args, "--", name]);
		assert.equal(made.code, 0, made.stderr);
		return JSON.parse(made.stdout);
	}

	function owner(args: string[], surroundings?: Surroundings): Promise<Run> {
		const place = ["--data-dir", daemon.directory];
		const end = args.indexOf("--");
		const all = end < 0 ? [...args, ...place] : [...args.slice(0, end), ...place, ...args.slice(end)];
		return run(all, surroundings);
	}

	/** util-linux's script gives the command a terminal of its own; all that is shown there comes as stdout. */
	async function atTerminal(args: string[], typed = ""): Promise<Run> {
		const words = [process.execPath, bundle, "token", ...args, "--data-dir", daemon.directory];
		const command = words.map((word) => `'${word}'`).join(" ");
		const child = spawn("script", ["-qec", command, "/dev/null"], {
			env: environmentWith({}),
			timeout: 15_000,
		});
		// Only once it is asked for: what comes earlier, the terminal itself would show.
		const asked = typed === "" ? undefined : /: $|\[y\/N\]/;
		return ending(child, typed, asked);
	}
});

function run(args: string[], { stdin = "", environment = {} }: Surroundings = {}): Promise<Run> {
	const env = environmentWith(environment);
	return ending(spawn(process.execPath, [bundle, "token", ...args], { env }), stdin);
}

function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
	const { TOKENSMITH_TOKEN: _, TOKENSMITH_URL: __, TOKENSMITH_DATA_DIR: ___, ...rest } = process.env;
	return { ...rest, ...more };
}

/** @param asked what has to be read from the child before it is written to */
async function ending(child: ChildProcessWithoutNullStreams, stdin: string, asked?: RegExp): Promise<Run> {
	const ended = { stdout: "", stderr: "" };
	let answered = false;
	child.stdout.setEncoding("utf8").on("data", (text) => {
		ended.stdout += text;
		if (asked !== undefined && !answered && asked.test(ended.stdout)) answered = child.stdin.write(stdin);
	});
	child.stderr.setEncoding("utf8").on("data", (text) => {
		ended.stderr += text;
	});
	// A child that wants nothing may be gone before it is written to.
	child.stdin.on("error", () => {});
	if (asked === undefined) child.stdin.end(stdin);
	const [code] = await once(child, "close");
	return { code, ...ended };
}
