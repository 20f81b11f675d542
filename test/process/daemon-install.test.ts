/** The daemon as a service of the user: its definitions, its copy, and what survives an update. The real system is left alone. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { launchdPlist, launchdWord, systemdUnit, windowsTask } from "../../daemon/cli/service-definition.ts";
import { updateServiceFiles } from "../../daemon/client/service-files.ts";
import { temporaryFolder } from "../daemon/harness.ts";
import { skipTest } from "../where.ts";
import { until } from "../workbench/until.ts";
import { run } from "./command-line.ts";

const bundle = resolve(import.meta.dirname, "..", "..", "dist", "daemon.js");
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("the daemon as a service", () => {
	let home: string;
	let directory: string;
	let unit: string;
	beforeEach(() => {
		home = temporaryFolder();
		directory = join(home, "data of 100 % $HOME");
		unit = join(home, "config", "systemd", "user", "tokensmith.service");
	});
	afterEach(async () => {
		await own("stop");
		rmSync(home, { recursive: true, force: true, maxRetries: 3 });
	});
	const environment = (more = {}) => ({ HOME: home, XDG_CONFIG_HOME: join(home, "config"), ...more });
	const own = (command: string, ...args: string[]) =>
		run(["daemon", command, "--data-dir", directory, ...args], { environment: environment() });
	const files = () => readdirSync(join(directory, "service")).sort();
	const status = async () => JSON.parse((await own("status", "--json")).stdout);

	/** Runs what the unit says, by systemd's own rules of quoting. */
	function programOfUnit(): string[] {
		const [, line = ""] = /^ExecStart=(.*)$/m.exec(readFileSync(unit, "utf8")) ?? [];
		const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
			([, quoted, bare]) => quoted ?? bare ?? "",
		);
		return words.map((word) => word.replaceAll("%%", "%").replaceAll("$$", "$").replace(/\\(.)/g, "$1"));
	}

	it("has a unit that systemd finds nothing wrong with, whatever is in the paths", function () {
		if (!hasSystemd) skipTest(this, "systemd-analyze is not installed");
		const odd = join(home, `da"ta \\ 100% $HOME`);
		const bin = join(home, "no de 100% $5");
		mkdirSync(bin);
		symlinkSync(process.execPath, join(bin, "node"));
		const verify = (text: string) => {
			const path = join(home, "tokensmith.service");
			writeFileSync(path, text);
			return spawnSync("systemd-analyze", ["verify", "--user", path], {
				encoding: "utf8",
				env: { ...process.env, XDG_RUNTIME_DIR: home },
			});
		};
		const command = { node: join(bin, "node"), program: join(odd, "daemon.cjs"), dataDir: odd, port: "0" };
		const { status, stderr } = verify(systemdUnit(command));
		assert.deepEqual([status, stderr], [0, ""]);
		const wrong = verify(systemdUnit({ ...command, node: join(bin, "none") }));
		assert.notEqual(wrong.status, 0, "a program that is missing is found");
		assert.throws(() => systemdUnit({ ...command, node: join(odd, "node") }), /can't run/);
	});

	it("has definitions for macOS and Windows that a parser reads back as they were meant", () => {
		const command = {
			node: "/n & <o>/node",
			program: "/p 'q'/daemon.cjs",
			dataDir: "/d & <e>",
			port: undefined,
		};
		const words = [command.node, command.program, "--data-dir", command.dataDir, "--service"];
		const python = (code: string, text: string | Buffer) =>
			JSON.parse(execFileSync("python3", ["-c", code], { input: text, encoding: "utf8" }));
		const plist = "import sys, json, plistlib; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
		const read = python(plist, launchdPlist(command));
		assert.deepEqual([read.ProgramArguments, read.KeepAlive], [words, { SuccessfulExit: false }]);
		const longer = launchdPlist({ ...command, dataDir: `${command.dataDir}2` });
		assert.ok(!longer.includes(launchdWord(command.dataDir)), "it is for another data directory");
		const ns = "{http://schemas.microsoft.com/windows/2004/02/mit/task}";
		const task = `import sys, json, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
print(json.dumps([root.find(".//${ns}" + name).text for name in ("Command", "Arguments", "UserId")]))`;
		const windows = { ...command, node: "C:\\n & o\\node.exe", dataDir: "D:\\", user: "D\\u & v" };
		const bytes = Buffer.from(`\uFEFF${windowsTask(windows)}`, "utf16le");
		assert.deepEqual(python(task, bytes), [
			windows.node,
			`"/p 'q'/daemon.cjs" "--data-dir" "D:\\\\" "--service"`,
			windows.user,
		]);
	});

	it("runs from its own copy, as its unit says, and leaves the tokens when it is removed", async () => {
		const installed = await own("install", "--files-only", "--port", "0");
		assert.deepEqual([installed.code, installed.stderr], [0, ""]);
		assert.match(installed.stdout, /systemctl --user enable tokensmith\.service/);
		const [node = "", ...args] = programOfUnit();
		assert.ok(args[0]?.startsWith(join(directory, "service")), args[0]);
		const child = spawn(node, args, { stdio: ["ignore", "pipe", "inherit"] });
		await once(child.stdout, "data");
		const { service, idleSeconds, pid } = await status();
		assert.deepEqual([service, idleSeconds, pid], ["running", 0, child.pid]);
		// What a service manager with Restart=on-failure takes for the wish of its user.
		const second = spawn(node, args, { stdio: "ignore" });
		assert.deepEqual(await once(second, "exit"), [0, null], "a second one ends without an error");
		const exited = once(child, "exit");
		assert.match((await own("stop")).stdout, /The service starts it again when you log in/);
		assert.deepEqual(await exited, [0, null]);
		assert.equal((await own("uninstall", "--files-only")).code, 0);
		assert.deepEqual([existsSync(unit), existsSync(join(directory, "service"))], [false, false]);
		assert.ok(existsSync(join(directory, "identity.pem")));
		assert.equal((await own("uninstall")).stdout, "No service is installed.\n");
	});

	it("says for programs, as JSON, what was installed and removed", async () => {
		const answerOf = async (command: string) =>
			JSON.parse((await own(command, "--files-only", "--json")).stdout);
		const { definition, url, enable } = await answerOf("install");
		assert.deepEqual([definition, url, enable[0][0]], [unit, null, "systemctl"]);
		assert.equal((await answerOf("uninstall")).removed, true);
		assert.equal((await answerOf("uninstall")).removed, false);
	});

	it("does not stop when it is idle once a service is installed, whichever program started it", async () => {
		await own("start", "--idle-seconds", "1");
		assert.equal((await status()).idleSeconds, 1);
		await own("install", "--files-only");
		const { idleSeconds, service } = await status();
		assert.deepEqual([idleSeconds, service], [0, "installed"]);
		await own("uninstall", "--files-only");
		await until("the daemon stops when it is idle", () => !existsSync(join(directory, "daemon.json")));
	});

	it("is brought up to date by a newer daemon, and never by an older one", async () => {
		await own("install", "--files-only");
		const program = join(directory, "service", "daemon.cjs");
		const [copy = ""] = files();
		const setVersion = (version: string) => {
			const name = copy.replace(/^[\d.]+/, version);
			execFileSync("mv", [join(directory, "service", files()[0] ?? ""), join(directory, "service", name)]);
			writeFileSync(program, `require("./${name}/daemon.js");\n`);
		};
		setVersion("0.0.9");
		await own("start");
		const isOld = () => readFileSync(program, "utf8").includes("0.0.9");
		await until("the copy is replaced, and only then removed", () => !isOld() && files().length === 2);
		assert.match(readFileSync(program, "utf8"), /"\.\/\d+\.\d+\.\d+-[0-9a-f]{8}\/daemon\.js"/);
		await own("stop");
		setVersion("99.0.0");
		assert.equal(updateServiceFiles(directory, join(bundle, ".."), "0.1.0"), false);
		assert.match(readFileSync(program, "utf8"), /99\.0\.0/);
	});

	it("overwrites no other definition without being told to", async () => {
		mkdirSync(join(unit, ".."), { recursive: true });
		writeFileSync(unit, "[Service]\nExecStart=/bin/true\n");
		const foreign = await own("install", "--files-only");
		assert.equal(foreign.code, 1);
		assert.match(foreign.stderr, /has not written .*tokensmith\.service\. Move it away, or give --force/);
		assert.ok(!existsSync(directory));
		assert.equal((await own("install", "--files-only", "--force")).code, 0);
		const other = ["--data-dir", join(home, "other"), "--files-only"];
		const elsewhere = await run(["daemon", "install", ...other], { environment: environment() });
		assert.equal(elsewhere.code, 1);
		assert.match(elsewhere.stderr, /is for another data directory than .*other/);
		writeFileSync(unit, "[Service]\nExecStart=/bin/true\n");
		assert.equal((await own("uninstall", "--files-only")).code, 1);
		assert.ok(existsSync(unit) && existsSync(join(directory, "service")));
	});

	it("says so where there is no service manager, and writes nothing", async () => {
		const bare = environment({ XDG_RUNTIME_DIR: join(home, "none"), DBUS_SESSION_BUS_ADDRESS: "" });
		const args = ["daemon", "install", "--data-dir", directory];
		const { code, stdout, stderr } = await run(args, { environment: bare });
		assert.deepEqual([code, stdout], [1, ""]);
		assert.match(stderr, /There is no systemd for this user here.*tokensmith daemon start/);
		assert.deepEqual([existsSync(unit), existsSync(directory)], [false, false]);
	});

	/** Installs while systemctl refuses one of its commands. Answers also what it was asked for. */
	async function installRefused(refused: string) {
		const bin = join(home, "bin");
		mkdirSync(bin);
		const log = join(home, "systemctl.log");
		const script = `#!/bin/sh\necho "$*" >>'${log}'\ncase "$2" in ${refused}) echo "Refused." >&2; exit 1;; esac\n`;
		writeFileSync(join(bin, "systemctl"), script);
		chmodSync(join(bin, "systemctl"), 0o755);
		const path = environment({ PATH: `${bin}:${process.env.PATH}` });
		const { code, stderr } = await run(["daemon", "install", "--data-dir", directory], { environment: path });
		return { code, stderr, asked: readFileSync(log, "utf8").trimEnd().split("\n") };
	}

	it("takes back what it has written if the service manager refuses", async () => {
		const { code, stderr } = await installRefused("enable");
		assert.equal(code, 1);
		assert.match(stderr, /^'systemctl --user enable tokensmith\.service' failed: Refused\.$/m);
		assert.deepEqual([existsSync(unit), existsSync(join(directory, "service"))], [false, false]);
	});

	it("turns an earlier service on again if the service manager refuses the new one", async () => {
		await own("install", "--files-only", "--port", "0");
		const before = readFileSync(unit, "utf8");
		const { code, asked } = await installRefused("restart");
		assert.equal(code, 1);
		assert.equal(readFileSync(unit, "utf8"), before);
		const verbs = asked.map((words) => words.split(" ")[1]);
		assert.ok(verbs.lastIndexOf("enable") > verbs.indexOf("restart"), asked.join("\n"));
	});

	it("says where it can't write", async () => {
		mkdirSync(join(home, "config"));
		writeFileSync(join(home, "config", "systemd"), "");
		const refused = await own("install", "--files-only");
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /^The service can't be written: (?:ENOTDIR|EEXIST)/);
		assert.ok(!existsSync(join(directory, "service")));
	});
});
