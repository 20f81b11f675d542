/** Servers by name: logging in, which one a command uses, and where the tokens for them are. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
	chmodSync,
	existsSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { generateSecret } from "../../daemon/rules/secret.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { itWhere } from "../where.ts";
import { bundle, daemonWithCommandLine, ending, type Run, run } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

describe("servers by name", () => {
	const cli = daemonWithCommandLine();
	let config: string;
	let token: string;

	before(async () => {
		const made = ["--permission", "api.api-tokens.*", "--expires-in", "1mo"];
		token = (await cli.created("ada laptop", made)).token;
	});
	beforeEach(() => {
		config = join(temporaryFolder(), "config");
	});
	afterEach(() => rmSync(join(config, ".."), { recursive: true }));

	const tokensmith = (args: string[], { stdin = "", environment = {} } = {}): Promise<Run> =>
		run(args, { stdin, environment: { TOKENSMITH_CONFIG_DIR: config, ...environment } });
	const login = (url: string, secret: string, ...args: string[]) =>
		tokensmith(["login", url, "--token-stdin", ...args], { stdin: `${secret}\n` });
	const fileOf = (name: string) => join(config, "contexts", `${name}.json`);

	it("are used from the login on, with the token that was typed for them", async () => {
		const done = await login(cli.daemon.address, token, "--name", "team");
		assert.equal(done.code, 0, done.stderr);
		assert.match(done.stdout, /^Logged in to 127\.0\.0\.1:\d+, Tokensmith \d+\.\d+\.\d+, as team\.$/m);
		assert.match(
			done.stdout,
			/ada laptop \(tks_….{4}\) may see tokens, create and change them, revoke them, .*\. It expires \d{4}-.* \(in \d+ days\)\.$/m,
		);
		const listed = await tokensmith(["list", "--json"]);
		assert.ok(JSON.parse(listed.stdout).tokens.some(({ name }: { name: string }) => name === "ada laptop"));
		assert.match((await tokensmith(["show", "current"])).stdout, /ada laptop/);
		assert.equal((await tokensmith(["address"])).stdout, `${cli.daemon.address}\n`);
		const refused = await tokensmith(["permission", "add", "tickets.close"]);
		assert.deepEqual([refused.code, refused.stdout], [4, ""]);
	});

	it("have a name of their own, which no other server takes", async () => {
		const host = new URL(cli.daemon.address).host;
		assert.equal((await login(cli.daemon.address, token)).code, 0);
		assert.equal(
			JSON.parse((await tokensmith(["context", "list", "--json"])).stdout).current,
			host.replace(":", "-"),
		);
		assert.equal((await login(cli.daemon.address, token, "--name", "team")).code, 0);
		assert.equal((await login(cli.daemon.address, token, "--name", "team")).code, 0, "logging in again");
		const other = await DaemonChild.start(join(config, "..", "other"));
		const { token: theirs } = await other.create("x");
		const taken = await login(other.address, theirs, "--name", "team");
		assert.equal(taken.code, 2);
		assert.match(taken.stderr, new RegExp(`team is the server at ${host} already`));
		for (const name of ["local", "Team", "../team", "", "a b"]) {
			const { code, stderr } = await login(other.address, theirs, "--name", name);
			assert.equal(code, 2, stderr);
		}
		assert.deepEqual(readdirSync(join(config, "contexts")).length, 2);
		await other.kill();
	});

	it("come after the options and the environment, and before your own daemon", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		const nowhere = `http://${new URL(cli.daemon.address).username}@127.0.0.1:9`;
		const place = { TOKENSMITH_DATA_DIR: join(config, "none") };
		const codes: [args: string[], environment: Record<string, string>, code: number][] = [
			[["list"], {}, 0],
			[["list", "--no-start"], {}, 0],
			[["list", "--url", nowhere], {}, 3],
			[["list"], { TOKENSMITH_URL: nowhere }, 3],
			[["list", "--no-start"], place, 3],
			[["list", "--context", "team"], { ...place, TOKENSMITH_URL: nowhere, TOKENSMITH_TOKEN: "x" }, 0],
			// With a data directory the command acts as the owner, whatever token is set.
			[["list", "--data-dir", cli.daemon.directory], { TOKENSMITH_TOKEN: "x" }, 0],
			[["list", "--context", "local", "--no-start"], { XDG_DATA_HOME: config }, 3],
			[["list", "--context", "none"], {}, 2],
			[["list", "--context", "team", "--url", nowhere], {}, 2],
			[["list", "--context", "team", "--data-dir", config], {}, 2],
		];
		for (const [args, environment, code] of codes) {
			const ended = await tokensmith(args, { environment });
			assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stderr}`);
		}
		const used = await tokensmith(["context", "use", "team"], { environment: { TOKENSMITH_URL: nowhere } });
		assert.match(used.stdout, /TOKENSMITH_URL is set here, and comes before it/);
	});

	it("can be listed, shown, chosen and forgotten", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		await login(cli.daemon.address, token, "--name", "other");
		const listed = await tokensmith(["context", "list"]);
		assert.match(listed.stdout, / +local +the daemon of this machine\n\* +other +http:.*\n +team +http:/);
		assert.doesNotMatch(listed.stdout, /tki-|tks_/);
		assert.equal((await tokensmith(["context", "use", "team"])).stdout, "Commands use team.\n");
		const shown = JSON.parse((await tokensmith(["context", "show", "--json"])).stdout);
		assert.deepEqual([shown.context, shown.token.name, shown.rights[0]], ["team", "ada laptop", "read"]);
		assert.match((await tokensmith(["context", "show", "other"])).stdout, /^other is 127/);
		assert.equal((await tokensmith(["context", "use", "none"])).code, 2);
		assert.match(
			(await tokensmith(["logout", "other"])).stdout,
			/Logged out of other\. Its token still works/,
		);
		assert.equal(JSON.parse((await tokensmith(["context", "list", "--json"])).stdout).current, "team");
		assert.equal((await tokensmith(["logout"])).code, 0);
		assert.ok(!existsSync(fileOf("team")));
		assert.equal((await tokensmith(["logout"])).code, 2);
		assert.match((await tokensmith(["context", "show"])).stdout, /^local is the daemon of this machine/);
		assert.equal((await tokensmith(["logout", "team"])).code, 2);
	});

	it("keep nothing where the login fails, and say why", async () => {
		const unknown = generateSecret("tks");
		const { token: powerless } = await cli.created("powerless", ["--permission", "orders.read"]);
		const { token: revoked, id } = await cli.created("gone", ["--permission", "api.api-tokens.read"]);
		await cli.owner(["revoke", id, "--yes"]);
		const { address, file } = cli.daemon;
		const failures: [url: string, secret: string, code: number, words: RegExp][] = [
			[address, unknown, 4, /has no token with this secret/],
			[address, "something", 4, /not a token of Tokensmith/],
			[address, powerless, 4, /may do nothing there/],
			[address, revoked, 4, /was revoked/],
			[address, "", 2, /no secret/],
			[file.url, token, 2, /Any process of this machine/],
			["http://tokens.example.com", token, 2, /use https:\/\/tokens\.example\.com/],
			["ftp://x", token, 2, /no address of a server/],
			[address.replace(/:\d+$/, ":9"), token, 3, /No server listens at 127\.0\.0\.1:9/],
			["https://nowhere.invalid", token, 3, /No host has the name/],
		];
		for (const [url, secret, code, words] of failures) {
			const failed = await login(url, secret);
			assert.deepEqual([failed.code, failed.stdout], [code, ""], failed.stderr);
			assert.match(failed.stderr, words);
			assert.doesNotMatch(failed.stderr, /tks_/);
		}
		const { stderr } = await login(address, unknown, "--json");
		assert.equal(JSON.parse(stderr).error.code, "token-unknown");
		assert.ok(!existsSync(join(config, "contexts")));
	});

	it("take no token from arguments, and ask for it at a terminal without showing it", async () => {
		assert.equal((await tokensmith(["login", cli.daemon.address, token])).code, 2);
		assert.equal((await tokensmith(["login", cli.daemon.address], { stdin: token })).code, 2);
		const command = [process.execPath, bundle, "login", cli.daemon.address, "--name", "team"];
		const env = { ...process.env, TOKENSMITH_CONFIG_DIR: config };
		const child = spawn("script", ["-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"], {
			env,
		});
		const done = await ending(child, [[/^Token for 127\.0\.0\.1:\d+: $/, `${token}\n`]]);
		assert.equal(done.code, 0, done.stdout);
		assert.match(done.stdout, /Logged in to/);
		assert.ok(!done.stdout.includes(token));
		assert.equal(JSON.parse(readFileSync(fileOf("team"), "utf8")).token, token);
	});

	it("say which login is needed once the token is refused", async () => {
		const { token: short, id } = await cli.created("short", ["--permission", "api.api-tokens.read"]);
		await login(cli.daemon.address, short, "--name", "team");
		await cli.owner(["revoke", id, "--yes"]);
		const refused = await tokensmith(["list"]);
		assert.equal(refused.code, 4);
		assert.match(refused.stderr, /was revoked[\s\S]*tokensmith login '?http:.*--name team/);
		assert.equal((await tokensmith(["context", "show"])).code, 4);
	});

	it("complete their names", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		const words = (...typed: string[]) => tokensmith(["complete", "fish", ...typed]);
		assert.match((await words("list", "--context", "")).stdout, /^local\t.*\nteam\t/);
		assert.match((await words("logout", "t")).stdout, /^team\t/);
		assert.match((await words("show", "ada")).stdout, /^ada laptop\t/);
	});

	it("are files that only their user can read", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		assert.deepEqual(
			[fileOf("team"), join(config, "contexts"), config].map((path) => statSync(path).mode & 0o777),
			[0o600, 0o700, 0o700],
		);
		assert.deepEqual(readdirSync(config).sort(), ["contexts", "current-context"]);
		assert.ok(!readFileSync(join(config, "current-context"), "utf8").includes(token));
	});

	it("are not read from a file or folder that others could have read or written", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		const file = fileOf("team");
		const refused = async (words: RegExp) => {
			const { code, stderr } = await tokensmith(["list"]);
			assert.equal(code, 1, stderr);
			assert.match(stderr, words);
			assert.ok(!stderr.includes(token));
		};
		for (const mode of [0o640, 0o604, 0o620]) {
			chmodSync(file, mode);
			await refused(/Other users can read or change/);
		}
		chmodSync(file, 0o600);
		linkSync(file, `${file}.second`);
		await refused(/not a file with one name/);
		rmSync(`${file}.second`);
		chmodSync(join(config, "contexts"), 0o770);
		await refused(/other users can write to it/);
		chmodSync(join(config, "contexts"), 0o700);
		renameSync(file, `${file}.moved`);
		symlinkSync(`${file}.moved`, file);
		await refused(/is a link/);
		rmSync(file);
		mkdirSync(file);
		await refused(/not a file with one name/);
		rmSync(file, { recursive: true });
		writeFileSync(file, `{"url": "${cli.daemon.address}", "token": "${token}`, { mode: 0o600 });
		await refused(/is damaged/);
		rmSync(file);
		const { code, stderr } = await tokensmith(["list"]);
		assert.deepEqual([code, /There is no context team/.test(stderr)], [2, true]);
		assert.equal((await tokensmith(["context", "use", "local"])).code, 0);
	});

	it("hide no other one whose file is wrong, and repeat nothing of it", async () => {
		await login(cli.daemon.address, token, "--name", "team");
		const wrong = [
			{ url: "no address", token },
			{ url: `https://${token}@tokens.example.com`, token },
			{ url: cli.daemon.address, token: `${token}\nX-Other: 1` },
			{ url: 1, token },
		];
		for (const [index, content] of wrong.entries())
			writeFileSync(fileOf(`wrong-${index}`), JSON.stringify(content), { mode: 0o600 });
		for (const args of [[], ["--json"]]) {
			const { code, stdout, stderr } = await tokensmith(["context", "list", ...args]);
			assert.deepEqual([code, stdout.match(/is damaged/g)?.length], [0, wrong.length], stderr);
			assert.match(stdout, /team/);
			assert.ok(!stdout.includes(token));
		}
		const { code, stderr } = await tokensmith(["list", "--context", "wrong-1"]);
		assert.deepEqual([code, /wrong-1\.json is damaged/.test(stderr)], [1, true], stderr);
	});

	it("say what stands in the way of their files", async () => {
		mkdirSync(join(config, "current-context"), { recursive: true, mode: 0o700 });
		const inTheWay = await login(cli.daemon.address, token, "--name", "team");
		assert.deepEqual([inTheWay.code, inTheWay.stdout], [1, ""]);
		assert.match(
			inTheWay.stderr,
			/^\/.*current-context can't be written \(EISDIR\)\. A folder is there: remove it\.$/m,
		);
		const local = await tokensmith(["context", "use", "local"]);
		assert.match(
			local.stderr,
			/^\/.*current-context can't be removed \(\w*EISDIR\)\. A folder is there: remove it\.$/m,
		);
		const none = { stdin: token, environment: { TOKENSMITH_CONFIG_DIR: join(bundle, "config") } };
		const nowhere = await tokensmith(["login", cli.daemon.address, "--token-stdin"], none);
		assert.match(
			nowhere.stderr,
			/^\/.* can't be made \(ENOTDIR\)\. Something in its path is not a folder\.$/m,
		);
	});

	const itWhereProc = itWhere(existsSync("/proc/self"), "this system has no /proc");
	itWhereProc("say at once that their folder can't be made where nothing can be", async () => {
		for (const folder of ["/proc/x", "/proc/x/y", "/dev/null/x", "/sys/x"]) {
			const environment = { TOKENSMITH_CONFIG_DIR: folder };
			const { code, stderr } = await tokensmith(["login", cli.daemon.address, "--token-stdin"], {
				...{ stdin: token, environment },
			});
			assert.equal(code, 1, folder);
			assert.match(stderr, /^\/.* can't be made \([A-Z]+\)\. /m, folder);
			const listed = await tokensmith(["context", "list"], { environment });
			assert.equal(listed.code, 0, listed.stderr);
		}
	});
});
