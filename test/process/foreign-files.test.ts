/** A data directory in which other users could have put or changed files. */
import assert from "node:assert/strict";
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { foreignFileAt } from "../../daemon/client/own-files.ts";
import { itWhere } from "../where.ts";
import { run } from "./command-line.ts";
import { daemonsOfEach } from "./daemon.ts";

describe("a daemon in a directory", () => {
	const daemons = daemonsOfEach();
	const modeOf = (path: string) => statSync(path).mode & 0o777;

	for (const mode of [0o777, 0o775, 0o1777]) {
		it(`with files that others could have written (${mode.toString(8)}) does not start, and leaves it as it is`, async () => {
			mkdirSync(daemons.directory);
			chmodSync(daemons.directory, mode);
			writeFileSync(join(daemons.directory, "daemon.log"), "planted");
			const { first } = await daemons.start();
			assert.equal(first.code, "data-unwritable");
			assert.match(first.detail ?? "", /Other users can write to .*chmod 700/);
			assert.equal(modeOf(daemons.directory), mode & 0o777);
			assert.deepEqual(readdirSync(daemons.directory), ["daemon.log"]);
			assert.equal(readFileSync(join(daemons.directory, "daemon.log"), "utf8"), "planted");
		});
	}

	itWhere(process.getuid?.() === 0, "only root can give a folder away")(
		"of another user is not started by the command line either, which writes through no link in it",
		async () => {
			mkdirSync(daemons.directory, { mode: 0o755 });
			const victim = join(daemons.folder, "victim");
			writeFileSync(victim, "x".repeat(1024 * 1024 + 1));
			symlinkSync(victim, join(daemons.directory, "daemon-errors.txt"));
			chownSync(daemons.directory, 65_534, 65_534);
			const { code, stderr } = await run(["daemon", "start", "--data-dir", daemons.directory]);
			assert.equal(code, 3);
			assert.match(stderr, /belongs to another user/);
			assert.equal(statSync(victim).size, 1024 * 1024 + 1);
		},
	);

	it("that is used for something else does not start, and leaves it as readable as it is", async () => {
		mkdirSync(daemons.directory);
		chmodSync(daemons.directory, 0o755);
		writeFileSync(join(daemons.directory, "index.html"), "");
		const { first } = await daemons.start();
		assert.match(first.detail ?? "", /holds other files, such as index\.html.*chmod 700/);
		assert.equal(modeOf(daemons.directory), 0o755);
		assert.deepEqual(readdirSync(daemons.directory), ["index.html"]);
		chmodSync(join(daemons.directory, "index.html"), 0o666);
		assert.match((await daemons.start()).first.detail ?? "", /index\.html belongs to another user, or/);
		assert.equal(modeOf(daemons.directory), 0o755);
		chmodSync(join(daemons.directory, "index.html"), 0o644);
		chmodSync(daemons.directory, 0o700);
		assert.equal((await daemons.start()).first.event, "ready");
	});

	for (const mode of [0o755, 0o777]) {
		it(`without files (${mode.toString(8)}) makes it private`, async () => {
			mkdirSync(daemons.directory);
			chmodSync(daemons.directory, mode);
			assert.equal((await daemons.start()).first.event, "ready");
			assert.equal(modeOf(daemons.directory), 0o700);
		});
	}

	it("that others could only read keeps its data, and becomes private", async () => {
		const first = await daemons.start();
		const { token } = await first.create("kept");
		await first.kill();
		chmodSync(daemons.directory, 0o755);
		const second = await daemons.start();
		assert.equal(await second.verify(token), 200);
		assert.equal(modeOf(daemons.directory), 0o700);
	});

	it("that is private by now, with a file that others can write to, does not start", async () => {
		await (await daemons.start()).kill();
		const file = join(daemons.directory, "daemon.log");
		chmodSync(file, 0o666);
		const { first } = await daemons.start();
		assert.equal(first.code, "data-unwritable");
		assert.match(first.detail ?? "", /daemon\.log belongs to another user, or other users can write to it/);
		chmodSync(file, 0o600);
		assert.equal((await daemons.start()).first.event, "ready");
	});

	it("runs no cached code that others could have written, and removes it", async () => {
		await (await daemons.start()).kill();
		const cache = join(daemons.directory, "compile-cache");
		mkdirSync(join(cache, "planted"), { recursive: true });
		chmodSync(join(cache, "planted"), 0o777);
		assert.equal((await daemons.start()).first.event, "ready");
		assert.ok(!existsSync(join(cache, "planted")));
	});

	it("runs no cached code from elsewhere", async () => {
		await (await daemons.start()).kill();
		const cache = join(daemons.directory, "compile-cache");
		const elsewhere = join(daemons.folder, "elsewhere");
		mkdirSync(elsewhere);
		symlinkSync(elsewhere, cache);
		assert.equal((await daemons.start()).first.event, "ready");
		assert.deepEqual(readdirSync(elsewhere), []);
	});

	it("keeps its own cached code, whatever the user's umask is", async () => {
		mkdirSync(daemons.directory, { mode: 0o700 });
		const first = await daemons.start(undefined, "umask 000;");
		await first.kill();
		const cache = join(daemons.directory, "compile-cache");
		assert.ok(readdirSync(cache, { recursive: true }).length > 1);
		assert.equal(foreignFileAt(daemons.directory), undefined);
	});
});

describe("a file of another user", () => {
	const daemons = daemonsOfEach();

	it("is a foreign one", () => {
		const path = foreignFile();
		assert.equal(foreignFileAt(path), path);
	});

	it("is found at any depth, as one that others can write to", () => {
		mkdirSync(join(daemons.folder, "a", "b"), { recursive: true });
		const open = join(daemons.folder, "a", "b", "c");
		writeFileSync(open, "");
		assert.equal(foreignFileAt(daemons.folder), undefined);
		chmodSync(open, 0o602);
		assert.equal(foreignFileAt(daemons.folder), open);
	});

	/** Only root can give a file away; for all others, root's are foreign. */
	function foreignFile(): string {
		if (process.getuid?.() !== 0) return "/etc/passwd";
		const path = join(daemons.folder, "given away");
		writeFileSync(path, "");
		chownSync(path, 65_534, 65_534);
		return path;
	}
});
