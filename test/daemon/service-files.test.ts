/** The daemon's own copy for a service manager. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	hasService,
	removeServiceFiles,
	serviceProgram,
	updateServiceFiles,
	writeServiceFiles,
} from "../../daemon/client/service-files.ts";
import { temporaryFolder } from "./harness.ts";

describe("the daemon's copy for a service", () => {
	let folder = "";
	let dataDir = "";
	let bundle = "";
	beforeEach(() => {
		folder = temporaryFolder();
		dataDir = join(folder, "data");
		bundle = join(folder, "bundle");
		for (const path of [dataDir, bundle]) mkdirSync(path);
		const programs = ["daemon-main.js", "daemon-main-later.js", "compaction-process.js"];
		const others = [...programs, "sql-wasm.wasm", "package.json", "other.js"];
		for (const name of others) writeFileSync(join(bundle, name), name);
		writeFileSync(join(bundle, "daemon.js"), "process.exitCode = 7;");
	});
	afterEach(() => rmSync(folder, { recursive: true }));
	const service = () => join(dataDir, "service");
	const copies = () => readdirSync(service()).filter((name) => name !== "daemon.cjs");
	/** The version before a hyphen and 8 random characters. */
	const versionOfOnly = () => {
		assert.equal(copies().length, 1);
		const [, version] = /^(.*)-[0-9a-f]{8}$/.exec(copies()[0] ?? "") ?? [];
		return version;
	};

	it("is there once it is written, and is all that a daemon needs", () => {
		assert.equal(hasService(dataDir), false);
		writeServiceFiles(dataDir, bundle, "1.2.3");
		assert.equal(hasService(dataDir), true);
		assert.equal(versionOfOnly(), "1.2.3");
		const [copy = ""] = copies();
		assert.equal(readFileSync(serviceProgram(dataDir), "utf8"), `require("./${copy}/daemon.js");\n`);
		assert.deepEqual(readdirSync(join(service(), copy)).sort(), [
			"compaction-process.js",
			"daemon-main-later.js",
			"daemon-main.js",
			"daemon.js",
			"package.json",
			"sql-wasm.wasm",
		]);
		for (const name of readdirSync(join(service(), copy)))
			assert.deepEqual(readFileSync(join(service(), copy, name)), readFileSync(join(bundle, name)));
		if (process.platform === "win32") return;
		for (const path of [service(), join(service(), copy)]) assert.equal(statSync(path).mode & 0o777, 0o700);
		assert.equal(statSync(serviceProgram(dataDir)).mode & 0o777, 0o600);
	});

	it("replaces older copies, and nothing else in its folder", () => {
		for (const version of ["1.2.3", "1.2.4"]) writeServiceFiles(dataDir, bundle, version);
		assert.equal(versionOfOnly(), "1.2.4");
		mkdirSync(join(service(), "notes"));
		writeServiceFiles(dataDir, bundle, "1.2.4");
		assert.deepEqual(
			copies().filter((name) => !name.startsWith("1.2.4-")),
			["notes"],
		);
	});

	for (const [installed, running, updates] of [
		["1.2.3", "1.2.4", true],
		["1.9.0", "1.10.0", true],
		["1.2.3", "1.2.3", false],
		["1.10.0", "1.9.0", false],
	] as const) {
		it(`of ${installed} ${updates ? "becomes" : "does not become"} that of a daemon ${running}`, () => {
			writeServiceFiles(dataDir, bundle, installed);
			const before = copies();
			assert.equal(updateServiceFiles(dataDir, bundle, running), updates);
			assert.equal(versionOfOnly(), updates ? running : installed);
			assert.equal(copies()[0] === before[0], !updates);
		});
	}

	it("is replaced where its file says no version", () => {
		writeServiceFiles(dataDir, bundle, "1.2.3");
		writeFileSync(serviceProgram(dataDir), "");
		assert.equal(updateServiceFiles(dataDir, bundle, "0.0.1"), true);
		assert.equal(versionOfOnly(), "0.0.1");
	});

	it("is not made by an update where no service is installed", () => {
		assert.equal(updateServiceFiles(dataDir, bundle, "1.2.3"), false);
		assert.deepEqual(readdirSync(dataDir), []);
	});

	it("is gone once it is removed, also if it was not there", () => {
		removeServiceFiles(dataDir);
		writeServiceFiles(dataDir, bundle, "1.2.3");
		removeServiceFiles(dataDir);
		assert.equal(hasService(dataDir), false);
		assert.ok(!existsSync(service()));
	});
});
