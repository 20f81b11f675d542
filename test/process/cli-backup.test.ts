/** `backup`, `restore` and `export`, as scripts call them, between two daemons. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
	lstatSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bundle, daemonWithCommandLine, ending, run } from "./command-line.ts";
import { DaemonChild } from "./daemon.ts";

describe("the command line", () => {
	const here = daemonWithCommandLine();
	const there = daemonWithCommandLine();
	const inFolder = (name: string) => join(here.folder, name);

	it("backs up here and restores there, where the secrets verify and the audit is sound", async () => {
		const { token } = await here.created("orders", ["--permission", "orders.read"]);
		const file = inFolder("one.backup");
		const backup = await here.owner(["backup", file]);
		assert.deepEqual([backup.code, backup.stdout], [0, `Backed up to ${file}.\n`], backup.stderr);
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.ok(!readFileSync(file, "utf8").includes(token));

		const empty = await DaemonChild.startEmpty(inFolder("empty"));
		try {
			const place = ["--data-dir", empty.directory];
			const preview = await run(["restore", file, "--preview", ...place]);
			assert.match(preview.stdout, /Would be restored: 1 token added, 6 permissions\./, preview.stderr);
			assert.notEqual(await empty.verify(token), 200);
			const restore = await run(["restore", file, ...place]);
			assert.match(
				restore.stdout,
				/^Backup of .*: 1 token, 7 audit events\.\nRestored: 1 token added/,
				restore.stderr,
			);
			assert.match(restore.stdout, /The audit goes on from the backup's\./);
			assert.equal(await empty.verify(token), 200);
			const audit = await run(["audit", "--verify", ...place]);
			assert.match(audit.stdout, /All 8 events are unchanged/);
		} finally {
			await empty.kill();
		}
	});

	it("works in a pipe, and says what is kept the second time", async () => {
		const { stdout } = await here.owner(["backup", "-"]);
		const { code, stdout: said, stderr } = await here.owner(["restore", "-"], { stdin: stdout });
		assert.equal(code, 0, stderr);
		assert.match(said, /Restored, beside what is here: 1 token kept as here\./);
		const json = await here.owner(["restore", "-", "--json"], { stdin: stdout });
		assert.equal(JSON.parse(json.stdout).tokens.kept, 1);
	});

	it("replaces no file without --force, and leaves no part of one", async () => {
		const file = inFolder("existing");
		writeFileSync(file, "mine");
		const refused = await here.owner(["backup", file]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /exists already; give --force/);
		assert.equal(readFileSync(file, "utf8"), "mine");
		assert.equal((await here.owner(["backup", file, "--force"])).code, 0);
		assert.match(readFileSync(file, "utf8"), /"kind":"end"/);
		assert.deepEqual(
			readdirSync(here.folder).filter((name) => name.endsWith(".part")),
			[],
		);
	});

	it("replaces the file that a link leads to, and nothing that is no file", async () => {
		const [link, target, pipe] = [inFolder("link"), inFolder("target"), inFolder("pipe")];
		writeFileSync(target, "earlier");
		symlinkSync(target, link);
		execFileSync("mkfifo", [pipe]);
		assert.equal((await here.owner(["backup", link, "--force"])).code, 0);
		assert.ok(lstatSync(link).isSymbolicLink());
		assert.match(readFileSync(target, "utf8"), /"kind":"end"/);
		for (const place of [pipe, here.folder]) {
			const { code, stderr } = await here.owner(["backup", place, "--force"]);
			assert.deepEqual([code, /is no file/.test(stderr)], [1, true], stderr);
		}
		assert.ok(lstatSync(pipe).isFIFO());
	});

	it("takes a name of any length that the disk takes, and says why it can't write", async () => {
		assert.equal((await here.owner(["backup", inFolder("x".repeat(250))])).code, 0);
		for (const [name, words] of [
			["missing/x", /can't be written: its folder does not exist/],
			["x".repeat(300), /can't be written: its name is too long/],
		] as const)
			assert.match((await here.owner(["backup", inFolder(name)])).stderr, words);
	});

	it("refuses what is no whole backup, and says why", async () => {
		const cut = inFolder("cut");
		await here.owner(["backup", cut]);
		truncateSync(cut, statSync(cut).size >> 1);
		writeFileSync(inFolder("foreign"), '{"tokens": []}');
		const cases: [file: string, words: RegExp][] = [
			[cut, /cut off/],
			[inFolder("foreign"), /no backup of Tokensmith/],
			[inFolder("missing"), /does not exist/],
			[here.folder, /is a directory/],
			["/dev/zero", /is a device/],
		];
		for (const [file, words] of cases) {
			const { code, stderr } = await there.owner(["restore", file]);
			assert.deepEqual([code, words.test(stderr)], [1, true], stderr);
			assert.match(stderr, /Nothing was changed/);
		}
	});

	it("exports CSV without formulas and hashes, and JSON", async () => {
		await here.created('=HYPERLINK("x"), "y"', ["--permission", "orders.read", "--description=-1+1"]);
		const { code, stdout } = await here.owner(["export"]);
		assert.equal(code, 0);
		const [header, ...rows] = stdout.trimEnd().split("\r\n");
		assert.match(header ?? "", /^"name","status"/);
		assert.ok(
			rows.some((row) => row.startsWith(`"'=HYPERLINK(""x""), ""y""","active"`)),
			stdout,
		);
		assert.match(stdout, /"'-1\+1"/);
		assert.doesNotMatch(stdout, /sha256/);
		assert.doesNotMatch(stdout, /(^|,)"?[=+\-@]/m);
		const json = JSON.parse((await here.owner(["export", "--format", "json"])).stdout);
		assert.equal(json.tokens.length, 2);
		assert.equal((await here.owner(["export", "--format", "xml"])).code, 2);
	});

	it("names what was not restored, and why", async () => {
		const args = ["--profile", "mindbridge", "--permission", "api.tasks.read", "--expires-in", "30d"];
		const { id } = await here.created("erp", args);
		await there.created("erp", args);
		const file = inFolder("conflict.backup");
		await here.owner(["backup", file]);
		const { code, stdout, stderr } = await there.owner(["restore", file, "--preview"]);
		assert.equal(code, 0, stderr);
		assert.match(
			stdout,
			new RegExp(`\\nNot restored:\\ntoken  erp  ${id}  another one here has its name\\n$`),
		);
	});

	it("waits for standard input as long as it takes, and asks the daemon only then", async () => {
		const { stdout: text } = await here.owner(["backup", "-"]);
		const directory = inFolder("later");
		const child = spawn(process.execPath, [bundle, "restore", "-", "--data-dir", directory]);
		const restore = ending(child, []);
		child.stdin.write(text.slice(0, text.length / 2));
		const later = await DaemonChild.startEmpty(directory);
		try {
			child.stdin.end(text.slice(text.length / 2));
			const { code, stdout, stderr } = await restore;
			assert.equal(code, 0, stderr);
			assert.match(stdout, /^Backup of /);
		} finally {
			await later.kill();
		}
	});
});
