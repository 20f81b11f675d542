/** How a daemon is started, by programs in its place that say what they were given. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { mock } from "node:test";
import { isAlive } from "../../daemon/client/process-alive.ts";
import {
	announcementOfNew,
	firstLineOfNew,
	isStillAlive,
	SpawnError,
} from "../../daemon/client/spawn-daemon.ts";
import { itWhere } from "../where.ts";
import { until } from "../workbench/until.ts";
import { temporaryFolder } from "./harness.ts";

const hasModes = process.platform !== "win32";

describe("a daemon that is started", () => {
	let folder = "";
	let dataDir = "";
	beforeEach(() => {
		folder = temporaryFolder();
		dataDir = join(folder, "data");
	});
	afterEach(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

	const errorFile = () => join(dataDir, "daemon-errors.txt");

	/** A program's first line. */
	function first(text: string, { milliseconds = 15_000, args = [] as string[] } = {}) {
		return firstLineOfNew({ dataDir, daemonPath: program(text), args, milliseconds });
	}

	function program(text: string): string {
		const path = join(folder, "program.cjs");
		writeFileSync(path, text);
		return path;
	}

	async function failure(text: string, milliseconds = 15_000): Promise<SpawnError> {
		const error = await first(text, { milliseconds }).catch((reason) => reason);
		assert.ok(error instanceof SpawnError, String(error));
		return error;
	}

	const tellAll = `console.log(JSON.stringify({ event: "told", argv: process.argv.slice(2), cwd: process.cwd(),
		env: process.env, pid: process.pid }));`;

	it("gets its directory, which is made for its user alone, and its arguments behind it", async () => {
		const told = (await first(tellAll, { args: ["--port", "1"] })) as Record<string, unknown>;
		assert.deepEqual(told.argv, ["--data-dir", dataDir, "--port", "1"]);
		assert.equal(told.cwd, dataDir);
		if (!hasModes) return;
		assert.equal(statSync(dataDir).mode & 0o777, 0o700);
		assert.equal(statSync(errorFile()).mode & 0o777, 0o600);
	});

	it("gets the variables that Node.js needs, and no other", async () => {
		process.env.TOKENSMITH_TEST_SECRET = "not for the daemon";
		try {
			const { env } = (await first(tellAll)) as unknown as { env: Record<string, string> };
			const known = "PATH HOME LANG TZ TMPDIR LD_LIBRARY_PATH".split(" ");
			const given = known.filter((name) => process.env[name] !== undefined);
			assert.deepEqual(
				Object.fromEntries(given.map((name) => [name, env[name]])),
				Object.fromEntries(given.map((name) => [name, process.env[name]])),
			);
			assert.equal(env.ELECTRON_RUN_AS_NODE, "1");
			assert.equal(env.TOKENSMITH_TEST_SECRET, undefined);
			assert.deepEqual(
				Object.keys(env).filter((name) => /^(?:NODE_(?!V8)|npm_)/.test(name)),
				[],
			);
		} finally {
			delete process.env.TOKENSMITH_TEST_SECRET;
		}
	});

	itWhere(process.platform === "linux", "only Linux shows a process's group as a file")(
		"has a process group of its own, so that it does not end with this one's",
		async () => {
			const { pid } = (await first(`${tellAll} setTimeout(() => {}, 60_000)`)) as unknown as { pid: number };
			const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
			process.kill(pid, "SIGKILL");
			assert.equal(Number(fields[2]), pid);
		},
	);

	it("keeps running when what started it has ended, which it does not keep from ending", async () => {
		const daemonPath = program(`${tellAll} setTimeout(() => console.error("late"), 60_000)`);
		const module = resolve(import.meta.dirname, "../../daemon/client/spawn-daemon.ts");
		const starter = spawn(
			process.execPath,
			[
				"--input-type=module",
				"--eval",
				`import { firstLineOfNew } from ${JSON.stringify(module)};
				const told = await firstLineOfNew(${JSON.stringify({ dataDir, daemonPath, args: [], milliseconds: 15_000 })});
				process.stdout.write(String(told.pid));`,
			],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		const [printed] = await once(starter.stdout, "data");
		assert.deepEqual(await once(starter, "exit"), [0, null]);
		assert.ok(isAlive(Number(printed)));
		process.kill(Number(printed), "SIGKILL");
	});

	for (const name of ["bun", "deno"]) {
		itWhere(hasModes, "Windows runs no script as node")(
			`runs on the node of the PATH where a service runs on ${name}`,
			async () => {
				const { versions } = process;
				const path = process.env.PATH;
				const script = `#!/bin/sh\nexec "${process.execPath}" -e 'console.log(JSON.stringify({ event: "node" }))'\n`;
				writeFileSync(join(folder, "node"), script, { mode: 0o700 });
				Object.defineProperty(process, "versions", { value: { ...versions, [name]: "1.0.0" } });
				process.env.PATH = `${folder}:${path}`;
				try {
					assert.deepEqual(await first(tellAll), { event: "node" });
				} finally {
					Object.defineProperty(process, "versions", { value: versions });
					process.env.PATH = path;
				}
				assert.equal((await first(tellAll)).event, "told", "Node.js runs it by itself");
			},
		);
	}

	it("is held by an unknown process where that has no id", async () => {
		const heldBy = (pid: number | undefined) =>
			announcementOfNew({
				...{ dataDir, args: [], milliseconds: 15_000 },
				daemonPath: program(`console.log('${JSON.stringify({ event: "held", pid })}')`),
			});
		assert.deepEqual(await heldBy(undefined), { event: "held", pid: 0 });
		assert.deepEqual(await heldBy(12), { event: "held", pid: 12 });
	});

	it("leaves behind what it wrote to stderr, of this start only", async () => {
		mkdirSync(dataDir, { mode: 0o700 });
		writeFileSync(errorFile(), "of an earlier start\n");
		const error = await failure("console.error('broken'); process.exit(3)");
		assert.deepEqual([error.reason, error.output], ["ended", "broken"]);
		assert.match(String(error.cause), /exit code 3/);
		assert.equal(readFileSync(errorFile(), "utf8"), "of an earlier start\nbroken\n");
	});

	itWhere(process.platform === "linux", "only Linux shows a process's open files")(
		"keeps none of this process's files open",
		async () => {
			await first(tellAll);
			await failure("process.exit(3)");
			const open = readdirSync("/proc/self/fd").flatMap((name) => {
				const path = `/proc/self/fd/${name}`;
				return existsSync(path) ? [readlinkSync(path)] : [];
			});
			assert.deepEqual(
				open.filter((path) => path.startsWith(folder)),
				[],
			);
		},
	);

	it("has the end of a long output told", async () => {
		const { output } = await failure("console.error('x'.repeat(3000) + 'last'); process.exit(3)");
		assert.equal(output.length, 1999);
		assert.match(output, /^x+last$/);
	});

	for (const [bytes, kept] of [
		[1024 * 1024, true],
		[1024 * 1024 + 1, false],
	] as const) {
		it(`${kept ? "keeps" : "begins anew"} ${bytes} bytes of earlier output`, async () => {
			mkdirSync(dataDir, { mode: 0o700 });
			writeFileSync(errorFile(), "x".repeat(bytes));
			const { output } = await failure("console.error('broken'); process.exit(3)");
			assert.equal(output, "broken");
			assert.equal(statSync(errorFile()).size, (kept ? bytes : 0) + "broken\n".length);
		});
	}

	it("is ended when it says nothing in time, or what is no line of a daemon", async () => {
		const pidFile = join(folder, "pid");
		const note = `require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`;
		const hangs = `${note} setInterval(() => {}, 1000);`;
		for (const [text, milliseconds, reason] of [
			[hangs, 3000, "too-slow"],
			[`console.log("hello"); ${hangs}`, 15_000, "ended"],
		] as const) {
			assert.equal((await failure(text, milliseconds)).reason, reason);
			const pid = Number(readFileSync(pidFile, "utf8"));
			await until("it is gone", () => !isAlive(pid));
		}
		assert.equal((await failure(hangs, 0)).reason, "too-slow");
	});

	it("is not started where its directory can't be made", async () => {
		writeFileSync(join(folder, "file"), "");
		dataDir = join(folder, "file", "data");
		const error = await failure(tellAll);
		assert.deepEqual([error.reason, error.output], ["data-unwritable", ""]);
		assert.equal((error.cause as NodeJS.ErrnoException).code, "ENOTDIR");
	});

	itWhere(hasModes, "Windows has no modes")(
		"writes through no link in a directory to which others can write",
		async () => {
			mkdirSync(dataDir);
			writeFileSync(join(folder, "victim"), "theirs");
			symlinkSync(join(folder, "victim"), errorFile());
			chmodSync(dataDir, 0o777);
			const { output } = await failure("console.error('broken'); process.exit(3)");
			assert.equal(output, "");
			assert.equal(readFileSync(join(folder, "victim"), "utf8"), "theirs");
			chmodSync(dataDir, 0o755);
			assert.equal((await failure("console.error('broken'); process.exit(3)")).output, "broken");
		},
	);

	it("is looked at again after a moment, which is longer where its process can't be seen", async () => {
		const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
		mock.timers.enable({ apis: ["setTimeout"] });
		try {
			for (const [milliseconds, alive] of [
				[50, true],
				[50, false],
				[300, false],
			] as const) {
				const answers: boolean[] = [];
				const looking = isStillAlive(child.pid as number).then((answer) => void answers.push(answer));
				mock.timers.tick(milliseconds - 1);
				for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
				assert.deepEqual(answers, []);
				if (!alive && child.exitCode === null && child.signalCode === null) {
					child.kill("SIGKILL");
					await once(child, "exit");
				}
				mock.timers.tick(1);
				await looking;
				assert.deepEqual(answers, [alive]);
			}
		} finally {
			mock.timers.reset();
			child.kill("SIGKILL");
		}
	});
});
