/** The command line with the user's own data directory: it finds the daemon there, and starts one. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../daemon/harness.ts";
import { blockWith } from "../documents.ts";
import { itWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { bundle, ending, run } from "./command-line.ts";

const asNobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
const canChangeUser = spawnSync("setpriv", [...asNobody, "true"]).status === 0;

describe("the command line in an empty home", () => {
	let home: string;
	const directory = () => join(home, "tokensmith");
	const environment = () => ({ HOME: home, XDG_DATA_HOME: home });
	const own = (...args: string[]) => run(args, { environment: environment() });
	const daemonFile = () => JSON.parse(readFileSync(join(directory(), "daemon.json"), "utf8"));

	beforeEach(() => {
		home = temporaryFolder();
	});
	afterEach(async () => {
		if (existsSync(join(directory(), "daemon.json"))) {
			process.kill(daemonFile().pid, "SIGTERM");
			await until("the daemon has stopped", () => !existsSync(join(directory(), "daemon.json")));
		}
		rmSync(home, { recursive: true, force: true, maxRetries: 3 });
	});

	it("starts one daemon, also for commands at the same time, and finds it from then on", async () => {
		const all = await Promise.all([own("list"), own("list"), own("address")]);
		assert.deepEqual(
			all.map(({ code, stderr }) => [code, stderr]),
			[
				[0, ""],
				[0, ""],
				[0, ""],
			],
		);
		const { pid, url } = daemonFile();
		assert.match(all[2]?.stdout ?? "", new RegExp(`@${new URL(url).host}\n$`));
		assert.equal((await own("list", "--no-start")).code, 0);
		assert.equal(daemonFile().pid, pid);
	});

	it("starts another where the last one was killed", async () => {
		assert.equal((await own("list")).code, 0);
		const { pid } = daemonFile();
		process.kill(pid, "SIGKILL");
		assert.equal((await own("list")).code, 0);
		assert.notEqual(daemonFile().pid, pid);
	});

	itWhere(canChangeUser, "only root can run a process as another user")(
		"deletes nothing of another user, and does not say that there is nothing",
		async () => {
			await created("mine");
			chmodSync(home, 0o755);
			const place = ["--data-dir", directory(), "--confirm", "DELETE"];
			const words = [...asNobody, process.execPath, bundle, "delete-all-data", ...place];
			const { code, stdout, stderr } = await ending(spawn("setpriv", words), "");
			assert.deepEqual([code, stdout], [1, ""]);
			assert.match(stderr, /tokensmith can't be read \(EACCES\)\. Only the owner/);
			assert.equal((await own("list", "--json")).stdout.includes("mine"), true);
		},
	);

	it("tells of tokens that an earlier version has left in an editor, and how to add them", async () => {
		const earlier = join(home, "code-server", "User", "globalStorage", "tokensmith.tokensmith");
		const [mine, theirs] = [await created("mine"), await created("theirs", "--data-dir", earlier)];
		await own("daemon", "stop", "--data-dir", earlier);
		const unreachable = await own("list", "--data-dir", earlier);
		assert.equal(unreachable.code, 3);
		assert.match(unreachable.stderr, new RegExp(`tokensmith daemon start --data-dir ${earlier}\n$`));
		const terminal = spawn("script", ["-qec", `'${process.execPath}' '${bundle}' list`, "/dev/null"], {
			env: { ...process.env, ...environment() },
		});
		assert.match((await ending(terminal, "")).stdout, /Other tokens, of an earlier version/);
		const { stdout } = await own("daemon", "status");
		const commands = stdout.split("\n").filter((line) => line.startsWith("  tokensmith "));
		const script = commands.join("\n").replace(/delete-all-data/, "$& --confirm DELETE");
		const done = spawn("sh", ["-ec", `cd "$HOME"; tokensmith() { "$NODE" "$BUNDLE" "$@"; }\n${script}`], {
			env: { ...process.env, ...environment(), NODE: process.execPath, BUNDLE: bundle },
		});
		const { code, stderr } = await ending(done, "");
		assert.equal(code, 0, stderr);
		for (const stdin of [mine, theirs])
			assert.equal((await run(["verify"], { stdin, environment: environment() })).code, 0);
		const after = await own("daemon", "status", "--json");
		assert.deepEqual(JSON.parse(after.stdout).otherData, []);
	});

	async function created(name: string, ...place: string[]): Promise<string> {
		if (place.length > 0) assert.equal((await own("daemon", "start", ...place)).code, 0);
		assert.equal((await own("permission", "add", "orders.read", ...place)).code, 0);
		const { stdout, stderr } = await own("create", name, "--permission", "orders.read", ...place);
		assert.notEqual(stdout, "", stderr);
		return stdout;
	}

	it("runs the README's commands as they are", async () => {
		const commands = blockWith("README.md", "sh", "tokensmith create deploy");
		const script = `set -e\ntokensmith() { "$NODE" "$BUNDLE" "$@"; }\n${commands}`;
		const env = { ...process.env, ...environment(), NODE: process.execPath, BUNDLE: bundle };
		const { code, stdout, stderr } = await ending(spawn("sh", ["-c", script], { env }), "");
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^Added orders\.read[\s\S]*^Valid: deploy, [\s\S]*^deploy +active /m);
	});

	it("starts none with --no-start, for another directory, or for a mistake", async () => {
		assert.equal((await own("list", "--no-start")).code, 3);
		assert.equal((await own("list", "--data-dir", join(home, "other"))).code, 3);
		assert.equal((await own("list", "everything")).code, 2);
		assert.equal((await own("help")).code, 0);
		assert.deepEqual([existsSync(directory()), existsSync(join(home, "other"))], [false, false]);
	});

	it("says of a data directory that is a file, or another user's, that none runs there", async () => {
		const file = join(home, "file");
		writeFileSync(file, "");
		for (const args of [["list"], ["daemon", "stop"]]) {
			const { code, stderr, stdout } = await own(...args, "--data-dir", file);
			assert.deepEqual([code, /No daemon runs for /.test(stdout + stderr)], [args[1] ? 0 : 3, true], stderr);
			assert.doesNotMatch(stderr, /at .*:\d+/);
		}
		const started = await own("daemon", "start", "--data-dir", file);
		assert.deepEqual([started.code, /can't be written to .*file/.test(started.stderr)], [3, true]);
		const deleted = await own("delete-all-data", "--confirm", "DELETE", "--data-dir", file);
		assert.match(deleted.stdout, /There is no data in/);
	});

	it("says with exit code 3 why none can start", async () => {
		writeFileSync(join(home, "tokensmith"), "");
		const file = await own("list");
		assert.deepEqual([file.code, file.stdout], [3, ""]);
		assert.match(file.stderr, /can't be written to .*tokensmith \(EEXIST\)\. Check/);
		rmSync(join(home, "tokensmith"));
		mkdirSync(join(directory(), "identity.pem"), { recursive: true, mode: 0o700 });
		const misplaced = await own("list");
		assert.equal(misplaced.code, 3);
		assert.match(misplaced.stderr, /^The daemon did not start\. .*identity\.pem is a directory, not a file/);
	});

	itWhere(canChangeUser, "only root can run a process as another user")(
		"tells another user whose the daemon is, with exit code 3, and starts none",
		async () => {
			assert.equal((await own("list")).code, 0);
			chmodSync(home, 0o755);
			const { pid } = daemonFile();
			const words = [...asNobody, process.execPath, bundle, "list"];
			const env = { PATH: process.env.PATH, TOKENSMITH_DATA_DIR: directory() };
			const { code, stdout, stderr } = await ending(spawn("setpriv", words, { env }), "");
			assert.deepEqual([code, stdout], [3, ""]);
			assert.match(
				stderr,
				/daemon\.json can't be read \(EACCES\)\. Only the owner of the data directory can\./,
			);
			assert.equal(daemonFile().pid, pid);
		},
	);
});
