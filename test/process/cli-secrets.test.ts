/** The command line that reads secrets: it verifies, identifies and records them, and shows none. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TokenRecord } from "../../daemon/contract.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { daemonWithCommandLine, run } from "./command-line.ts";

describe("the command line", () => {
	const cli = daemonWithCommandLine();

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

		it("claims of such a token neither that it is revoked, nor what only its own system knows", async () => {
			const recorded = await cli.owner(["register", "feeds", "--issuer", "github"], {
				stdin: "ghp_feeds-feeds",
			});
			const id = / id ([\w-]+)\.$/m.exec(recorded.stdout)?.[1] ?? "";
			const shown = (await cli.owner(["show", id])).stdout;
			for (const label of ["permissions", "addresses", "last used"])
				assert.match(shown, new RegExp(`^${label} +not known here$`, "m"));
			assert.match(shown, /^added +\d/m);
			assert.doesNotMatch(shown, /^(created|uses) /m);
			const marked = await cli.owner(["revoke", id, "--yes"]);
			assert.equal(
				marked.stdout.split("\n").slice(1).join("\n"),
				"Only its own system, github, can revoke it, and it works until then.\n",
			);
			assert.match(marked.stdout, /^Marked as revoked: feeds \(/);
			assert.match((await cli.owner(["show", id])).stdout, /^marked revoked +\d/m);
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
