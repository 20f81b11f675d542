/** The command `tokensmith` outside of VS Code: the file that is written, and what is never overwritten. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import {
	installCommand,
	isInPath,
	pathLine,
	renewCommand,
} from "../../extension/command-line/install-action.ts";
import { temporaryFolder } from "../daemon/harness.ts";

const run = promisify(execFile);
const dist = resolve(import.meta.dirname, "..", "..", "dist", "daemon.js");

describe("the installed command", () => {
	let folder: string;
	let bin: string;
	let program: { node: string; script: string };
	beforeEach(() => {
		folder = temporaryFolder();
		bin = join(folder, "it's a $HOME", "bin");
		const script = join(folder, "an extension's `path`", "daemon.js");
		mkdirSync(dirname(script));
		// What the bundle loads is beside it.
		for (const name of readdirSync(dirname(dist)).filter((one) => /\.(js|json|wasm)$/.test(one)))
			symlinkSync(join(dirname(dist), name), join(dirname(script), name));
		program = { node: process.execPath, script };
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it("runs the command line, whatever is in the paths and the arguments", async () => {
		const file = await installCommand(bin, program);
		assert.equal(statSync(file).mode & 0o777, 0o755);
		assert.match((await run(file, ["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
		const wrong = spawnSync(file, ["list", "a b", "$HOME"], { encoding: "utf8" });
		assert.deepEqual([wrong.status, /takes no argument/.test(wrong.stderr)], [2, true]);
		assert.deepEqual(readdirSync(bin), ["tokensmith"]);
	});

	it("is renewed after an update, and not if it is another file by then", async () => {
		const file = await installCommand(bin, { ...program, script: join(folder, "old.js") });
		assert.equal(await renewCommand(file, program), true);
		assert.ok(readFileSync(file, "utf8").includes("an extension"));
		assert.equal(await renewCommand(file, program), false);
		writeFileSync(file, "#!/bin/sh\n");
		assert.equal(await renewCommand(file, { ...program, script: "/new.js" }), false);
		assert.equal(readFileSync(file, "utf8"), "#!/bin/sh\n");
		rmSync(file);
		assert.equal(await renewCommand(file, program), false);
		assert.ok(!existsSync(file));
	});

	it("says what to do once the extension is gone", async () => {
		const file = await installCommand(bin, { ...program, script: join(folder, "gone.js") });
		const { status, stdout, stderr } = spawnSync(file, ["list"], { encoding: "utf8" });
		assert.deepEqual([status, stdout], [1, ""]);
		assert.match(stderr, /^The Tokensmith extension was moved or removed\. Start VS Code once/);
	});

	const foreign: [what: string, make: (file: string) => void][] = [
		["a program of another name's owner", (file) => writeFileSync(file, "#!/bin/sh\necho mine\n")],
		["a link, also to nothing", (file) => symlinkSync("/nowhere/tokensmith", file)],
		["a folder", (file) => mkdirSync(file)],
	];
	for (const [what, make] of foreign) {
		it(`never overwrites ${what}`, async () => {
			mkdirSync(bin, { recursive: true });
			const file = join(bin, "tokensmith");
			make(file);
			await assert.rejects(installCommand(bin, program), {
				name: "FileError",
				message: /another program's file/,
			});
			assert.deepEqual(readdirSync(bin), ["tokensmith"]);
		});
	}

	it("says where it can't be written, and leaves nothing behind", async () => {
		writeFileSync(join(folder, "file"), "");
		const inFile = join(folder, "file", "bin");
		await assert.rejects(installCommand(inFile, program), {
			name: "FileError",
			message: /file\/bin\/tokensmith cannot be written \(ENOTDIR\)\. Choose another folder\./,
		});
	});

	it("is known to be in the PATH, and how it gets there", () => {
		assert.ok(isInPath("/a/bin", "/x:/a/bin/:/y"));
		assert.ok(!isInPath("/a/bin", "/a/bin2::"));
		const line = `${pathLine(bin)}; printf %s "$PATH"`;
		const { stdout } = spawnSync("sh", ["-c", line], { encoding: "utf8", env: { PATH: "/usr/bin" } });
		assert.equal(stdout, `/usr/bin:${bin}`);
	});
});
