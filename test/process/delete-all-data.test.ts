/** All data is deleted only by the typed word, and whole or not at all, whenever the process is killed. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deletionWord } from "../../daemon/facts.ts";
import { itWhere } from "../where.ts";
import { bundle, ending, run } from "./command-line.ts";
import { DaemonChild, daemonsOfEach } from "./daemon.ts";

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
const noTrace = "strace can't run here";

describe("the deletion of all data", () => {
	const daemons = daemonsOfEach();

	it("happens at a terminal after the typed word only, and says what goes and what stays", async () => {
		const daemon = await daemons.start();
		const { token } = await daemon.create("orders");
		const refused = await atTerminal("delete");
		assert.equal(refused.code, 1, refused.stdout);
		assert.match(refused.stdout, /1 token\r?\n.*1 of them works now: services refuse it from then on/);
		assert.match(refused.stdout, /Stays:.*env files.*other systems.*backups.*Back up first/s);
		assert.match(refused.stdout, /Nothing was deleted/);
		assert.equal(await daemon.verify(token), 200);
		const { identity } = daemon.file;
		const done = await atTerminal(deletionWord);
		assert.equal(done.code, 0, done.stdout);
		assert.match(done.stdout, /Deleted all data in .*\. Services refuse its tokens now/);
		await daemon.exited;
		const next = await startEmpty();
		assert.equal(await next.verify(token), 401);
		assert.deepEqual(await tokensOf(next), []);
		assert.notEqual(next.file.identity, identity);
		await next.kill();
	});

	it("needs the word in a pipe too, and changes nothing without it", async () => {
		const daemon = await daemons.start();
		await daemon.create("orders");
		await daemon.kill();
		const before = contentOf(daemons.directory);
		for (const args of [[], ["--confirm", "delete"], ["--confirm", "yes"]]) {
			const { code, stderr } = await deletion(args, `${deletionWord}\n`);
			assert.equal(code, 2);
			assert.match(stderr, /^Nothing was deleted: .*DELETE/);
			assert.deepEqual(contentOf(daemons.directory), before);
		}
		assert.deepEqual(await deletion(["--confirm", deletionWord]), {
			code: 0,
			stdout: `Deleted all data in ${daemons.directory}. Services refuse its tokens now.\n`,
			stderr: "",
		});
		assert.deepEqual(readdirSync(daemons.directory).filter(isNoLock), []);
	});

	it("is not begun by a file that no daemon has written", async () => {
		const daemon = await daemons.start();
		const { token } = await daemon.create("orders");
		await daemon.kill();
		writeFileSync(inDirectory("deleting"), "my notes");
		const { first } = await daemons.start();
		assert.match(first.detail ?? "", /deleting is not the empty file that begins a deletion.* Move it away/);
		rmSync(inDirectory("deleting"));
		assert.equal(await (await daemons.start()).verify(token), 200);
	});

	it("leaves what is not Tokensmith's, names it, and keeps what editors know and an installed service", async () => {
		const daemon = await daemons.start();
		await daemon.create("orders");
		for (const folder of ["notices", "editors", "service", "audit-0-1-00000000.jsonl.damaged", "mine"])
			mkdirSync(inDirectory(folder), { mode: 0o700 });
		for (const file of ["notices/orders~2", "snapshot-notes.db", "mine/changes-1.log", "daemon.log.1"])
			writeFileSync(inDirectory(file), "", { mode: 0o600 });
		writeFileSync(inDirectory("snapshot-1-7-00000000.db.damaged-2"), "", { mode: 0o600 });
		const { code, stdout, stderr } = await deletion(["--confirm", deletionWord, "--json"]);
		assert.equal(code, 0, stderr);
		const said = JSON.parse(stdout);
		const left = ["audit-0-1-00000000.jsonl.damaged", "mine", "snapshot-notes.db"];
		assert.deepEqual([said.tokens, said.left.sort()], [1, left]);
		assert.deepEqual(
			readdirSync(daemons.directory).filter(isNoLock).sort(),
			[...left, "editors", "service"].sort(),
		);
	});

	it("deletes nothing where there is no data, and creates no folder", async () => {
		mkdirSync(daemons.directory);
		writeFileSync(inDirectory("notes.txt"), "mine");
		for (const place of [daemons.directory, join(daemons.folder, "none")]) {
			const { code, stdout } = await run(["delete-all-data", "--confirm", deletionWord, "--data-dir", place]);
			assert.deepEqual([code, stdout], [0, `There is no data in ${place}.\n`]);
		}
		assert.deepEqual(readdirSync(daemons.folder), ["data"]);
		assert.deepEqual(readdirSync(daemons.directory), ["notes.txt"]);
	});

	it("lets programs that start the daemon meanwhile find nothing, and no error", async () => {
		const daemon = await daemons.start();
		const { token } = await daemon.create("orders");
		const place = { environment: { TOKENSMITH_DATA_DIR: daemons.directory } };
		const others = [1, 2, 3].map(() => run(["list", "--json"], place));
		const done = await deletion(["--confirm", deletionWord]);
		assert.equal(done.code, 0, done.stderr);
		for (const { stderr } of await Promise.all(others)) assert.doesNotMatch(stderr, /damaged|lost/);
		const after = await run(["list", "--json"], place);
		assert.deepEqual([after.code, JSON.parse(after.stdout)], [0, { tokens: [] }], after.stderr);
		const { stdout } = await run(["daemon", "status", "--json"], place);
		const answer = await fetch(`${JSON.parse(stdout).url}/v1/verify`, {
			headers: { authorization: `Bearer ${token}` },
		});
		assert.equal(answer.status, 401);
		await run(["daemon", "stop"], place);
	});

	// The first file that is removed is the lock's own, before anything is deleted.
	for (const count of [1, 2, 3, 5, 8, 13, 21]) {
		const outcome = count === 1 ? "has not begun" : "is whole after the next start";
		itWhere(canTrace, noTrace)(`${outcome} after a kill -9 before the removal ${count}`, async () => {
			const daemon = await daemons.start();
			const { token } = await daemon.create("orders");
			const { identity } = daemon.file;
			await daemon.kill();
			for (const name of [
				"compile-cache",
				...readdirSync(daemons.directory).filter((name) => !isNoLock(name)),
			])
				rmSync(inDirectory(name), { recursive: true, force: true });
			await once(traced(`signal=KILL:when=${count}`), "exit");
			const next = await startEmpty();
			const isWhole = (await next.verify(token)) === 200;
			assert.equal(isWhole, count === 1);
			assert.equal((await tokensOf(next)).length, isWhole ? 1 : 0);
			assert.equal(next.file.identity === identity, isWhole);
			assert.deepEqual(await next.notices(), []);
			assert.ok(!readdirSync(daemons.directory).includes("deleting"));
			await next.kill();
		});
	}

	itWhere(canTrace, noTrace)(
		"says when it has begun and can't go on, and is finished by the next start",
		async () => {
			const daemon = await daemons.start();
			const { token } = await daemon.create("orders");
			await daemon.kill();
			const { stdout } = await ending(traced("error=EPERM:when=6+"), "");
			const { event, code, detail } = JSON.parse(stdout);
			assert.deepEqual([event, code], ["failed", "data-undeleted"]);
			assert.match(detail, /has begun, and can't go on: EPERM.*next start of the daemon finishes it/);
			const next = await startEmpty();
			assert.deepEqual([await next.verify(token), await tokensOf(next)], [401, []]);
			await next.kill();
		},
	);

	/** The deletion, with something done by the kernel to its calls that remove files, such as a kill. */
	function traced(injected: string): ChildProcessWithoutNullStreams {
		const calls = "unlink,unlinkat,rmdir";
		const trace = ["-f", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:${injected}`];
		const command = [
			process.execPath,
			bundle,
			"--data-dir",
			daemons.directory,
			"--delete-data",
			deletionWord,
		];
		return spawn("strace", [...trace, ...command]);
	}

	async function startEmpty(): Promise<DaemonChild> {
		const daemon = await DaemonChild.startEmpty(daemons.directory);
		assert.equal(daemon.first.event, "ready", daemon.errors);
		return daemon;
	}

	async function tokensOf(daemon: DaemonChild): Promise<unknown[]> {
		const { tokens } = (await (await daemon.fetch("/v1/api-tokens")).json()) as { tokens: unknown[] };
		return tokens;
	}

	function deletion(args: string[], stdin = "") {
		return run(["delete-all-data", ...args, "--data-dir", daemons.directory], { stdin });
	}

	function atTerminal(typed: string) {
		const words = [process.execPath, bundle, "delete-all-data", "--data-dir", daemons.directory];
		const child = spawn("script", ["-qec", words.map((word) => `'${word}'`).join(" "), "/dev/null"]);
		return ending(child, [[/to delete all of it: /, `${typed}\n`]]);
	}

	function inDirectory(name: string): string {
		return join(daemons.directory, name);
	}
});

function isNoLock(name: string): boolean {
	return !/^lock-\d+$/.test(name);
}

function contentOf(directory: string): [string, string][] {
	const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
	return files.map(({ name }) => [name, readFileSync(join(directory, name), "base64")]);
}
