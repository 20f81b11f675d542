/** Files with a secret: whole, for their user alone, and read only where no other could have touched them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	chownSync,
	existsSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
	addPrivateFile,
	readPrivateFile,
	removePrivateFile,
	writePrivateFile,
} from "../../daemon/cli/private-file.ts";
import { describeWhere, itWhere } from "../where.ts";
import { temporaryFolder } from "./harness.ts";

describeWhere(process.platform !== "win32", "Windows has no modes")("a private file", () => {
	let folder = "";
	let path = "";
	beforeEach(() => {
		folder = temporaryFolder();
		path = join(folder, "file");
	});
	afterEach(() => rmSync(folder, { recursive: true }));
	const isRoot = process.getuid?.() === 0;
	const modeOf = (one: string) => statSync(one).mode & 0o777;

	const secret = "tks_secret";
	const write = (mode = 0o600) => {
		writeFileSync(path, secret);
		chmodSync(path, mode);
	};

	it("is written whole and for its user alone, with the folders above it", () => {
		const deep = join(folder, "a/b/file");
		writePrivateFile(deep, secret);
		assert.equal(readPrivateFile(deep), secret);
		assert.deepEqual(
			[modeOf(deep), modeOf(join(folder, "a")), modeOf(join(folder, "a/b"))],
			[0o600, 0o700, 0o700],
		);
		assert.deepEqual(readdirSync(join(folder, "a/b")), ["file"]);
	});

	it("is read where the process that added it died before its first name was gone", () => {
		write();
		linkSync(path, join(folder, ".part-of-it.part"));
		assert.equal(readPrivateFile(path), secret);
		assert.deepEqual(readdirSync(folder), ["file"]);
	});

	it("takes the place of one that is there, or leaves that, as is asked for", () => {
		write(0o644);
		assert.equal(addPrivateFile(path, "other"), false);
		assert.deepEqual([readFileSync(path, "utf8"), readdirSync(folder)], [secret, ["file"]]);
		writePrivateFile(path, "other");
		assert.deepEqual([readPrivateFile(path), modeOf(path), readdirSync(folder)], ["other", 0o600, ["file"]]);
		removePrivateFile(path);
		removePrivateFile(path);
		assert.equal(addPrivateFile(path, secret), true);
		assert.deepEqual([readPrivateFile(path), modeOf(path), readdirSync(folder)], [secret, 0o600, ["file"]]);
	});

	it("is none where there is none", () => {
		assert.equal(readPrivateFile(path), undefined);
		write();
		assert.equal(readPrivateFile(join(path, "below")), undefined);
	});

	const refused: [what: string, make: () => void, says: RegExp][] = [
		["can be read by others", () => write(0o640), /Other users can read or change .*, so it is not read/],
		["can be written by others", () => write(0o602), /Other users can read or change/],
		[
			"is a link",
			() => {
				writeFileSync(join(folder, "other"), secret, { mode: 0o600 });
				symlinkSync("other", path);
			},
			/is a link, so it is not read\. Remove it/,
		],
		[
			"has a second name",
			() => {
				write();
				linkSync(path, join(folder, "other"));
			},
			/is not a file with one name/,
		],
		["is a folder", () => mkdirSync(path, { mode: 0o700 }), /is not a file with one name/],
		["is a named pipe", () => execFileSync("mkfifo", ["-m", "600", path]), /is not a file with one name/],
	];
	for (const [what, make, says] of refused) {
		it(`is not read when it ${what}, and the error repeats nothing of it`, () => {
			make();
			assert.throws(
				() => readPrivateFile(path),
				(error: Error) => says.test(error.message) && !error.message.includes(secret),
			);
		});
	}

	itWhere(isRoot, "only root can give a file away")("is not read when it belongs to another user", () => {
		write();
		chownSync(path, 65_534, 65_534);
		assert.throws(() => readPrivateFile(path), /belongs to another user, so it is not read/);
	});

	it("is neither read nor written in a folder to which others can write", () => {
		write();
		chmodSync(folder, 0o770);
		for (const work of [
			() => readPrivateFile(path),
			() => writePrivateFile(path, "other"),
			() => addPrivateFile(path, "other"),
		])
			assert.throws(work, /or other users can write to it, so nothing in it is read or written/);
		chmodSync(folder, 0o755);
		assert.equal(readPrivateFile(path), secret);
		assert.deepEqual(readdirSync(folder), ["file"]);
	});

	it("says why it can't be written or removed, and leaves nothing behind", () => {
		mkdirSync(path);
		writeFileSync(join(path, "x"), "");
		assert.throws(
			() => writePrivateFile(path, secret),
			/can't be written \(EISDIR\)\. A folder is there: remove it/,
		);
		assert.throws(() => removePrivateFile(path), /can't be removed \(ERR_FS_EISDIR\)\. A folder is there/);
		assert.deepEqual(readdirSync(folder), ["file"]);
		const below = join(path, "x", "below", "file");
		assert.throws(
			() => writePrivateFile(below, secret),
			/below can't be made \(ENOTDIR\)\. Something in its path is not a folder/,
		);
	});

	itWhere(process.platform === "linux", "only Linux has /proc")("says where else it could be", () => {
		assert.throws(
			() => writePrivateFile("/proc/tokensmith/file", secret),
			/^Error: \/proc\/tokensmith can't be made \(ENOENT\)\. Set TOKENSMITH_CONFIG_DIR to a folder of your own/,
		);
		assert.ok(!existsSync("/proc/tokensmith"));
	});
});
