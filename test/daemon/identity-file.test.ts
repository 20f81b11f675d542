/** The file that keeps the daemon's identity. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeDaemonFile } from "../../daemon/data-directory.ts";
import { openIdentity } from "../../daemon/identity-file.ts";
import { temporaryFolder } from "./harness.ts";

describe("the daemon's identity", () => {
	let folder: string;
	beforeEach(() => {
		folder = temporaryFolder();
	});
	afterEach(() => rmSync(folder, { recursive: true }));
	const path = () => join(folder, "identity.pem");

	it("stays the same from start to start, in a file that only its owner can read", () => {
		const first = openIdentity(folder);
		const second = openIdentity(folder);
		assert.equal(second.identity.name, first.identity.name);
		assert.deepEqual([...first.notices, ...second.notices], []);
		assert.equal(statSync(path()).mode & 0o777, 0o600);
		assert.deepEqual(readdirSync(folder), ["identity.pem"], "no temporary file is left");
	});

	it("differs between two data directories", () => {
		const other = join(folder, "other");
		mkdirSync(other);
		assert.notEqual(openIdentity(folder).identity.name, openIdentity(other).identity.name);
	});

	for (const [what, content] of [
		["an empty file", ""],
		["a cut file", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"],
	] as const) {
		it(`is a new one after ${what}, which is kept and reported`, () => {
			const { name } = openIdentity(folder).identity;
			writeFileSync(path(), content);
			const { identity, notices } = openIdentity(folder);
			assert.notEqual(identity.name, name);
			assert.equal(readFileSync(`${path()}.damaged`, "utf8"), content);
			assert.deepEqual(
				notices.map(({ code }) => code),
				["data-lost"],
			);
			assert.match(notices[0]?.detail ?? "", /identity\.pem\.damaged.*need the new one/);
			writeFileSync(path(), "damaged again");
			openIdentity(folder);
			assert.equal(readFileSync(`${path()}.damaged`, "utf8"), content, "what was set aside stays");
			assert.equal(openIdentity(folder).notices.length, 0);
		});
	}

	it("is a new one after a file that is longer than any text", () => {
		const { name } = openIdentity(folder).identity;
		truncateSync(path(), 3 * 2 ** 30);
		const { identity, notices } = openIdentity(folder);
		assert.notEqual(identity.name, name);
		assert.match(notices[0]?.detail ?? "", /identity\.pem\.damaged.*need the new one/);
	});

	it("is a new one where the file is missing, which is reported after the first start", () => {
		const { name } = openIdentity(folder).identity;
		writeFileSync(join(folder, "daemon.json"), "{}");
		rmSync(path());
		const { identity, notices } = openIdentity(folder);
		assert.notEqual(identity.name, name);
		assert.match(notices[0]?.detail ?? "", /was missing.*need the new one/);
		removeDaemonFile(folder);
		rmSync(path());
		assert.equal(openIdentity(folder).notices.length, 1, "also after an orderly stop");
	});

	it("lasts for the run where it can't be written, which is reported", () => {
		const { identity, notices } = openIdentity(join(folder, "missing"));
		assert.match(identity.name, /^tki-/);
		assert.match(notices[0]?.detail ?? "", /could not be written \(ENOENT\)/);
	});
});
