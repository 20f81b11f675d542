/** Where the data directory of a user is, on each platform and with each environment. */
import assert from "node:assert/strict";
import { chownSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { createTokensmithClient } from "../../daemon/client/client.ts";
import { ownConfigDirectory, ownDataDirectory, ownPlace } from "../../daemon/client/own-directory.ts";
import { itWhere } from "../where.ts";
import { temporaryFolder } from "./harness.ts";

type Environment = Record<string, string | undefined>;

const homes: Partial<Record<NodeJS.Platform, string>> = { win32: "C:\\Users\\ana", darwin: "/Users/ana" };

function directory(platform: NodeJS.Platform, env: Environment, home?: () => string): string {
	return ownDataDirectory({ platform, env, home: home ?? (() => homes[platform] ?? "/home/ana") });
}

describe("the data directory of a user", () => {
	const places: [platform: NodeJS.Platform, env: Environment, expected: string][] = [
		["linux", {}, "/home/ana/.local/share/tokensmith"],
		["linux", { XDG_DATA_HOME: "/data/ana" }, "/data/ana/tokensmith"],
		["linux", { XDG_DATA_HOME: "" }, "/home/ana/.local/share/tokensmith"],
		["linux", { XDG_DATA_HOME: "share" }, "/home/ana/.local/share/tokensmith"],
		["linux", { XDG_DATA_HOME: "~/share" }, "/home/ana/.local/share/tokensmith"],
		[
			"linux",
			{
				XDG_DATA_HOME: "/home/ana/snap/code/190/.local/share",
				XDG_DATA_HOME_VSCODE_SNAP_ORIG: "",
			},
			"/home/ana/.local/share/tokensmith",
		],
		[
			"linux",
			{
				XDG_DATA_HOME: "/home/ana/snap/code/190/.local/share",
				XDG_DATA_HOME_VSCODE_SNAP_ORIG: "/data/ana",
			},
			"/data/ana/tokensmith",
		],
		["freebsd", {}, "/home/ana/.local/share/tokensmith"],
		["darwin", {}, "/Users/ana/Library/Application Support/Tokensmith"],
		["win32", {}, "C:\\Users\\ana\\AppData\\Local\\Tokensmith"],
		["win32", { LOCALAPPDATA: "D:\\Local" }, "D:\\Local\\Tokensmith"],
		["win32", { LOCALAPPDATA: "Local" }, "C:\\Users\\ana\\AppData\\Local\\Tokensmith"],
		["linux", { TOKENSMITH_DATA_DIR: "/srv/tokens/", XDG_DATA_HOME: "/data/ana" }, "/srv/tokens"],
		["linux", { TOKENSMITH_DATA_DIR: "" }, "/home/ana/.local/share/tokensmith"],
		["win32", { TOKENSMITH_DATA_DIR: "D:\\tokens" }, "D:\\tokens"],
	];
	for (const [platform, env, expected] of places)
		it(`is ${expected} on ${platform} with ${JSON.stringify(env)}`, () => {
			assert.equal(directory(platform, env), expected);
		});

	const configPlaces: [platform: NodeJS.Platform, env: Environment, expected: string][] = [
		["linux", {}, "/home/ana/.config/tokensmith"],
		["linux", { XDG_CONFIG_HOME: "/etc/ana" }, "/etc/ana/tokensmith"],
		["linux", { XDG_CONFIG_HOME: "etc" }, "/home/ana/.config/tokensmith"],
		[
			"linux",
			{ XDG_CONFIG_HOME: "/snap", XDG_CONFIG_HOME_VSCODE_SNAP_ORIG: "" },
			"/home/ana/.config/tokensmith",
		],
		["darwin", {}, "/Users/ana/Library/Preferences/Tokensmith"],
		["win32", {}, "C:\\Users\\ana\\AppData\\Roaming\\Tokensmith"],
		["win32", { APPDATA: "D:\\Roaming" }, "D:\\Roaming\\Tokensmith"],
		["linux", { TOKENSMITH_CONFIG_DIR: "/srv/config/", TOKENSMITH_DATA_DIR: "/srv/tokens" }, "/srv/config"],
	];
	for (const [platform, env, expected] of configPlaces)
		it(`is apart from ${expected}, where servers are kept on ${platform} with ${JSON.stringify(env)}`, () => {
			const machine = { platform, env, home: () => homes[platform] ?? "/home/ana" };
			assert.equal(ownConfigDirectory(machine), expected);
			assert.notEqual(ownDataDirectory(machine), expected);
		});

	it("is never taken from a relative TOKENSMITH_DATA_DIR, which each program would resolve differently", () => {
		for (const given of ["data", "./data", "~/data"])
			assert.throws(() => directory("linux", { TOKENSMITH_DATA_DIR: given }), {
				message: `TOKENSMITH_DATA_DIR must be an absolute path, not ${given}.`,
			});
	});

	const homeless: [what: string, home: () => string][] = [
		["without an entry in the list of users", () => homedirOfUnknownUser()],
		["with an empty HOME", () => ""],
		["with a relative HOME", () => "home"],
	];
	for (const [what, home] of homeless)
		it(`is unknown for a user ${what}, unless a variable names it`, () => {
			assert.throws(() => directory("linux", {}, home), /no home folder.*Set TOKENSMITH_DATA_DIR/);
			assert.equal(directory("linux", { XDG_DATA_HOME: "/data" }, home), "/data/tokensmith");
			assert.equal(directory("linux", { TOKENSMITH_DATA_DIR: "/data" }, home), "/data");
		});

	itWhere(process.getuid?.() === 0, "only root can give a folder to another user")(
		"is not another user's, as with sudo, unless a variable names it",
		() => {
			const theirs = temporaryFolder();
			try {
				chownSync(theirs, 65_534, 65_534);
				assert.throws(() => directory("linux", {}, () => theirs), /belongs to another user.*without sudo/);
				assert.equal(
					directory("linux", { TOKENSMITH_DATA_DIR: "/data" }, () => theirs),
					"/data",
				);
			} finally {
				rmSync(theirs, { recursive: true });
			}
		},
	);

	it("is this process's own by default", () => {
		assert.ok(homedir() !== "" && ownDataDirectory().length > 1);
	});
});

describe("the daemon of an environment", () => {
	const home = () => "/home/ana";
	const own = { dataDir: "/home/ana/.local/share/tokensmith" };
	const [url, dataDir] = ["http://tki-x@127.0.0.1:47600", "/srv/tokens"];
	const places: [env: Environment, expected: object][] = [
		[{}, own],
		[{ TOKENSMITH_URL: "" }, own],
		[{ TOKENSMITH_URL: url }, { url }],
		[{ TOKENSMITH_DATA_DIR: dataDir }, { dataDir }],
		[{ TOKENSMITH_DATA_DIR: dataDir, TOKENSMITH_URL: url }, { dataDir }],
	];
	for (const [env, expected] of places)
		it(`is ${JSON.stringify(expected)} with ${JSON.stringify(env)}`, () => {
			assert.deepEqual(ownPlace({ env, home, platform: "linux" }), expected);
		});

	it("is the one that a client without options asks", async () => {
		process.env.TOKENSMITH_DATA_DIR = "/nonexistent/tokens";
		try {
			const client = createTokensmithClient();
			await assert.rejects(client.list(), /\/nonexistent\/tokens\/daemon\.json does not exist/);
		} finally {
			delete process.env.TOKENSMITH_DATA_DIR;
		}
	});
});

/** What `homedir()` throws in a container whose user id has no entry. */
function homedirOfUnknownUser(): never {
	throw Object.assign(new Error("A system error occurred: uv_os_homedir returned ENOENT"), {
		code: "ERR_SYSTEM_ERROR",
	});
}
