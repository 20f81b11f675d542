/** What the bundled daemon is called with. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
	chownSync,
	existsSync,
	mkdirSync,
	readFileSync,
	rmdirSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { itWhere } from "../where.ts";
import { daemonsOfEach } from "./daemon.ts";

const namelessId = 54_321;
const itWhereUnix = itWhere(
	process.platform !== "win32",
	"Windows has no named pipes and devices in folders",
);
const canChangeUser = spawnSync("setpriv", ["--reuid", String(namelessId), "true"]).status === 0;

describe("the bundled daemon", () => {
	const daemons = daemonsOfEach();

	for (const args of [
		["--port", "x"],
		["--port", "70000"],
		["--nonsense"],
		["--idle-seconds", "-1"],
		["--data-dir", ""],
		["--trusted-proxy", "somewhere"],
	]) {
		it(`explains itself when it is called with ${args.join(" ")}`, async () => {
			const daemon = await daemons.start(args);
			assert.equal(daemon.first.code, "arguments");
			assert.equal(await daemon.exited, 2);
			assert.match(daemon.errors, /Usage: tokensmith daemon run/);
		});
	}

	it("loads profiles from files, and names file and pointer of an error in one", async () => {
		const good = JSON.parse(readFileSync("daemon/profiles/local.json", "utf8"));
		const file = join(daemons.folder, "acme.json");
		writeFileSync(file, JSON.stringify({ ...good, id: "acme" }));
		const daemon = await daemons.start(["--port", "0", "--profile", file]);
		const { profiles } = (await (await daemon.fetch("/v1/profiles")).json()) as {
			profiles: { id: string }[];
		};
		assert.ok(profiles.some(({ id }) => id === "acme"));
		await daemon.kill();
		writeFileSync(file, JSON.stringify({ ...good, id: "acme", names: { uniqe: true } }));
		const refused = await daemons.start(["--port", "0", "--profile", file]);
		assert.deepEqual([refused.first.event, refused.first.code], ["failed", "profile-invalid"]);
		assert.match(refused.first.detail ?? "", /acme\.json.*\/names\/unique/);
	});

	it("answers --help and --version", async () => {
		for (const [option, expected] of [
			["--help", /Usage:/],
			["--version", /^\d+\.\d+\.\d+\n$/],
		] as const) {
			const child = spawn(process.execPath, ["dist/daemon.js", option]);
			let text = "";
			for await (const part of child.stdout) text += part;
			assert.match(text, expected);
		}
	});

	for (const name of ["daemon.json", "identity.pem", "index.jsonl", "lock-3", "changes-3.log"]) {
		it(`says which directory is in the place of a file: ${name}`, async () => {
			mkdirSync(join(daemons.directory, name), { recursive: true });
			const daemon = await daemons.start();
			assert.deepEqual([daemon.first.event, daemon.first.code], ["failed", "data-unwritable"]);
			assert.match(daemon.first.detail ?? "", new RegExp(`${name} is a directory, not a file. Move it away`));
			assert.doesNotMatch(daemon.errors, /space/);
			assert.equal(await daemon.exited, 1);
			rmdirSync(join(daemons.directory, name));
			assert.equal((await daemons.start()).first.event, "ready");
		});
	}

	const kinds: [kind: string, put: (path: string) => void][] = [
		["a named pipe", (path) => execFileSync("mkfifo", [path])],
		["a device", (path) => symlinkSync("/dev/zero", path)],
		["a link that leads in a circle", (path) => symlinkSync(path, path)],
	];
	for (const name of ["daemon.json", "daemon.spare", "identity.pem", "index.jsonl", "lock-3", "copy-3.log"]) {
		for (const [kind, put] of kinds) {
			itWhereUnix(`does not read ${kind} in the place of ${name}, and says what it is`, async () => {
				mkdirSync(daemons.directory);
				put(join(daemons.directory, name));
				const daemon = await daemons.start();
				assert.equal(daemon.first.code, "data-unwritable");
				assert.match(daemon.first.detail ?? "", new RegExp(`${name} is ${kind}, not a file. Move it away`));
				assert.equal(await daemon.exited, 1);
			});
		}
	}

	const itWhereProc = itWhere(existsSync("/proc/self"), "this system has no /proc");
	itWhereProc("says at once that a data directory can't be made where nothing can be", async () => {
		const daemon = await daemons.start(["--data-dir", "/proc/x/y"]);
		assert.deepEqual([daemon.first.event, daemon.first.code], ["failed", "data-unwritable"]);
		assert.match(daemon.first.detail ?? "", /mkdir '\/proc\/x'.* Create the directory above it, or choose/);
	});

	it("says so and runs without its log where a directory is in its place", async () => {
		mkdirSync(join(daemons.directory, "daemon.log"), { recursive: true });
		const daemon = await daemons.start();
		assert.equal(daemon.first.event, "ready");
		await daemon.kill();
		assert.match(daemon.errors, /log can't be written: EISDIR/);
	});

	itWhere(canChangeUser, "only root can run a process as another user")(
		"starts for a user id without a name",
		async () => {
			const shell = `set -- setpriv --reuid ${namelessId} --regid ${namelessId} --clear-groups "$@";`;
			mkdirSync(daemons.directory);
			for (const path of [daemons.folder, daemons.directory]) chownSync(path, namelessId, namelessId);
			const daemon = await daemons.start(["--port", "0"], shell);
			assert.equal(daemon.first.event, "ready", daemon.errors);
			const { createdUserInfo } = await daemon.create("x");
			assert.equal(createdUserInfo.userName, `uid ${namelessId}`);
		},
	);

	it("keeps its log within two files of five MiB, however many requests are refused", async () => {
		const daemon = await daemons.start();
		const log = join(daemons.directory, "daemon.log");
		await daemon.kill();
		// As far as a first file gets.
		writeFileSync(log, "x\n".repeat(5 << 19));
		const full = await daemons.start();
		const refused = () => full.fetch("/v1/api-tokens", { method: "POST", headers: { authorization: "x" } });
		for (let count = 0; count < 50; count++)
			assert.deepEqual(
				new Set((await Promise.all(Array.from({ length: 20 }, refused))).map(({ status }) => status)),
				new Set([401]),
			);
		await full.kill();
		assert.ok(statSync(log).size < 1 << 20, "the log begins anew once it is full");
		assert.ok(statSync(`${log}.1`).size <= (5 << 20) + (1 << 20));
	});
});
