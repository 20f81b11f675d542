/** `tokensmith setup` in a folder that a stranger prepared: it neither hangs nor writes elsewhere, and says what is wrong. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonWithCommandLine } from "./command-line.ts";

describe("tokensmith setup in a hostile folder", () => {
	const cli = daemonWithCommandLine();
	let folder: string;
	let outside: string;

	beforeEach(() => {
		folder = mkdtempSync(join(cli.folder, "hostile-"));
		outside = mkdtempSync(join(cli.folder, "outside-"));
	});

	const at = (name: string) => join(folder, name);
	const setup = () => cli.owner(["setup", "--folder", folder, "--yes"]);
	const declare = (more: object = {}) => {
		const token = { key: "A", name: `A ${folder}`, permissions: ["orders.read"], ...more };
		writeFileSync(at("tokensmith.json"), JSON.stringify({ tokens: [token] }));
	};
	const created = async () => {
		const { tokens } = JSON.parse((await cli.owner(["list", "--json"])).stdout);
		return tokens.filter(({ name }: { name: string }) => name === `A ${folder}`);
	};

	describe("refuses a manifest that is", () => {
		const prepared: [what: string, prepare: () => void, words: RegExp][] = [
			["a pipe", () => execFileSync("mkfifo", [at("tokensmith.json")]), /is a named pipe, not a file/],
			["a folder", () => mkdirSync(at("tokensmith.json")), /is a folder, not a file/],
			["a device", () => symlinkSync("/dev/zero", at("tokensmith.json")), /leads out of its folder/],
			[
				"a link out of the folder",
				() => {
					writeFileSync(join(outside, "private.json"), '{"private": 1}');
					symlinkSync(join(outside, "private.json"), at("tokensmith.json"));
				},
				/leads out of its folder/,
			],
			[
				"a link to itself",
				() => symlinkSync("tokensmith.json", at("tokensmith.json")),
				/is a link that leads to itself/,
			],
			["too deep", () => writeFileSync(at("tokensmith.json"), `["\n${"[".repeat(60_000)}"`), /24 levels/],
			["binary", () => writeFileSync(at("tokensmith.json"), Buffer.from([0, 0xff, 0xfe])), /not UTF-8/],
		];
		for (const [what, prepare, words] of prepared) {
			it(what, async () => {
				prepare();
				const { code, stdout, stderr } = await setup();
				assert.equal(code, 1);
				assert.match(stderr, words);
				assert.doesNotMatch(stdout + stderr, /private"|RangeError| at /);
			});
		}

		for (const [what, sign] of [
			["an override of direction", "\u202E"],
			["an Arabic letter mark", "\u061C"],
			["an isolate", "\u2066"],
			["an escape sequence", "\u001b[2J"],
			["a line break", "\n"],
		]) {
			it(`named with ${what}`, async () => {
				declare({ name: `billing${sign}gnillib` });
				const { code, stderr } = await setup();
				assert.equal(code, 1);
				assert.match(stderr, /\/tokens\/0\/name must not contain control characters/);
				assert.ok(!stderr.includes(sign === "\n" ? "gnillib" : (sign ?? "")));
			});
		}
	});

	it("writes no .gitignore through a link out of the folder, and creates no token", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		writeFileSync(join(outside, "profile"), "export PATH\n");
		declare();
		for (const target of ["profile", "new-file"]) {
			execFileSync("ln", ["-sfn", join(outside, target), at(".gitignore")]);
			const { code, stdout } = await setup();
			assert.equal(code, 1);
			assert.match(stdout, /A was not set up: \.gitignore (leads out of its folder|is a link)/);
		}
		assert.equal(readFileSync(join(outside, "profile"), "utf8"), "export PATH\n");
		assert.ok(!existsSync(join(outside, "new-file")));
		assert.ok(!existsSync(at(".env")));
		assert.deepEqual(await created(), []);
	});

	it("does not let Git wait at a .gitignore that is a pipe", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		execFileSync("mkfifo", [at(".gitignore")]);
		declare();
		const real = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
		const script = `#!/bin/sh\necho "$*" >> "${outside}/calls"\nexec "${real}" "$@"\n`;
		writeFileSync(join(outside, "git"), script, { mode: 0o755 });
		const environment = { PATH: `${outside}:${process.env.PATH}` };
		const { code, stdout } = await cli.owner(["setup", "--folder", folder, "--yes"], { environment });
		assert.equal(code, 1);
		assert.match(stdout, /A was not set up: \.gitignore is a named pipe, not a file/);
		assert.deepEqual(await created(), []);
		const calls = readFileSync(join(outside, "calls"), "utf8");
		assert.match(calls, /ls-files/);
		assert.doesNotMatch(calls, /check-ignore/);
	});

	it("does not wait at an env file or an example that is a pipe", async () => {
		execFileSync("mkfifo", [at(".env"), at(".env.example")]);
		declare();
		const { stdout } = await setup();
		assert.match(stdout, /A in \.env: left as it is: \.env is a named pipe, not a file/);
		assert.deepEqual(await created(), []);
	});

	it("runs no program that the folder's own Git configuration names", async () => {
		execFileSync("git", ["init", "--quiet"], { cwd: folder });
		const program = at("program");
		writeFileSync(program, `#!/bin/sh\ntouch "${outside}/ran"\n`, { mode: 0o755 });
		for (const name of ["core.fsmonitor", "core.sshCommand", "core.editor", "core.pager"])
			execFileSync("git", ["config", name, program], { cwd: folder });
		declare();
		assert.equal((await setup()).code, 0);
		assert.ok(!existsSync(join(outside, "ran")));
	});
});
