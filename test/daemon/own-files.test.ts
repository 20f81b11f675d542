/** Which files of a directory others could have written, and folders that are made for their user alone. */
import assert from "node:assert/strict";
import {
	chmodSync,
	existsSync,
	lchownSync,
	mkdirSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import {
	foreignFileAt,
	foreignFileIn,
	isPrivate,
	makePrivateFolder,
	mayBeChanged,
} from "../../daemon/client/own-files.ts";
import { describeWhere, itWhere } from "../where.ts";
import { temporaryFolder } from "./harness.ts";

describeWhere(process.platform !== "win32", "Windows has no modes")("a directory's files", () => {
	let folder = "";
	beforeEach(() => {
		folder = temporaryFolder();
		mkdirSync(join(folder, "inner"), { mode: 0o700 });
		for (const name of ["one", "inner/two"]) writeFileSync(join(folder, name), "", { mode: 0o600 });
	});
	afterEach(() => rmSync(folder, { recursive: true }));
	const at = (name: string) => join(folder, name);

	it("are the user's own where no other can write to them, though others may read", () => {
		chmodSync(at("one"), 0o644);
		chmodSync(at("inner"), 0o755);
		assert.equal(foreignFileIn(folder), undefined);
		assert.equal(foreignFileAt(folder), undefined);
	});

	for (const mode of [0o620, 0o602, 0o666]) {
		it(`are found where others can write to one (${mode.toString(8)}), at any depth`, () => {
			chmodSync(at("inner/two"), mode);
			assert.equal(foreignFileIn(folder), at("inner/two"));
			assert.equal(foreignFileAt(folder), at("inner/two"));
			assert.equal(foreignFileAt(at("inner/two")), at("inner/two"));
			assert.equal(foreignFileAt(at("one")), undefined);
		});
	}

	for (const mode of [0o720, 0o702]) {
		it(`are found where others can add to their folder (${mode.toString(8)})`, () => {
			chmodSync(at("inner"), mode);
			assert.equal(foreignFileIn(folder), at("inner"));
		});
	}

	itWhere(process.getuid?.() === 0, "only root can give a file away")(
		"are found where one belongs to another user, a link too",
		() => {
			symlinkSync("one", at("inner/link"));
			assert.equal(foreignFileIn(folder), undefined);
			lchownSync(at("inner/link"), 65_534, 65_534);
			assert.equal(foreignFileIn(folder), at("inner/link"));
		},
	);

	it("leave out what is named, in the folder itself only", () => {
		chmodSync(at("inner/two"), 0o666);
		for (const look of [foreignFileIn, foreignFileAt]) {
			assert.equal(look(folder, "inner"), undefined);
			assert.equal(look(folder, "two"), at("inner/two"));
		}
	});

	it("are none where nothing is", () => {
		assert.equal(foreignFileAt(at("none")), undefined);
		assert.equal(foreignFileIn(at("none")), undefined);
		assert.throws(() => foreignFileIn(at("one")), { code: "ENOTDIR" });
	});

	it("are no links and no sockets, whose mode means nothing", async () => {
		symlinkSync("one", at("link"));
		const server = createServer();
		await new Promise<void>((listening) => server.listen(at("socket"), listening));
		chmodSync(at("socket"), 0o777);
		try {
			assert.equal(mayBeChanged(statSync(at("socket"))), false);
			assert.equal(foreignFileIn(folder), undefined);
		} finally {
			server.close();
		}
	});

	const modes: [mode: number, isPrivate: boolean, mayBeChanged: boolean][] = [
		[0o700, true, false],
		[0o740, false, false],
		[0o710, false, false],
		[0o704, false, false],
		[0o701, false, false],
		[0o720, false, true],
		[0o702, false, true],
	];
	for (const [mode, aPrivate, changeable] of modes) {
		it(`of the mode ${mode.toString(8)} are ${aPrivate ? "private" : "not private"}, and ${changeable ? "can" : "can't"} be changed`, () => {
			chmodSync(folder, mode);
			assert.deepEqual([isPrivate(statSync(folder)), mayBeChanged(statSync(folder))], [aPrivate, changeable]);
		});
	}

	describe("a private folder", () => {
		it("is made with those above it, for the user alone", () => {
			makePrivateFolder(at("a/b/c"));
			for (const name of ["a", "a/b", "a/b/c"]) assert.equal(statSync(at(name)).mode & 0o777, 0o700);
		});

		it("is left as it is where it is there, also behind a link", () => {
			chmodSync(at("inner"), 0o755);
			symlinkSync("inner", at("link"));
			for (const name of ["inner", "link"]) makePrivateFolder(at(name));
			makePrivateFolder(at("link/new"));
			assert.equal(statSync(at("inner")).mode & 0o777, 0o755);
			assert.ok(existsSync(at("inner/new")));
		});

		it("is not made in a file's place or below one", () => {
			assert.throws(() => makePrivateFolder(at("one")), { code: "EEXIST" });
			assert.throws(() => makePrivateFolder(at("one/below")), { code: "ENOTDIR" });
			assert.ok(statSync(at("one")).isFile());
		});

		itWhere(process.platform === "linux", "only Linux has /proc")("is refused where none can be", () => {
			assert.throws(() => makePrivateFolder("/proc/tokensmith/data"), { code: "ENOENT" });
		});
	});
});
